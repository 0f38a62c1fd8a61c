// SPDX-License-Identifier: Apache-2.0

extension HNSWIndex {
    /// Vectors from which codes can be learnt; fewer are compared by themselves.
    static var codesMinimumCount: Int { 256 }

    /// Vectors that codes are learnt from.
    private static var sampleSize: Int { 2048 }

    /// Learns codes once there are vectors enough, and anew when the index has grown fourfold since or its vectors have changed:
    /// when codes take half as much again from the newest quarter as they took from the sample. The caller holds `writer`.
    ///
    /// Where memory for other codes is lacking, the old ones stay, or none: results are the same, more slowly.
    func updateCodes() {
        guard options.codes != .none, vectors.count >= Self.codesMinimumCount, areCodesOutdated() else { return }
        let sample = sample(of: 0..<vectors.count, size: Self.sampleSize)
        let quantizer = ScalarQuantizer(options.codes, metric: metric, dimensions: dimensions, sample: rows(sample))
        guard
            let matrix = try? CodeMatrix(
                quantizer: quantizer, metric: metric, instructionSet: instructionSet, rows: vectors.capacity),
            (try? matrix.ensure(additional: vectors.count)) != nil
        else { return }
        for slot in 0..<UInt32(vectors.count) { matrix.append(vectors.row(Slot(slot))) }
        let learnt = LearntCodes(matrix, vectors: vectors, kernel: kernel, sample: sample)
        access.write { codes = learnt }
        codesCheckedCount = vectors.count
    }

    private func areCodesOutdated() -> Bool {
        guard let codes, vectors.count < 4 * codes.learntCount else { return true }
        guard vectors.count - codesCheckedCount >= max(256, codesCheckedCount / 4) else { return false }
        let new = rows(sample(of: codesCheckedCount..<vectors.count, size: 256))
        codesCheckedCount = vectors.count
        return codes.matrix.quantizer.error(of: new) > 1.5 * codes.matrix.quantizer.error
    }

    /// Slots at equal distances in a range.
    private func sample(of slots: Range<Int>, size: Int) -> [UInt32] {
        let count = min(size, slots.count)
        return (0..<count).map { UInt32(slots.lowerBound + $0 * slots.count / count) }
    }

    private func rows(_ slots: [UInt32]) -> [UnsafePointer<Float>] { slots.map { vectors.row(Slot($0)) } }
}
