// SPDX-License-Identifier: Apache-2.0

extension ExactRows {
    /// The nearest vectors to each query of a tile, by their floats alone. `limit` is at least 1.
    func nearestByFloats(to tile: QueryBlock<Float>, limit: Int, among admitted: AdmittedRows) -> [[Neighbor]] {
        // Packing a tile for a matrix product pays from two queries on.
        let candidates =
            metric == .manhattan || tile.count == 1
            ? scan(tile, limit: limit, among: admitted.words) : multiply(tile, limit: limit, among: admitted.words)
        return candidates.indices.map { q in
            exact(candidates[q], query: tile.query(q), limit: limit).map { neighbor($0) }
        }
    }

    /// The vectors within a distance of each query of a tile, `k` at most.
    func nearest(
        to tile: QueryBlock<Float>, within distance: Float, k: Int, among admitted: AdmittedRows
    ) -> [[Neighbor]] {
        let limit = min(k, admitted.count)
        guard limit > 0 else { return [[Neighbor]](repeating: [], count: tile.count) }
        let candidates = scan(tile, limit: limit, within: distance, among: admitted.words)
        return candidates.indices.map { q in
            exact(candidates[q], query: tile.query(q), limit: limit).map { neighbor($0) }
                .filter { $0.distance <= distance }
        }
    }

    /// Runs the queries one after the other down each block, so that the block stays in the cache.
    private func scan(
        _ tile: QueryBlock<Float>, limit: Int, within distance: Float = .infinity, among live: [UInt64]
    ) -> [[NearestSelection.Candidate]] {
        var selections = (0..<tile.count).map { q in
            let margin = margin(squaredNorm: tile.squaredNorms[q])
            return NearestSelection(limit: limit, margin: margin, bound: distance + margin)
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

    /// Multiplies the queries with each block. Keeps what may be among the nearest, by the products' error bound.
    ///
    /// `|q - x|² = |q|² - 2 (q·x - |x|²/2)`: under every metric a vector is the nearer the larger the product less an offset
    /// is, `|x|²/2` under squared Euclidean and else 0. What is selected by is that score, negated.
    private func multiply(
        _ tile: QueryBlock<Float>, limit: Int, among live: [UInt64]
    ) -> [[NearestSelection.Candidate]] {
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

    /// How much farther than the last of the nearest one of them may seem. Each of both distances may be off by the kernel's error,
    /// in opposite directions.
    private func margin(squaredNorm: Float) -> Float {
        2 * kernel.error(queryNorm: squaredNorm.squareRoot(), vectorNorm: maximumSquaredNorm.squareRoot())
    }

    /// Computes the candidates' distances anew, as a graph's rows are compared, and keeps the nearest.
    private func exact(
        _ candidates: [NearestSelection.Candidate], query: UnsafePointer<Float>, limit: Int
    ) -> [NearestSelection.Candidate] {
        let vector = AlignedBuffer<Float>(capacity: VectorMatrix.paddedDimensions(dimensions), zero: 0)
        var nearest = NearestSelection(limit: limit)
        for candidate in candidates {
            vectors.copy(Slot(candidate.slot), to: vector.base)
            let distance = kernel.rowDistance(query, vector.base, paddedDimensions: vector.capacity)
            nearest.offer(slot: candidate.slot, distance: distance)
        }
        return nearest.sorted()
    }
}
