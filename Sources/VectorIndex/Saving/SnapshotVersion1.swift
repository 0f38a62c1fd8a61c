// SPDX-License-Identifier: Apache-2.0

import HNSW

/// The codes of a snapshot in version 1 of the format. It had one range for all vectors: value d of a vector was about `offset[d] +
/// scale * code`. They are read if the index is codes-only, to decode its vectors. Otherwise codes are made anew.
///
/// The section `quantizer` held, with lengths in bytes:
///
/// 1. 2 for codes of 8 bits, 3 for 4 bits (8).
/// 2. Scale and typical length (4 each), the error of a sample (8), the recall of the sample (8).
/// 3. Slope, intercept and deviation of distances (4 each).
/// 4. The number of dimensions (8), and the offset of each (4).
///
/// Codes of 8 bits lay in bytes. Codes of 4 bits lay in nibbles: code 2i in the low and code 2i + 1 in the high nibble of byte i.
/// Residuals of 4 bits lay likewise. A residual said where a value lay in the cell of its code. The cells of codes 0 and 15 were
/// four steps wide, outwards.
struct SnapshotVersion1 {
    let codes: VectorCodes
    private let scale: Float
    private let offsets: [Float]
    private let index: IndexRecord

    /// nil if the file has no codes.
    init?(_ file: SnapshotFile, index: IndexRecord) throws(SnapshotError) {
        guard var record = try file.record(.quantizer) else { return nil }
        codes = try record.next("the kind of codes", in: 2...3) == 2 ? .int8 : .int4
        guard [codes, .automatic].contains(index.options.codes) else {
            throw record.malformed("codes of another kind than is asked for")
        }
        scale = try record.next("the scale")
        _ = try record.next("the typical length")
        _ = try record.next("the error of the sample", Double.self)
        _ = try record.next("the recall of the sample", Double.self)
        for name in ["slope", "intercept", "deviation"] { _ = try record.next("the \(name) of distances") }
        offsets = try record.floats("the offsets")
        try record.finish()
        // Vectors have no values beyond 2⁶³, so these bounds exclude no learnt codes. Sums of decoded values do not overflow.
        guard scale >= 0x1p-121, scale <= 0x1p64, offsets.count == index.dimensions,
            offsets.allSatisfy({ abs($0) <= 0x1p68 })
        else { throw record.malformed("codes of scale \(scale) for \(offsets.count) dimensions") }
        self.index = index
    }

    private var rowStride: Int {
        let biasBytes = index.metric == .innerProduct ? 4 : 0
        return (codes.byteCount(dimensions: index.dimensions) + biasBytes + 63) / 64 * 64
    }

    /// Reads and verifies the codes, and makes vectors of them if the file has no others.
    ///
    /// - Returns: the vectors, whole.
    func vectors(_ file: SnapshotFile, instructionSet: InstructionSet) throws(StorageError) -> StoredVectors {
        let count = index.slotCount
        let rows = try file.verifiedRows(.codes, stride: rowStride, rows: count)
        guard index.isCodesOnly else {
            return try StoredVectors(
                dimensions: index.dimensions, metric: index.metric, instructionSet: instructionSet, codes: nil,
                file: file, count: count)
        }
        let residualBytes = codes == .int4 ? codes.byteCount(dimensions: index.dimensions) : 0
        let residuals = try file.verifiedRows(
            .residuals, stride: max(residualBytes, 1), rows: residualBytes > 0 ? count : 0)
        let newest = try newestVectors(file)
        let vectors = try StoredVectors(
            dimensions: index.dimensions, metric: index.metric, instructionSet: instructionSet)
        try vectors.ensure(additional: count, newSlots: count)
        var prepared = PreparedVector(
            dimensions: index.dimensions, metric: index.metric, instructionSet: instructionSet)
        for slot in 0..<count {
            let values =
                newest[UInt32(slot)]
                ?? decode(rows.row(slot), residuals: residualBytes > 0 ? residuals.row(slot) : nil)
            // A vector without a length was erased.
            let vector = values.withUnsafeBufferPointer { (try? prepared.prepare($0)) == nil ? nil : prepared.values }
            vectors.store(vector ?? prepared.values, at: Slot(UInt32(slot)))
        }
        return vectors
    }

    private func decode(_ row: UnsafePointer<UInt8>, residuals: UnsafePointer<UInt8>?) -> [Float] {
        offsets.indices.map { d in
            guard codes == .int4, let residuals else { return offsets[d] + scale * Float(row[d]) }
            let shift = d % 2 == 0 ? 0 : 4 as UInt8
            let place = Float((row[d / 2] >> shift & 15) << 4 | residuals[d / 2] >> shift & 15)
            let beyond = max(place - 239.5, 0) - max(15.5 - place, 0)
            return offsets[d] + scale / 16 * (place - 7.5 + 3 * beyond)
        }
    }

    /// The latest vectors, which were also kept whole, by their slots.
    private func newestVectors(_ file: SnapshotFile) throws(StorageError) -> [UInt32: [Float]] {
        let slots = try StorageError.wrap { () throws(SnapshotError) -> [UInt32] in
            guard var record = try file.record(.newestSlots) else { return [] }
            let slots = try record.array(UInt32.self)
            try record.finish()
            return slots
        }
        let stride = VectorMatrix.paddedDimensions(index.dimensions) * MemoryLayout<Float>.stride
        let rows = try file.verifiedRows(.newestVectors, stride: stride, rows: slots.count)
        var vectors: [UInt32: [Float]] = [:]
        for (i, slot) in slots.enumerated() where slot < index.slotCount {
            let row = UnsafeRawPointer(rows.row(i)).assumingMemoryBound(to: Float.self)
            vectors[slot] = Array(UnsafeBufferPointer(start: row, count: index.dimensions))
        }
        return vectors
    }
}
