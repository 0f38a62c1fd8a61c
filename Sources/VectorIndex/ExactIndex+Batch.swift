// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

extension ExactIndex {
    /// Answers many queries at once; the results that ``search(_:k:)-(Span<Float>,_)`` gives for each.
    ///
    /// Many queries are compared with a block of vectors together: by their codes, or by inner products
    /// (``BatchedProducts``), except under ``Metric/manhattan``. Distances that may belong to the nearest, by a proven bound of
    /// the error, are computed again by the exact kernel.
    ///
    /// Changes made meanwhile are seen by the queries that are answered after them.
    ///
    /// - Parameters:
    ///   - queries: the queries one after the other, a multiple of `dimensions` values.
    ///   - k: results wanted of each, 0 or more.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    ///   - progress: called now and then with the number of queries answered so far, on any thread.
    /// - Returns: the results of each query, nearest first.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or a query is not a vector of this index.
    public func searchBatch(
        _ queries: Span<Float>, k: Int, threads: Int? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(VectorIndexError) -> [[Neighbor]] {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("k", k, in: IndexLimits.k)
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        let batch = try PreparedBatch(queries, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        let count = batch.count
        var results = [[Neighbor]](repeating: [], count: count)
        // Every thread has work, and a tile is as large as pays.
        let tileQueries = max(1, min(maximumTileQueries, (count + threads - 1) / threads))
        let tileCount = (count + tileQueries - 1) / tileQueries
        let next = Atomic(0)
        let answered = Atomic(0)
        results.withUnsafeMutableBufferPointer { results in
            // SAFETY: every tile of queries is taken by one thread, which writes the results of that tile only.
            nonisolated(unsafe) let results = results
            DispatchQueue.concurrentPerform(iterations: max(1, min(threads, tileCount))) { _ in
                while true {
                    let first = next.add(1, ordering: .relaxed).oldValue * tileQueries
                    guard first < count else { return }
                    let tile = batch.block(first..<min(first + tileQueries, count))
                    // A change waits for the tiles under way, and not for the whole batch.
                    let nearest = self.access.read { self.nearest(to: tile, k: k) }
                    for (i, neighbors) in nearest.enumerated() { results[first + i] = neighbors }
                    progress(answered.add(tile.count, ordering: .relaxed).newValue)
                }
            }
        }
        return results
    }

    /// Answers many queries at once; see ``searchBatch(_:k:threads:progress:)-(Span<Float>,_,_,_)``.
    public func searchBatch(
        _ queries: [Float], k: Int, threads: Int? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(VectorIndexError) -> [[Neighbor]] {
        try searchBatch(queries.span, k: k, threads: threads, progress: progress)
    }

    /// Queries that are answered together. By codes: their candidates share the reading of each block's values. By values: as many
    /// as a matrix product gains from.
    private var maximumTileQueries: Int { codes == nil ? 512 : 2048 }
}
