// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Removes a vector; it is never returned again. Returns whether the key was there. Waits for a change under way.
    ///
    /// The vector's node leads searches on until it is unlinked. Unlinking begins when a twentieth of the nodes are such. Each
    /// change that follows visits 40 rows of the graph for each vector that it inserts or removes.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    @discardableResult
    public func remove(key: UInt64) throws(VectorIndexError) -> Bool {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.remove(key: key) }
    }

    /// Unlinks every removed vector from the graph. New vectors can then take the memory of removed ones, and searches no longer
    /// pass these. Waits for changes and searches that are under way; searches do not wait for it. Linear in the number of vectors.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    public func compact() throws(VectorIndexError) {
        try writer.withLock { (writer) throws(VectorIndexError) in
            try writer.requireVerified()
            writer.compact()
        }
    }

    /// Overwrites the values, codes and keys of removed vectors with zeros, after ``compact()``. Leaves what searches and results
    /// still hold as it is. Linear in the number of vectors.
    ///
    /// - Returns: the number of removed vectors that are still held and were not overwritten. Call again when their results are
    ///   gone.
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    @discardableResult
    public func secureErase() throws(VectorIndexError) -> Int {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.secureErase() }
    }
}
