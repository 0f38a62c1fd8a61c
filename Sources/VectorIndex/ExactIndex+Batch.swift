// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

extension ExactIndex {
    /// Answers many queries at once; the same results as ``search(_:k:)-(Span<Float>,_)`` gives for each, up to rounding.
    ///
    /// Distances of a tile of queries and rows are computed together (a matrix product, except under ``Metric/manhattan``).
    /// Those that may belong to the nearest, by the product's error bound, are computed again by the exact kernel.
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
        guard queries.count % dimensions == 0 else {
            throw .dimensionMismatch(expected: dimensions, found: queries.count % dimensions)
        }
        let count = queries.count / dimensions
        let stride = vectors.stride
        let prepared = AlignedBuffer<Float>(capacity: count * stride, zero: 0)
        let squaredNorms = AlignedBuffer<Float>(capacity: count, zero: 0)
        var one = PreparedVector(dimensions: dimensions)
        for q in 0..<count {
            try one.prepare(queries.extracting(q * dimensions..<(q + 1) * dimensions), kernel: kernel)
            (prepared.base + q * stride).update(from: one.values, count: stride)
            squaredNorms.base[q] = kernel.squaredNorm(one.values)
        }
        var results = [[Neighbor]](repeating: [], count: count)
        access.read {
            let limit = min(k, directory.count)
            guard limit > 0 else { return }
            let tileCount = (count + Self.tileQueries - 1) / Self.tileQueries
            let next = Atomic(0)
            let answered = Atomic(0)
            results.withUnsafeMutableBufferPointer { results in
                // SAFETY: every tile of queries is taken by one thread, which writes the results of that tile only; the
                // buffers outlive the concurrent call.
                nonisolated(unsafe) let results = results
                nonisolated(unsafe) let preparedBase = prepared.base
                nonisolated(unsafe) let normsBase = squaredNorms.base
                DispatchQueue.concurrentPerform(iterations: max(1, min(threads, tileCount))) { _ in
                    while true {
                        let first = next.add(1, ordering: .relaxed).oldValue * Self.tileQueries
                        guard first < count else { return }
                        let tile = QueryBlock(
                            base: preparedBase + first * stride, count: min(Self.tileQueries, count - first),
                            stride: stride, squaredNorms: normsBase + first)
                        for (i, neighbors) in self.nearest(to: tile, limit: limit).enumerated() {
                            results[first + i] = neighbors
                        }
                        progress(answered.add(tile.count, ordering: .relaxed).newValue)
                    }
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

    /// Queries and rows of a tile: its distances (512 KiB) stay in the second-level cache while they are selected from.
    private static var tileQueries: Int { 128 }
    private static var tileRows: Int { 1024 }

    /// The nearest rows of each query of a tile; the caller holds `access`.
    private func nearest(to tile: QueryBlock<Float>, limit: Int) -> [[Neighbor]] {
        let rowNorm = maximumSquaredNorm.squareRoot()
        var selections = (0..<tile.count).map { q in
            let error = kernel.batchError(queryNorm: tile.squaredNorms[q].squareRoot(), rowNorm: rowNorm)
            // The limit-th nearest and a row beside it may each be off by the error, in opposite directions.
            return NearestSelection(limit: limit, margin: 2 * error)
        }
        let distances = AlignedBuffer<Float>(capacity: tile.count * Self.tileRows, zero: 0)
        for first in stride(from: 0, to: vectors.count, by: Self.tileRows) {
            let count = min(Self.tileRows, vectors.count - first)
            kernel.batch(tile, first: first, count: count, into: distances.base)
            for q in 0..<tile.count {
                let row = distances.base + q * count
                for i in 0..<count where row[i] <= selections[q].bound && isLive[first + i] {
                    selections[q].offer(slot: UInt32(first + i), distance: row[i])
                }
            }
        }
        return (0..<tile.count).map { q in
            exact(selections[q].sorted(), query: tile.query(q), limit: limit).map(neighbor)
        }
    }

    /// Computes the candidates' distances anew by the exact kernel, and keeps the nearest.
    private func exact(
        _ candidates: [NearestSelection.Candidate], query: UnsafePointer<Float>, limit: Int
    ) -> [NearestSelection.Candidate] {
        let slots = candidates.map(\.slot)
        var distances = [Float](repeating: 0, count: slots.count)
        kernel.gather(query, slots: slots, count: slots.count, into: &distances)
        var nearest = NearestSelection(limit: limit)
        for i in slots.indices { nearest.offer(slot: slots[i], distance: distances[i]) }
        return nearest.sorted()
    }
}
