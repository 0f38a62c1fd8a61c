// SPDX-License-Identifier: Apache-2.0

import HNSW

extension IndexWriter {
    /// From this many vectors on there are codes. Fewer are compared as they are stored.
    private static var codesMinimumCount: Int { 256 }

    /// Learns from the vectors what codes need, and what balances edges under the inner product. Learns once there are enough
    /// vectors, and anew when the index has grown fourfold since.
    ///
    /// Codes do not go out of date, because every vector has a range of its own. New ones have a center that suits more vectors,
    /// and the index chooses again how many bits they have. Codes that replace vectors stay. If there is no memory for new codes,
    /// the old ones stay, or there are none.
    ///
    /// - Parameter newCount: vectors that are being inserted.
    mutating func learn(newCount: Int, threads: Int) {
        let (dimensions, metric, instructionSet) = (storage.dimensions, storage.metric, storage.instructionSet)
        let present = state.value
        let vectors = present.vectors
        let count = storage.liveCount.load(ordering: .relaxed) + newCount
        guard storage.options.codes != .float32 || metric == .innerProduct, !vectors.isCodesOnly,
            count >= Self.codesMinimumCount, count >= 4 * present.codesLearntCount
        else { return }
        let live = (0..<UInt32(vectors.count)).filter { !graph.isRemoved(Slot($0)) }
        let sample = vectors.sample(live.spread(RowQuantizer.sampleSize))
        let (balance, center) = withExtendedLifetime(sample) {
            let center = RowQuantizer.center(of: sample.pointers, dimensions: dimensions)
            guard metric == .innerProduct,
                let balance = ProductBalance(of: sample.pointers, dimensions: dimensions)
            else { return (nil as ProductBalance?, center) }
            return (balance, zip(center, balance.scales).map { $0 * $1 })
        }
        let quantizer = { (kind: VectorCodes) in
            RowQuantizer(
                kind, metric: metric, center: center, scales: balance?.scales, instructionSet: instructionSet)
        }
        let kinds =
            storage.options.codes == .automatic
            ? fittingCodes(quantizer, live: live, threads: threads) : [storage.options.codes]
        var codes: CodeMatrix?
        if let kind = kinds.first, kind != .float32 {
            guard let matrix = try? vectors.encoded(by: quantizer(kind), instructionSet: instructionSet) else { return }
            codes = matrix
        }
        state.replace(
            SearchState(
                vectors: vectors, codes: codes, balance: balance, codesLearntCount: count,
                calibrated: present.calibrated),
            from: graph.nextVersion)
    }

    /// The kinds of codes that order neighbors well enough and are read faster than 32-bit floats, the smallest first. They are the
    /// same however vectors are stored.
    private func fittingCodes(
        _ quantizer: (VectorCodes) -> RowQuantizer, live: [UInt32], threads: Int
    ) -> [VectorCodes] {
        let vectors = vectors
        let (dimensions, instructionSet) = (storage.dimensions, storage.instructionSet)
        let vectorBytes = vectors.stride * MemoryLayout<Float>.stride
        let shorter = ([.int4, .int8] as [VectorCodes]).filter {
            2 * CodeRowLayout($0, dimensions: dimensions).stride <= vectorBytes
        }
        guard !shorter.isEmpty else { return [] }
        let sample = vectors.sample(live.spread(CodeFitness.sampleSize))
        return withExtendedLifetime(sample) {
            let queries = zip(sample.slots, sample.pointers).enumerated().map { i, each in
                PreparedQuery(values: each.1, squaredNorm: sample.squaredNorm(i), hidden: Node(rawValue: each.0))
            }
            let nearest = vectors.nearest(to: queries, limit: CodeFitness.room + 1, among: live, threads: threads)
            let others = zip(sample.slots, nearest).map { slot, found in
                Array(found.filter { $0.slot != slot }.prefix(CodeFitness.room))
            }
            let space = QuerySpace()
            return shorter.filter { kind in
                let fitness = try? CodeFitness(
                    of: quantizer(kind), sample: sample.slots, neighbors: others, instructionSet: instructionSet
                ) { vectors.vector($0, space: space.elements(vectors.stride)) }
                return (fitness?.unfitShare ?? 1) <= CodeFitness.mostUnfit
            }
        }
    }
}
