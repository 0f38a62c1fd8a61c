// SPDX-License-Identifier: Apache-2.0

extension HNSWIndex {
    /// What vectors are compared by while the graph is searched: ``HNSWOptions/codes`` or what the index chose, once there are 256
    /// vectors to learn codes from; `none` before.
    public var codesInUse: VectorCodes { access.read { codes?.matrix.quantizer.codes ?? .none } }

    /// Vectors from which codes can be learnt; fewer are compared by themselves.
    static var codesMinimumCount: Int { 256 }

    /// Vectors that codes are learnt from.
    private static var sampleSize: Int { 2048 }

    /// Learns codes once there are vectors enough, and anew when the index has grown fourfold since or its vectors have changed:
    /// when codes take half as much again from the newest sixteenth as they took from the sample. The caller holds `writer`.
    ///
    /// Where memory for other codes is lacking, the old ones stay, which may find less, or none.
    func updateCodes() {
        guard options.codes != VectorCodes.none, vectors.count >= Self.codesMinimumCount, areCodesOutdated() else {
            return
        }
        let sample = (0..<vectors.count).spread(Self.sampleSize).map { UInt32($0) }
        var learnt: LearntCodes?
        if let kind = options.codes {
            learnt = learn(kind, sample: sample)
            if learnt == nil { return }
        } else {
            for kind in [VectorCodes.int4, .int8] {
                guard let candidate = learn(kind, sample: sample) else { return }
                if candidate.sampleRecall < Self.leastSampleRecall { continue }
                learnt = candidate
                break
            }
        }
        access.write { codes = learnt }
        codesLearntCount = vectors.count
        codesCheckedCount = vectors.count
    }

    /// Codes that order the sample worse than this are not chosen.
    private static var leastSampleRecall: Double { 0.98 }

    /// Codes of every vector; nil where memory for them is lacking.
    private func learn(_ kind: VectorCodes, sample: [UInt32]) -> LearntCodes? {
        let quantizer = ScalarQuantizer(kind, metric: metric, dimensions: dimensions, sample: rows(sample))
        guard
            let matrix = try? CodeMatrix(
                quantizer: quantizer, metric: metric, instructionSet: instructionSet, rows: vectors.capacity),
            (try? matrix.ensure(additional: vectors.count)) != nil
        else { return nil }
        for slot in 0..<UInt32(vectors.count) { matrix.append(vectors.row(Slot(slot))) }
        return LearntCodes(matrix, vectors: vectors, kernel: kernel, sample: sample)
    }

    private func areCodesOutdated() -> Bool {
        guard codesLearntCount > 0, vectors.count < 4 * codesLearntCount else { return true }
        // Without codes the graph is as good as ever, and other ones are tried seldom.
        let newCount = codes == nil ? codesCheckedCount / 4 : max(64, codesCheckedCount / 16)
        guard vectors.count - codesCheckedCount >= newCount else { return false }
        let new = rows((codesCheckedCount..<vectors.count).spread(256).map { UInt32($0) })
        codesCheckedCount = vectors.count
        guard let codes else { return true }
        return codes.matrix.quantizer.error(of: new) > 1.5 * codes.matrix.quantizer.error
    }

    private func rows(_ slots: [UInt32]) -> [UnsafePointer<Float>] { slots.map { vectors.row(Slot($0)) } }
}
