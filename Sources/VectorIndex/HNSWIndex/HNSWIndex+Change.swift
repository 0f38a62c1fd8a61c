// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Makes any insertions and removals one change, on every core. See ``change(threads:progress:_:)``.
    @discardableResult
    public func change<Result>(_ body: (inout IndexChange) throws -> Result) throws -> Result {
        try change(threads: nil, body)
    }

    /// Makes any insertions and removals one change: a search sees all of it or nothing.
    ///
    /// ```swift
    /// try index.change { change in
    ///     change.remove(key: 1)
    ///     try change.insert([0, 1, 0], key: 2)
    /// }
    /// ```
    ///
    /// A key may be inserted and removed any number of times in a change; the last call holds. A change that does nothing makes no
    /// version. Waits for a change under way.
    ///
    /// - Parameters:
    ///   - threads: threads that link the vectors, 1 to 1,024; nil uses every core.
    ///   - progress: called with the number of vectors linked so far, as by ``insert(contentsOf:keys:threads:progress:)``.
    ///   - body: makes the change. It may search, and finds the index as it was. It must not change, calibrate or measure the index:
    ///     that traps.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or ``VectorIndexError``: `threads` is outside its range, `progress` has cancelled, there is no
    ///   room, or the index was opened from a damaged file. The index is then as it was before.
    @discardableResult
    public func change<Result>(
        threads: Int?, progress: BatchProgress = { _ in }, _ body: (inout IndexChange) throws -> Result
    ) throws -> Result {
        try typedChange(threads: threads, progress: progress, failure: { $0 as any Error }, body)
    }

    /// The same with a typed error.
    ///
    /// - Parameter failure: makes an error of the index one of the caller's.
    package func typedChange<Result, Failure: Error>(
        threads: Int? = nil, progress: BatchProgress = { _ in }, failure: (VectorIndexError) -> Failure,
        _ body: (inout IndexChange) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let threads = threads ?? Processors.count
        do { try VectorIndexError.check("threads", threads, in: IndexLimits.threads) } catch { throw failure(error) }
        let directory = storage.directory
        return try writer.withLock { (writer) throws(Failure) in
            do throws(VectorIndexError) { try writer.requireVerified() } catch { throw failure(error) }
            var change = IndexChange(dimensions: dimensions, prepared: writer.preparedVector()) { key in
                directory.read { $0.slot(of: key) != nil }
            }
            let result = try body(&change)
            let collected = change.collected()
            do throws(VectorIndexError) {
                try writer.apply(collected, threads: threads, progress: progress)
            } catch { throw failure(error) }
            return result
        }
    }

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
