// SPDX-License-Identifier: Apache-2.0

extension ExactIndex {
    /// The keys of all vectors that the index holds at one time, in the order of insertion.
    public var keys: [UInt64] { rows.read { $0.keys } }

    /// Returns copies of the vectors under some keys as the index holds them at one time; nil for each key that is not there.
    public func vectors(for keys: [UInt64]) -> [SharedVector?] {
        rows.read { rows in keys.map { rows.vector(for: $0) } }
    }

    /// Removes many vectors in one change. Keys that are not there are left out. Returns the number of vectors removed.
    @discardableResult
    public func remove(keys: [UInt64]) -> Int {
        writer.withLock { rows in rows.write { rows in keys.count { rows.remove($0) } } }
    }

    /// Removes every vector in one change. Returns the number of vectors removed.
    @discardableResult
    public func removeAll() -> Int {
        writer.withLock { rows in
            let keys = rows.read { $0.keys }
            return rows.write { rows in keys.count { rows.remove($0) } }
        }
    }
}
