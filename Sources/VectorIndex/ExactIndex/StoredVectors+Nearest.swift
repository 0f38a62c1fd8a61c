// SPDX-License-Identifier: Apache-2.0

import HNSW

extension StoredVectors {
    /// The `limit` nearest slots to each query, by comparing all. No row among `slots` is written to before it returns.
    ///
    /// - Parameter slots: the slots that count, in ascending order.
    func nearest(
        to queries: [PreparedQuery], limit: Int, among slots: [UInt32], threads: Int
    ) -> [[NearestSelection.Candidate]] {
        var results = [[NearestSelection.Candidate]](repeating: [], count: queries.count)
        guard limit > 0, !queries.isEmpty else { return results }
        let threads = max(1, min(threads, queries.count))
        let scan = queries.count < Self.certifiedMinimumQueries ? nil : certifiedScan(limit: limit, slots: slots)
        results.withUnsafeMutableBufferPointer { results in
            Parallel.forEachPart(of: threads, size: 1, threads: threads) { _, part in
                let mine = Array(Swift.stride(from: part.lowerBound, to: queries.count, by: threads))
                let found = nearest(to: mine.map { queries[$0] }, limit: limit, among: slots, scan: scan)
                for (q, nearest) in zip(mine, found) { results[q] = nearest }
            }
        }
        return results
    }

    /// From this many queries on, it pays to encode every vector for them.
    private static var certifiedMinimumQueries: Int { 64 }

    /// A scan of codes that bound the distance of every vector that counts; nil if they do not help or there is no memory for them.
    private func certifiedScan(limit: Int, slots: [UInt32]) -> CertifiedScan? {
        guard metric != .manhattan, !slots.isEmpty else { return nil }
        let size = CodeBlockKernel.blockSize
        let blockCount = (slots.count + size - 1) / size
        guard
            let codes = try? CodeBlocks(
                dimensions: dimensions, metric: metric, instructionSet: instructionSet, blocks: blockCount),
            (try? codes.ensure(additional: slots.count)) != nil
        else { return nil }
        let norms = Norms(instructionSet: instructionSet)
        let space = AlignedBuffer<Float>(capacity: stride, zero: 0)
        for slot in slots {
            let vector = vector(slot, space: space.base)
            codes.append(vector, squaredNorm: norms.squaredNorm(vector, count: stride))
        }
        var live = [UInt64](repeating: .max, count: blockCount)
        if slots.count % size != 0 { live[blockCount - 1] = 1 << UInt64(slots.count % size) - 1 }
        let scan = CertifiedScan(codes: codes, live: live, count: slots.count)
        return scan.canDecide(limit: limit) ? scan : nil
    }

    private func nearest(
        to queries: [PreparedQuery], limit: Int, among slots: [UInt32], scan: CertifiedScan?
    ) -> [[NearestSelection.Candidate]] {
        guard let scan else { return nearestByRows(to: queries, limit: limit, among: slots) }
        let values = AlignedBuffer<Float>(capacity: queries.count * stride, zero: 0)
        let squaredNorms = AlignedBuffer<Float>(capacity: queries.count, zero: 0)
        for (q, query) in queries.enumerated() {
            (values.base + q * stride).update(from: query.values, count: stride)
            squaredNorms.base[q] = query.squaredNorm
        }
        let tile = QueryBlock(
            base: UnsafePointer(values.base), count: queries.count, stride: stride,
            squaredNorms: UnsafePointer(squaredNorms.base))
        let selections = scan.candidates(of: tile, limit: limit)
        return queries.indices.map { q in
            guard !selections[q].isOverfull else {
                return nearestByRows(to: [queries[q]], limit: limit, among: slots)[0]
            }
            // The scan knows the vectors by their positions among `slots`.
            let candidates = selections[q].candidates.map { slots[Int($0.slot)] }
            return nearestByRows(to: [queries[q]], limit: limit, among: candidates)[0]
        }
    }

    /// Rows that are compared with all queries before the next: they stay in the second-level cache.
    private static var tileRows: Int { 256 }

    /// Compares every row among `slots`.
    ///
    /// - Parameter radius: the largest distance of a result.
    func nearestByRows(
        to queries: [PreparedQuery], limit: Int, within radius: Float = .infinity, among slots: [UInt32]
    ) -> [[NearestSelection.Candidate]] {
        var selections = queries.map { _ in NearestSelection(limit: limit, bound: radius) }
        let distances = AlignedBuffer<Float>(capacity: Self.tileRows, zero: 0)
        var scratch: DecodedRows?
        slots.withUnsafeBufferPointer { slots in
            for first in Swift.stride(from: 0, to: slots.count, by: Self.tileRows) {
                let tile = UnsafeBufferPointer(rebasing: slots[first..<min(first + Self.tileRows, slots.count)])
                let rows = rows(tile, scratch: &scratch)
                for q in queries.indices {
                    rows.measure(queries[q].values, into: distances.base)
                    for i in 0..<tile.count where distances.base[i] <= selections[q].bound {
                        selections[q].offer(slot: tile[i], distance: distances.base[i])
                    }
                }
            }
        }
        return selections.indices.map { selections[$0].sorted() }
    }
}
