// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// What vectors are compared by while the graph is searched: ``HNSWOptions/codes`` or what the index chose, once there are 256
    /// vectors; `float32` before. Never `automatic`.
    public var codesInUse: VectorCodes {
        readers.read(graph) { _, _ in state.value.codes?.quantizer.codes ?? .float32 }
    }

    /// The codes in place; the caller holds `writer`.
    var codes: CodeMatrix? { state.value.codes }

    /// Vectors from which on there are codes; fewer are compared by themselves.
    static var codesMinimumCount: Int { 256 }

    /// Puts codes and vectors in place for the searches that begin from now on; the caller holds `writer`.
    func setCodes(_ codes: CodeMatrix?, vectors: StoredVectors) {
        state.replace(
            SearchState(vectors: vectors, codes: codes, calibrated: state.value.calibrated), from: graph.nextVersion)
    }

    /// Learns from the vectors what codes need, and under the inner product what balances edges: once there are vectors enough, and
    /// anew when the index has grown fourfold since. The caller holds `writer`.
    ///
    /// Every vector has a range of its own, so that codes do not go out of date: new ones have a center that suits more vectors, and
    /// the index chooses again how many bits they have. Codes that vectors are read from stay. Where memory for other codes is
    /// lacking, the old ones stay, or there are none.
    ///
    /// - Parameter newCount: vectors that are being inserted.
    func learn(newCount: Int, threads: Int) {
        let count = liveCount.load(ordering: .relaxed) + newCount
        guard options.codes != .float32 || metric == .innerProduct, !vectors.isCompact,
            count >= Self.codesMinimumCount, count >= 4 * codesLearntCount
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
                kind, metric: self.metric, center: center, scales: balance?.scales, instructionSet: self.instructionSet)
        }
        let kinds =
            options.codes == .automatic ? fittingCodes(quantizer, live: live, threads: threads) : [options.codes]
        if let kind = kinds.first, kind != .float32 {
            guard let matrix = try? vectors.encoded(by: quantizer(kind), instructionSet: instructionSet) else { return }
            setCodes(matrix, vectors: vectors)
        } else {
            setCodes(nil, vectors: vectors)
        }
        self.balance = balance
        codesLearntCount = count
    }

    /// The kinds of codes that order neighbors well enough and are read faster than 32-bit floats, the smallest first. What vectors
    /// are stored as does not decide.
    private func fittingCodes(
        _ quantizer: (VectorCodes) -> RowQuantizer, live: [UInt32], threads: Int
    ) -> [VectorCodes] {
        let vectorBytes = vectors.stride * MemoryLayout<Float>.stride
        let shorter = ([.int4, .int8] as [VectorCodes]).filter {
            2 * CodeRowLayout($0, dimensions: dimensions).stride <= vectorBytes
        }
        guard !shorter.isEmpty else { return [] }
        let sample = vectors.sample(live.spread(CodeFitness.sampleSize))
        let vectors = vectors
        return withExtendedLifetime(sample) {
            let queries = zip(sample.slots, sample.pointers).enumerated().map { i, each in
                PreparedQuery(values: each.1, squaredNorm: sample.squaredNorm(i), hidden: each.0)
            }
            let nearest = exactNearest(to: queries, limit: CodeFitness.room + 1, among: live, threads: threads)
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
