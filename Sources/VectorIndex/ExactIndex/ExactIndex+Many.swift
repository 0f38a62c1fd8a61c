// SPDX-License-Identifier: Apache-2.0

extension ExactIndex {
    /// The keys of all vectors that the index holds at one time, in the order of insertion.
    public var keys: [UInt64] {
        access.read {
            (0..<UInt32(vectors.count)).filter { isLive(Slot($0)) }.map { directory.key(of: Slot($0)) }
        }
    }

    /// Returns copies of the vectors under some keys as the index holds them at one time; nil for each key that is not there.
    public func vectors(for keys: [UInt64]) -> [SharedVector?] {
        access.read { keys.map { key in directory.slot(of: key).map { SharedVector(vectors.vector($0)) } } }
    }

    /// Removes many vectors in one change. Keys that are not there are left out. Returns the number of vectors removed.
    @discardableResult
    public func remove(keys: [UInt64]) -> Int {
        writer.withLock { _ in access.write { keys.count { forget($0) } } }
    }

    /// Removes every vector in one change. Returns the number of vectors removed.
    @discardableResult
    public func removeAll() -> Int {
        writer.withLock { _ in
            let keys = self.keys
            return access.write { keys.count { forget($0) } }
        }
    }
}
