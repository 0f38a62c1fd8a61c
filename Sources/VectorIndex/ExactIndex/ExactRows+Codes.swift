// SPDX-License-Identifier: Apache-2.0

extension ExactRows {
    /// The results of each query of a tile.
    func nearest(to tile: QueryBlock<Float>, request: SearchRequest) -> [[Neighbor]] {
        let rows = request.filter.map { admitted(by: $0) } ?? admitted
        let found =
            request.within.map { nearest(to: tile, within: $0, k: request.reach, among: rows) }
            ?? nearest(to: tile, k: request.reach, among: rows)
        return found.map { including(request.including, request.page(of: $0)) }
    }

    private func including(_ fields: SearchFields, _ neighbors: [Neighbor]) -> [Neighbor] {
        guard fields.contains(.vectors) else { return neighbors }
        return neighbors.map { neighbor in
            Neighbor(key: neighbor.key, distance: neighbor.distance, vector: vector(for: neighbor.key))
        }
    }

    /// The nearest vectors to each query of a tile.
    private func nearest(to tile: QueryBlock<Float>, k: Int, among admitted: AdmittedRows) -> [[Neighbor]] {
        let limit = min(k, admitted.count)
        guard limit > 0 else { return [[Neighbor]](repeating: [], count: tile.count) }
        guard let codes else { return nearestByFloats(to: tile, limit: limit, among: admitted) }
        let scan = CertifiedScan(codes: codes, live: admitted.words, count: admitted.count)
        guard scan.canDecide(limit: limit) else { return nearestByFloats(to: tile, limit: limit, among: admitted) }
        return nearest(to: tile, limit: limit, scan: scan, among: admitted)
    }

    /// Rules out what the codes' bounds rule out, and compares the rest: the results are those of comparing every vector.
    private func nearest(
        to tile: QueryBlock<Float>, limit: Int, scan: CertifiedScan, among admitted: AdmittedRows
    ) -> [[Neighbor]] {
        let selections = scan.candidates(of: tile, limit: limit)
        var results = exact(selections, tile: tile, limit: limit).map { $0.map { neighbor($0) } }
        for q in selections.indices where selections[q].isOverfull {
            let one = QueryBlock(
                base: tile.query(q), count: 1, stride: tile.stride, squaredNorms: tile.squaredNorms + q)
            results[q] = nearestByFloats(to: one, limit: limit, among: admitted)[0]
        }
        return results
    }

    /// Computes the candidates' distances as a graph's rows are compared, block by block, and keeps the nearest.
    private func exact(
        _ selections: [BoundedSelection], tile: QueryBlock<Float>, limit: Int
    ) -> [[NearestSelection.Candidate]] {
        // Slot and query: sorted, what lies together in memory is read together.
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
