// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import Synchronization

/// The codes of an index's vectors: row s is the codes of slot s, in whole cache lines.
///
/// A row is written before its slot is published and does not change while a search can read it; other codes are another matrix.
package final class CodeMatrix: @unchecked Sendable {
    // SAFETY: rows are written by one thread at a time, which the owning index's writer lock ensures, and only such as no
    // reader can know of: new ones, and those of vectors removed before every search under way began.

    /// What rounds vectors to these codes.
    package let quantizer: ScalarQuantizer

    /// Distances on the rows.
    package let kernel: CodeKernel

    private let storedCount = Atomic(0)

    private let tensor: Tensor<UInt8>

    /// - Parameter rows: the most rows that there can be.
    package convenience init(
        quantizer: ScalarQuantizer, metric: Metric, instructionSet: InstructionSet, rows: Int
    ) throws(StorageError) {
        try self.init(
            quantizer: quantizer, metric: metric, instructionSet: instructionSet, rows: rows, source: .fresh, count: 0)
    }

    /// The rows of a file, of which there are `count`.
    package convenience init(
        quantizer: ScalarQuantizer, metric: Metric, instructionSet: InstructionSet, rows: Int, file: SnapshotFile,
        count: Int
    ) throws(StorageError) {
        try self.init(
            quantizer: quantizer, metric: metric, instructionSet: instructionSet, rows: rows, source: .file(file),
            count: count)
        storedCount.store(count, ordering: .releasing)
    }

    private init(
        quantizer: ScalarQuantizer, metric: Metric, instructionSet: InstructionSet, rows: Int, source: TensorSource,
        count: Int
    ) throws(StorageError) {
        self.quantizer = quantizer
        let stride = CodeKernel.rowStride(quantizer.codes, dimensions: quantizer.dimensions, metric: metric)
        tensor = try source.tensor(.codes, stride: stride, capacity: rows, rows: count)
        kernel = CodeKernel(
            quantizer.codes, metric: metric, rows: UnsafePointer(tensor.base), dimensions: quantizer.dimensions,
            instructionSet: instructionSet)
    }

    /// Appends the rows to a snapshot.
    package func save(to writer: SnapshotWriter) throws(SnapshotError) {
        try writer.append(.codes, tensor, rows: count)
    }

    package var committedBytes: Int { tensor.committedBytes }

    /// Makes room for `additional` more rows.
    package func ensure(additional: Int) throws(StorageError) { try tensor.ensure(rows: count + additional) }

    /// Rows that have been written.
    package var count: Int { storedCount.load(ordering: .acquiring) }

    /// Encodes `vector` to the row of a slot: the next one, for which ``ensure(additional:)`` has made room, or one that nobody can
    /// read any more.
    package func store(_ vector: UnsafePointer<Float>, at slot: Slot) {
        precondition(slot.index <= count)
        // SAFETY: `ensure` made the row usable; it lies outside every row that a reader knows.
        kernel.encode(vector, by: quantizer, into: tensor.row(slot.index))
        if slot.index == count { storedCount.store(slot.index + 1, ordering: .releasing) }
    }

    /// Encodes `vector` to the next row.
    package func append(_ vector: UnsafePointer<Float>) { store(vector, at: Slot(UInt32(count))) }

    /// Writes zeros over a row that nobody can read any more.
    package func erase(_ slot: Slot) {
        precondition(slot.index < count)
        tensor.row(slot.index).update(repeating: 0, count: tensor.stride)
    }

    /// Forgets the rows from `count` on, which nobody has learnt of.
    package func truncate(to count: Int) {
        precondition(count <= self.count)
        storedCount.store(count, ordering: .releasing)
    }
}
