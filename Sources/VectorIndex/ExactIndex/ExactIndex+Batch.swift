// SPDX-License-Identifier: Apache-2.0

extension ExactIndex {
    /// Answers many queries at once, on several threads: each as ``search(_:request:)`` does, to the bit.
    ///
    /// Many queries are compared with a block of vectors together. They are compared by codes, or by inner products of OpenBLAS
    /// where it is linked, except under ``Metric/manhattan``. A proven bound of the error says which vectors may be among the
    /// nearest. The exact kernel computes the distances of these again.
    ///
    /// Queries see the changes that were made before they are answered.
    ///
    /// - Parameters:
    ///   - queries: vectors of `dimensions` values, or all values one query after the other.
    ///   - request: what is wanted for each. Under every effort each vector is compared.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    ///   - progress: called with the number of queries answered so far, on any thread. If it throws, the search ends.
    /// - Returns: the results of each query, nearest first.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, a query is not a vector of this index, or `progress` has
    ///   cancelled. ``VectorIndexError/batchVector(position:reason:)`` names the refused query of several.
    public func search(
        each queries: borrowing some VectorListInput & ~Copyable & ~Escapable, request: SearchRequest, threads: Int?,
        progress: SearchProgress
    ) throws(VectorIndexError) -> [[Neighbor]] {
        let threads = threads ?? Processors.count
        try request.check()
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        let batch = try PreparedBatch(queries, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        let count = batch.count
        var results = [[Neighbor]](repeating: [], count: count)
        // Every thread has work, and a tile is as large as pays.
        let mostQueries = rows.read { $0.maximumTileQueries }
        let tileQueries = max(1, min(mostQueries, (count + threads - 1) / threads))
        do throws(CancellationError) {
            try results.withUnsafeMutableBufferPointer { results throws(CancellationError) in
                try Parallel.forEachPart(of: count, size: tileQueries, threads: threads, progress: progress) { part in
                    // A change waits for the tiles under way, not for the whole batch.
                    let nearest = rows.read { $0.nearest(to: batch.block(part), request: request) }
                    for (i, neighbors) in nearest.enumerated() { results[part.lowerBound + i] = neighbors }
                }
            }
        } catch { throw .cancelled }
        return results
    }
}

extension ExactRows {
    /// The most queries that are answered together. With codes, their candidates share the reading of each block's values. Without
    /// codes, a matrix product gains from no more.
    var maximumTileQueries: Int { codes == nil ? 512 : 2048 }
}
