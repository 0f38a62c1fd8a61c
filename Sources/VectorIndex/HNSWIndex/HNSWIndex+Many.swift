// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// The keys of all vectors that the index holds at one time, in no particular order. Linear in the number of vectors.
    public var keys: [UInt64] {
        readers.read(graph) { _, version in
            graph.admittedSlots(in: graph.view(at: version)).map { keyBySlot.base[Int($0)] }
        }
    }

    /// Returns the vectors under some keys as the index holds them at one time; nil for each key that is not there. See
    /// ``vector(for:)``.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    public func vectors(for keys: [UInt64]) throws(VectorIndexError) -> [SharedVector?] {
        try snapshot.require(.lookup)
        while true {
            let found: [SharedVector?]? = readers.read(graph) { _, version in
                // A change publishes its version and its keys under this lock, so the keys are those of the version.
                let slots = storage.directory.read { directory in
                    graph.version == version ? keys.map { directory.slot(of: $0) } : nil
                }
                guard let slots else { return nil }
                let vector = state.value.vectors.shared(version: version.number)
                return slots.map { $0.map(vector) }
            }
            if let found { return found }
        }
    }

    /// Removes many vectors in one change: a search finds all of them or none. Keys that are not there are left out. Waits for a
    /// change under way.
    ///
    /// - Returns: the number of vectors removed.
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    @discardableResult
    public func remove(keys: [UInt64]) throws(VectorIndexError) -> Int {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.remove(keys: keys) }
    }

    /// Removes every vector in one change. Waits for a change under way.
    ///
    /// - Returns: the number of vectors removed.
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    @discardableResult
    public func removeAll() throws(VectorIndexError) -> Int {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.removeAll() }
    }
}
