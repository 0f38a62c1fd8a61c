// SPDX-License-Identifier: Apache-2.0

extension ExactIndex {
    /// The nearest vectors to each query of a tile; the caller holds `access`.
    func nearest(to tile: QueryBlock<Float>, k: Int) -> [[Neighbor]] {
        let limit = min(k, directory.count)
        guard limit > 0 else { return [[Neighbor]](repeating: [], count: tile.count) }
        guard let codes, limit <= maximumCandidates / 2 else { return nearestByFloats(to: tile, limit: limit) }
        return nearest(to: tile, limit: limit, codes: codes)
    }

    /// Candidates of a query that are worth to be compared one by one; where codes leave more, every vector is compared.
    private var maximumCandidates: Int { 1024 + directory.count / 32 }

    /// Rules out what the codes' bounds rule out, and compares the rest: the results are those of comparing every vector.
    private func nearest(to tile: QueryBlock<Float>, limit: Int, codes: CodeBlocks) -> [[Neighbor]] {
        let selections = candidates(of: tile, limit: limit, codes: codes)
        let undecided = selections.indices.filter { selections[$0].isOverfull }
        var results = exact(selections, tile: tile, limit: limit).map { $0.map(neighbor) }
        for q in undecided {
            let one = QueryBlock(
                base: tile.query(q), count: 1, stride: tile.stride, squaredNorms: tile.squaredNorms + q)
            results[q] = nearestByFloats(to: one, limit: limit)[0]
        }
        return results
    }

    /// The vectors that may be among each query's nearest.
    private func candidates(of tile: QueryBlock<Float>, limit: Int, codes: CodeBlocks) -> [BoundedSelection] {
        let queries = codes.kernel.encode(tile)
        var selections = [BoundedSelection](
            repeating: BoundedSelection(limit: limit, maximum: maximumCandidates), count: tile.count)
        let bounds = AlignedBuffer<Float>(capacity: tile.count, zero: -.infinity)
        selections.withUnsafeMutableBufferPointer { selections in
            for block in 0..<vectors.blockCount {
                codes.kernel.scan(
                    queries, codes: codes.codes(block), terms: codes.terms(block), bounds: bounds.base,
                    live: live[block]
                ) { q, place, least, largest in
                    selections[q].offer(slot: Self.slot(block, place), least: least, largest: largest)
                    bounds.base[q] = selections[q].bound
                }
            }
            for q in selections.indices { selections[q].compact() }
        }
        return selections
    }

    /// Computes the candidates' distances as a graph's rows are compared, block by block, and keeps the nearest.
    private func exact(
        _ selections: [BoundedSelection], tile: QueryBlock<Float>, limit: Int
    ) -> [[NearestSelection.Candidate]] {
        // Slot and query, so that sorting brings what lies together in memory together.
        var pairs: [UInt64] = []
        for q in selections.indices {
            for candidate in selections[q].candidates { pairs.append(UInt64(candidate.slot) << 32 | UInt64(q)) }
        }
        pairs.sort()
        var nearest = [NearestSelection](repeating: NearestSelection(limit: limit), count: tile.count)
        let vector = AlignedBuffer<Float>(capacity: VectorMatrix.paddedDimensions(dimensions), zero: 0)
        var copied: UInt32?
        for pair in pairs {
            let slot = UInt32(truncatingIfNeeded: pair >> 32)
            let q = Int(UInt32(truncatingIfNeeded: pair))
            if slot != copied {
                vectors.copy(Slot(slot), to: vector.base)
                copied = slot
            }
            let distance = kernel.rowDistance(tile.query(q), vector.base, paddedDimensions: vector.capacity)
            nearest[q].offer(slot: slot, distance: distance)
        }
        return nearest.indices.map { nearest[$0].sorted() }
    }
}
