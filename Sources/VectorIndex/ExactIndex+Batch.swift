// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

extension ExactIndex {
    /// Answers many queries at once; the results that ``search(_:k:)-(Span<Float>,_)`` gives for each.
    ///
    /// Inner products of many queries with a block of vectors are computed together (``BatchedProducts``), except under
    /// ``Metric/manhattan``. Distances that may belong to the nearest, by the products' error bound, are computed again by the
    /// exact kernel.
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
        let count = queries.count / dimensions
        guard queries.count == count * dimensions else {
            throw .batchMismatch(keys: count + 1, values: queries.count, dimensions: dimensions)
        }
        let queryStride = VectorMatrix.paddedDimensions(dimensions)
        let prepared = AlignedBuffer<Float>(capacity: count * queryStride, zero: 0)
        let squaredNorms = AlignedBuffer<Float>(capacity: count, zero: 0)
        var one = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        for q in 0..<count {
            do throws(VectorIndexError) {
                try one.prepare(queries.extracting(q * dimensions..<(q + 1) * dimensions))
            } catch {
                throw count == 1 ? error : .batchVector(position: q, reason: error)
            }
            (prepared.base + q * queryStride).update(from: one.values, count: queryStride)
            squaredNorms.base[q] = one.squaredNorm
        }
        var results = [[Neighbor]](repeating: [], count: count)
        // Every thread has work, and a tile is as large as pays.
        let tileQueries = max(1, min(Self.maximumTileQueries, (count + threads - 1) / threads))
        let tileCount = (count + tileQueries - 1) / tileQueries
        let next = Atomic(0)
        let answered = Atomic(0)
        results.withUnsafeMutableBufferPointer { results in
            // SAFETY: every tile of queries is taken by one thread, which writes the results of that tile only; the buffers
            // outlive the concurrent call.
            nonisolated(unsafe) let results = results
            nonisolated(unsafe) let preparedBase = UnsafePointer(prepared.base)
            nonisolated(unsafe) let normsBase = UnsafePointer(squaredNorms.base)
            DispatchQueue.concurrentPerform(iterations: max(1, min(threads, tileCount))) { _ in
                while true {
                    let first = next.add(1, ordering: .relaxed).oldValue * tileQueries
                    guard first < count else { return }
                    let tile = QueryBlock(
                        base: preparedBase + first * queryStride, count: min(tileQueries, count - first),
                        stride: queryStride, squaredNorms: normsBase + first)
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

    /// Queries whose products with a block are computed together: they (128 KiB) and the block stay in the second-level cache,
    /// and packing them for each block costs the matrix product little.
    private static var maximumTileQueries: Int { 512 }

    /// The nearest vectors to each query of a tile; the caller holds `access`.
    private func nearest(to tile: QueryBlock<Float>, k: Int) -> [[Neighbor]] {
        let limit = min(k, directory.count)
        guard limit > 0 else { return [[Neighbor]](repeating: [], count: tile.count) }
        let candidates = metric == .manhattan ? scan(tile, limit: limit) : multiply(tile, limit: limit)
        return candidates.indices.map { q in
            exact(candidates[q], query: tile.query(q), limit: limit).map(neighbor)
        }
    }

    /// Runs the queries one after the other down each block, which stays in the cache meanwhile.
    private func scan(_ tile: QueryBlock<Float>, limit: Int) -> [[NearestSelection.Candidate]] {
        var selections = (0..<tile.count).map { q in
            NearestSelection(limit: limit, margin: margin(squaredNorm: tile.squaredNorms[q]))
        }
        let distances = AlignedBuffer<Float>(capacity: Float32BlockKernel.blockSize, zero: 0)
        for block in 0..<vectors.blockCount {
            for q in 0..<tile.count {
                let bound = selections[q].bound
                var found = kernel.scan(tile.query(q), block: block, bound: bound, into: distances.base) & live[block]
                while found != 0 {
                    let v = found.trailingZeroBitCount
                    found &= found - 1
                    selections[q].offer(slot: Self.slot(block, v), distance: distances.base[v])
                }
            }
        }
        return selections.indices.map { selections[$0].sorted() }
    }

    /// Multiplies the queries with each block, and keeps what may be nearest by the products' error bound.
    ///
    /// `|q - x|² = |q|² - 2 (q·x - |x|²/2)`: under every metric a vector is the nearer the larger the product less an offset
    /// is, `|x|²/2` under squared Euclidean and else 0. What is selected by is that score, negated.
    private func multiply(_ tile: QueryBlock<Float>, limit: Int) -> [[NearestSelection.Candidate]] {
        let size = Float32BlockKernel.blockSize
        let isEuclidean = metric == .squaredEuclidean
        var selections = (0..<tile.count).map { q in
            // Under squared Euclidean the score is half the distance.
            let margin = margin(squaredNorm: tile.squaredNorms[q])
            return NearestSelection(limit: limit, margin: isEuclidean ? margin / 2 : margin)
        }
        let products = AlignedBuffer<Float>(capacity: tile.count * size, zero: 0)
        let offsets = AlignedBuffer<Float>(capacity: size, zero: 0)
        for block in 0..<vectors.blockCount {
            kernel.products(tile.base, count: tile.count, stride: tile.stride, block: block, into: products.base)
            if isEuclidean {
                for v in 0..<size { offsets.base[v] = vectors.squaredNorms[block * size + v] / 2 }
            }
            for q in 0..<tile.count {
                let row = products.base + q * size
                var found = kernel.select(row, offsets: offsets.base, bound: -selections[q].bound) & live[block]
                while found != 0 {
                    let v = found.trailingZeroBitCount
                    found &= found - 1
                    selections[q].offer(slot: Self.slot(block, v), distance: offsets.base[v] - row[v])
                }
            }
        }
        return selections.indices.map { selections[$0].sorted() }
    }
}
