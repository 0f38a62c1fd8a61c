// SPDX-License-Identifier: Apache-2.0

import TestSupport
import VectorIndex

/// Files of version 1 of the format whose vectors are compact: no release that knows a later one writes them.
struct SnapshotVersion1Writer {
    let codes: VectorCodes
    let dimensions: Int
    let metric: Metric
    let vectors: [[Float]]

    /// Slots whose whole vector is in the file as well.
    let newest: [Int]

    private let scale: Float
    private let offsets: [Float]

    /// - Parameter vectors: those of an index with these codes that is to keep nothing else, and has not given them up yet, slot by
    ///   slot.
    init(_ codes: VectorCodes, metric: Metric, vectors: [[Float]], newest: [Int]) {
        self.codes = codes
        self.metric = metric
        self.vectors = vectors
        self.newest = newest
        dimensions = vectors[0].count
        let offsets = vectors[0].indices.map { d in vectors.map { $0[d] }.min() ?? 0 }
        self.offsets = offsets
        let range = vectors.flatMap { zip($0, offsets).map { $0 - $1 } }.max() ?? 0
        scale = range / Float(codes == .int4 ? 15 : 255)
    }

    /// How far a value of a vector that is not among the newest may be from what it was.
    var largestError: Float { codes == .int4 ? scale / 8 : scale / 2 }

    /// The file of the index.
    ///
    /// - Parameter image: the file that it is saved to.
    func file(_ image: SnapshotImage) -> SnapshotImage {
        let replaced: [SnapshotSection] = [.vectors, .codes, .codeTerms, .quantizer]
        var parts = image.parts.filter { part in !replaced.contains { $0.rawValue == part.number } }
        for i in parts.indices {
            parts[i].checksum = nil
            // Vectors are compact; codes were found to suit when there were 300.
            if parts[i].number == SnapshotSection.index.rawValue {
                parts[i].content[8 * 8] = 1
                parts[i].content.replaceSubrange(13 * 8..<13 * 8 + 2, with: [44, 1])
            }
        }
        func append(_ section: SnapshotSection, _ content: [UInt8]) {
            if !content.isEmpty { parts.append(SnapshotImage.Part(section.rawValue, content)) }
        }
        append(.quantizer, quantizer)
        append(.codes, vectors.flatMap { row($0) })
        if codes == .int4 { append(.residuals, vectors.flatMap { residuals($0) }) }
        var slots = RecordWriter()
        slots.append(newest.map { UInt32($0) })
        append(.newestSlots, newest.isEmpty ? [] : slots.bytes)
        append(
            .newestVectors,
            newest.flatMap { slot -> [UInt8] in
                let padding = [Float](repeating: 0, count: (dimensions + 15) / 16 * 16 - dimensions)
                return (vectors[slot] + padding).withUnsafeBytes { Array($0) }
            })
        return SnapshotImage(parts, version: 1)
    }

    private var quantizer: [UInt8] {
        var record = RecordWriter()
        record.append(codes == .int8 ? 2 : 3 as UInt64)
        for value in [scale, 1] { record.append(value) }
        for value in [0.1, 0.99] { record.append(value) }
        for value in [1, 0, 0.1] as [Float] { record.append(value) }
        record.append(offsets)
        return record.bytes
    }

    /// Whole cache lines, with four bytes of bias behind the codes under inner product.
    private func row(_ vector: [Float]) -> [UInt8] {
        let bytes = packed(zip(vector, offsets).map { UInt8((($0 - $1) / scale).rounded()) })
        let length = (bytes.count + (metric == .innerProduct ? 4 : 0) + 63) / 64 * 64
        return bytes + [UInt8](repeating: 0, count: length - bytes.count)
    }

    /// Sixteenths of a cell, which begins half a step before its code; cells of the first and the last code are four steps wide.
    private func residuals(_ vector: [Float]) -> [UInt8] {
        packed(
            zip(vector, offsets).map { value, offset in
                let steps = (value - offset) / scale
                let code = steps.rounded()
                let (start, width): (Float, Float) = code == 0 ? (-3.5, 4) : (code - 0.5, code == 15 ? 4 : 1)
                return UInt8(min(max((steps - start) / width * 16, 0), 15))
            })
    }

    private func packed(_ codes: [UInt8]) -> [UInt8] {
        guard self.codes == .int4 else { return codes }
        return stride(from: 0, to: codes.count, by: 2).map { i in
            codes[i] | (i + 1 < codes.count ? codes[i + 1] << 4 : 0)
        }
    }
}
