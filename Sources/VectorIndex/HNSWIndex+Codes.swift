// SPDX-License-Identifier: Apache-2.0

extension HNSWIndex {
    /// What vectors are compared by while the graph is searched: ``HNSWOptions/codes`` or what the index chose, once there are 256
    /// vectors to learn codes from; `none` before.
    public var codesInUse: VectorCodes {
        readers.read(graph) { _, _ in state.value.codes?.matrix.quantizer.codes ?? .none }
    }

    /// The codes in place; the caller holds `writer`.
    var codes: LearntCodes? { state.value.codes }

    /// Vectors from which codes can be learnt; fewer are compared by themselves.
    static var codesMinimumCount: Int { 256 }

    /// Vectors that codes are learnt from.
    private static var sampleSize: Int { 2048 }

    /// Puts codes and vectors in place for the searches that begin from now on; the caller holds `writer`.
    func setCodes(_ codes: LearntCodes?, vectors: StoredVectors) {
        state.replace(
            SearchState(vectors: vectors, codes: codes, calibrated: state.value.calibrated), from: graph.nextVersion)
    }

    /// Learns codes once there are vectors enough, and anew when the index has grown fourfold since or its vectors have changed:
    /// when codes take half as much again from the newest sixteenth as they took from the sample. The caller holds `writer`.
    ///
    /// Kinds of codes are judged on the sample alone; all vectors are encoded in the one chosen. Where memory for other codes is
    /// lacking, the old ones stay, which may find less, or none.
    ///
    /// - Parameter newSlots: the slots of the vectors that are being inserted.
    func updateCodes(newSlots: [UInt32]) {
        guard options.codes != VectorCodes.none else { return }
        codesHistory.newSlots += newSlots
        let count = liveCount.load(ordering: .relaxed) + newSlots.count
        guard count >= Self.codesMinimumCount, areCodesOutdated(count: count) else { return }
        let live = (0..<UInt32(vectors.count)).filter { !graph.isRemoved(Slot($0)) }
        let sample = vectors.sample(live.spread(Self.sampleSize))
        var learnt: LearntCodes?
        for kind in options.codes.map({ [$0] }) ?? [.int4, .int8] {
            let quantizer = ScalarQuantizer(kind, metric: metric, dimensions: dimensions, sample: sample.pointers)
            let sampleCount = sample.slots.count
            guard let coded = codeMatrix(quantizer, count: sampleCount, capacity: sampleCount) else { return }
            for vector in sample.pointers { coded.append(vector) }
            let accuracy = CodeAccuracy(of: coded, sample: sample)
            if options.codes == nil, accuracy.sampleRecall < Self.leastSampleRecall { continue }
            guard let matrix = codeMatrix(quantizer, count: vectors.count, capacity: vectors.capacity) else { return }
            vectors.forEachVector { matrix.store($1, at: $0) }
            learnt = LearntCodes(matrix: matrix, accuracy: accuracy)
            break
        }
        guard replaceCodes(by: learnt) else { return }
        codesHistory = CodesHistory(learntCount: count, checkedCount: count, newSlots: [])
    }

    /// Codes that order the sample worse than this are not chosen.
    private static var leastSampleRecall: Double { 0.98 }

    /// A matrix for the codes of some vectors; nil where memory for them is lacking.
    private func codeMatrix(_ quantizer: ScalarQuantizer, count: Int, capacity: Int) -> CodeMatrix? {
        guard
            let matrix = try? CodeMatrix(
                quantizer: quantizer, metric: metric, instructionSet: instructionSet, rows: capacity),
            (try? matrix.ensure(additional: count)) != nil
        else { return nil }
        return matrix
    }

    private func areCodesOutdated(count: Int) -> Bool {
        // What is known of compact vectors would be rounded once more, for little.
        guard codesHistory.learntCount > 0, vectors.isCompact || count < 4 * codesHistory.learntCount else {
            return true
        }
        // Without codes the graph is as good as ever, and other ones are tried seldom.
        var wantedCount = codes == nil ? codesHistory.checkedCount / 4 : max(64, codesHistory.checkedCount / 16)
        if vectors.isCompact { wantedCount = min(wantedCount, Self.maximumNewestCount) }
        guard codesHistory.newSlots.count >= wantedCount else { return false }
        let newSlots = codesHistory.newSlots.filter { !graph.isRemoved(Slot($0)) }.spread(256)
        codesHistory.checkedCount = count
        codesHistory.newSlots = []
        guard let codes else { return true }
        guard !newSlots.isEmpty else { return false }
        let new = vectors.sample(newSlots)
        return withExtendedLifetime(new) {
            codes.matrix.quantizer.error(of: new.pointers) > 1.5 * codes.matrix.quantizer.error
        }
    }
}

/// When codes were learnt and looked at.
struct CodesHistory {
    /// Vectors when codes were last learnt, whether or not any were good enough.
    var learntCount = 0

    /// Vectors when the codes were last found to suit.
    var checkedCount = 0

    /// Where vectors came since then.
    var newSlots: [UInt32] = []
}
