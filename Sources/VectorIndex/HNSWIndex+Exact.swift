// SPDX-License-Identifier: Apache-2.0

import Dispatch
import HNSW

extension HNSWIndex {
    /// A bit for each slot whose vector is not removed, 64 slots a word; the caller holds `access` or `writer`.
    func liveBits() -> [UInt64] {
        var live = [UInt64](repeating: 0, count: (vectors.count + 63) / 64)
        for index in 0..<vectors.count where !graph.isRemoved(Slot(UInt32(index))) {
            live[index / 64] |= 1 << UInt64(index % 64)
        }
        return live
    }

    /// The `limit` nearest slots to each query, whatever it costs; the caller holds `access` or `writer`.
    ///
    /// - Parameter live: a bit for each slot that counts.
    func exactNearest(
        to queries: [PreparedQuery], limit: Int, live: [UInt64], threads: Int
    ) -> [[NearestSelection.Candidate]] {
        var results = [[NearestSelection.Candidate]](repeating: [], count: queries.count)
        guard limit > 0, !queries.isEmpty else { return results }
        let threads = max(1, min(threads, queries.count))
        let scan = queries.count < Self.certifiedMinimumQueries ? nil : certifiedScan(limit: limit, live: live)
        results.withUnsafeMutableBufferPointer { results in
            // SAFETY: thread t takes the queries t, t + threads, ... and writes their places only; rows, flags and codes are
            // not changed meanwhile.
            nonisolated(unsafe) let results = results
            nonisolated(unsafe) let queries = queries
            DispatchQueue.concurrentPerform(iterations: threads) { thread in
                let mine = Array(stride(from: thread, to: queries.count, by: threads))
                let found = self.nearest(to: mine.map { queries[$0] }, limit: limit, live: live, scan: scan)
                for (q, nearest) in zip(mine, found) { results[q] = nearest }
            }
        }
        return results
    }

    /// Queries from which on it pays to encode every vector for them.
    private static var certifiedMinimumQueries: Int { 64 }

    /// Codes that bound distances, of every vector; nil where they do not help or there is no memory for them.
    private func certifiedScan(limit: Int, live: [UInt64]) -> CertifiedScan? {
        guard metric != .manhattan else { return nil }
        let size = CodeBlockKernel.blockSize
        let blockCount = (vectors.count + size - 1) / size
        guard
            let codes = try? CodeBlocks(
                dimensions: dimensions, metric: metric, instructionSet: instructionSet, blocks: blockCount),
            (try? codes.ensure(additional: vectors.count)) != nil
        else { return nil }
        for index in 0..<vectors.count {
            let row = vectors.row(Slot(UInt32(index)))
            codes.append(row, squaredNorm: metric == .cosine ? 1 : kernel.squaredNorm(row))
        }
        let scan = CertifiedScan(codes: codes, live: live, count: directory.count)
        return scan.canDecide(limit: limit) ? scan : nil
    }

    private func nearest(
        to queries: [PreparedQuery], limit: Int, live: [UInt64], scan: CertifiedScan?
    ) -> [[NearestSelection.Candidate]] {
        guard let scan else { return nearestByRows(to: queries, limit: limit, live: live) }
        let values = AlignedBuffer<Float>(capacity: queries.count * vectors.stride, zero: 0)
        let squaredNorms = AlignedBuffer<Float>(capacity: queries.count, zero: 0)
        for (q, query) in queries.enumerated() {
            (values.base + q * vectors.stride).update(from: query.values, count: vectors.stride)
            squaredNorms.base[q] = query.squaredNorm
        }
        let tile = QueryBlock(
            base: UnsafePointer(values.base), count: queries.count, stride: vectors.stride,
            squaredNorms: UnsafePointer(squaredNorms.base))
        let selections = scan.candidates(of: tile, limit: limit)
        return queries.indices.map { q in
            guard !selections[q].isOverfull else { return nearestByRows(to: [queries[q]], limit: limit, live: live)[0] }
            let slots = selections[q].candidates.map(\.slot)
            var distances = [Float](repeating: 0, count: slots.count)
            kernel.gather(queries[q].values, slots: slots, count: slots.count, into: &distances)
            var nearest = NearestSelection(limit: limit)
            for (slot, distance) in zip(slots, distances) { nearest.offer(slot: slot, distance: distance) }
            return nearest.sorted()
        }
    }

    /// Rows that are compared with all queries before the next: they stay in the second-level cache.
    private static var tileRows: Int { 256 }

    /// Compares every row.
    private func nearestByRows(
        to queries: [PreparedQuery], limit: Int, live: [UInt64]
    ) -> [[NearestSelection.Candidate]] {
        var selections = queries.map { _ in NearestSelection(limit: limit) }
        let distances = AlignedBuffer<Float>(capacity: Self.tileRows, zero: 0)
        for first in stride(from: 0, to: vectors.count, by: Self.tileRows) {
            let count = min(Self.tileRows, vectors.count - first)
            for q in queries.indices {
                kernel.scan(queries[q].values, first: first, count: count, into: distances.base)
                for i in 0..<count where distances.base[i] <= selections[q].bound {
                    let slot = first + i
                    guard live[slot / 64] >> UInt64(slot % 64) & 1 == 1 else { continue }
                    selections[q].offer(slot: UInt32(slot), distance: distances.base[i])
                }
            }
        }
        return selections.indices.map { selections[$0].sorted() }
    }
}
