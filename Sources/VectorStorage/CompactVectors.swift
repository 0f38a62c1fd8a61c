// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import Synchronization

/// Vectors of which nothing is kept but codes: those of a ``CodeMatrix`` and, where they have 4 bits, the residuals beside them.
///
/// A row is written before its slot is published and does not change while anyone can read it.
package final class CompactVectors: @unchecked Sendable {
    // SAFETY: rows are written by one thread at a time, which the owning index's writer lock ensures, and only such as no
    // reader can know of.

    package let codes: CodeMatrix
    package let decoder: VectorDecoder

    private let storedCount = Atomic(0)

    /// Rows of ``VectorDecoder/residualBytes``, not padded; without memory where there are none.
    private let residuals: Tensor<UInt8>

    /// - Parameter rows: the most rows that there can be.
    package init(codes: CodeMatrix, decoder: VectorDecoder, rows: Int) throws(StorageError) {
        self.codes = codes
        self.decoder = decoder
        residuals = try Tensor(stride: max(decoder.residualBytes, 1), rows: rows)
    }

    /// The rows of a file, of which there are as many as codes.
    package init(codes: CodeMatrix, decoder: VectorDecoder, rows: Int, file: SnapshotFile) throws(StorageError) {
        self.codes = codes
        self.decoder = decoder
        let count = codes.count
        residuals = try TensorSource.file(file).tensor(
            .residuals, stride: max(decoder.residualBytes, 1), capacity: rows,
            rows: decoder.residualBytes > 0 ? count : 0)
        storedCount.store(count, ordering: .releasing)
    }

    /// Appends the residuals to a snapshot; the codes are their matrix's.
    package func save(to writer: SnapshotWriter) throws(SnapshotError) {
        guard decoder.residualBytes > 0 else { return }
        try writer.append(.residuals, residuals, rows: count)
    }

    /// Bytes of the residuals; the codes are counted by their matrix.
    package var residualBytes: Int { count * decoder.residualBytes }

    package var committedBytes: Int { residuals.committedBytes }

    /// Makes room for `additional` more rows.
    package func ensure(additional: Int) throws(StorageError) {
        guard decoder.residualBytes > 0 else { return }
        try residuals.ensure(rows: count + additional)
    }

    /// Rows that have been written.
    package var count: Int { storedCount.load(ordering: .acquiring) }

    /// Takes in the vector of a slot, whose codes are in the matrix already: the next, for which ``ensure(additional:)`` has made
    /// room, or one that nobody can read any more.
    package func store(_ vector: UnsafePointer<Float>, at slot: Slot) {
        precondition(slot.index <= count && slot.index < codes.count)
        // SAFETY: `ensure` made the row usable; it lies outside every row that a reader knows. Without residuals none is written.
        decoder.encodeResiduals(
            of: vector, codes: codes.kernel.row(slot.rawValue), into: residuals.row(slot.index))
        if slot.index == count { storedCount.store(slot.index + 1, ordering: .releasing) }
    }

    /// Writes zeros over a row that nobody can read any more.
    package func erase(_ slot: Slot) {
        guard decoder.residualBytes > 0 else { return }
        residuals.row(slot.index).update(repeating: 0, count: residuals.stride)
    }

    /// Forgets the rows from `count` on, which nobody has learnt of.
    package func truncate(to count: Int) { storedCount.store(count, ordering: .releasing) }

    /// Asks the memory system for the row of a slot.
    func prefetch(_ slot: UInt32) {
        let codeBytes = decoder.quantizer.codes.byteCount(dimensions: decoder.quantizer.dimensions)
        DistanceKernels.prefetch(codes.kernel.row(slot), lines: (codeBytes + 63) / 64)
        guard decoder.residualBytes > 0 else { return }
        DistanceKernels.prefetch(residuals.row(Int(slot)), lines: (decoder.residualBytes + 63) / 64)
    }

    /// Writes the vector of a slot, and nothing behind its last value.
    ///
    /// - Parameter paddedDimensions: floats of `vector`; zeros behind the last value.
    func decode(_ slot: UInt32, paddedDimensions: Int, into vector: UnsafeMutablePointer<Float>) {
        decoder.decode(
            codes: codes.kernel.row(slot), residuals: residuals.row(Int(slot)), paddedDimensions: paddedDimensions,
            into: vector)
    }
}
