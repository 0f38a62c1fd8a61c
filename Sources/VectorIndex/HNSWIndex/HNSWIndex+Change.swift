// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Removes a vector; it is never returned again. Returns whether the key was there. Waits for a change under way.
    ///
    /// The vector's node leads searches on until it is unlinked: with every change that follows a little of that is done, once a
    /// twentieth of the nodes are such: 40 rows a removal, or ``count`` of them if there are fewer.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    @discardableResult
    public func remove(key: UInt64) throws(VectorIndexError) -> Bool {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.remove(key: key) }
    }

    /// Unlinks every removed vector from the graph, so that new vectors take their places and searches pass them no more. Waits for
    /// changes and searches that are under way; searches do not wait for it. Linear in the number of vectors.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    public func compact() throws(VectorIndexError) {
        try writer.withLock { (writer) throws(VectorIndexError) in
            try writer.requireVerified()
            writer.compact()
        }
    }

    /// Overwrites what the index keeps of removed vectors with zeros, after ``compact()``: their values, codes and keys. What
    /// searches and results still hold is left as it is. Linear in the number of vectors.
    ///
    /// - Returns: removed vectors that are still held and were not overwritten; call again when their results are gone.
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    @discardableResult
    public func secureErase() throws(VectorIndexError) -> Int {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.secureErase() }
    }
}
