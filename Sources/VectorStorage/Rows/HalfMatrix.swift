// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import Synchronization

/// The vectors of an index in half precision: row s is the vector of slot s, padded with zeros to 64 bytes and aligned to 64.
///
/// A row is written before its slot is published and does not change while a search can read it. Results copy what they take.
package final class HalfMatrix: @unchecked Sendable {
    // SAFETY: rows are written by one thread at a time, which the owning index's writer lock ensures, and only such as no
    // reader can know of: new ones, and those of vectors removed before every search under way began.

    package let dimensions: Int

    /// Distances to the rows.
    package let kernel: Float16Kernel

    private let precision: HalfPrecision
    private let storedCount = Atomic(0)
    private let tensor: Tensor<UInt16>

    package convenience init(
        dimensions: Int, metric: Metric, instructionSet: InstructionSet
    ) throws(StorageError) {
        try self.init(
            Tensor(stride: Self.stride(dimensions)), dimensions: dimensions, metric: metric,
            instructionSet: instructionSet)
    }

    /// The `count` rows of a file.
    package convenience init(
        dimensions: Int, metric: Metric, instructionSet: InstructionSet, file: SnapshotFile, count: Int
    ) throws(StorageError) {
        let tensor: Tensor<UInt16> = try TensorSource.file(file).tensor(
            .halfVectors, stride: Self.stride(dimensions), capacity: Slot.maximumCount, rows: count)
        self.init(tensor, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        storedCount.store(count, ordering: .releasing)
    }

    private init(_ tensor: Tensor<UInt16>, dimensions: Int, metric: Metric, instructionSet: InstructionSet) {
        precondition(dimensions > 0)
        self.dimensions = dimensions
        self.tensor = tensor
        precision = HalfPrecision(instructionSet: instructionSet)
        kernel = Float16Kernel(
            metric: metric, rows: UnsafePointer(tensor.base),
            paddedDimensions: VectorMatrix.paddedDimensions(dimensions), stride: tensor.stride, precision: precision)
    }

    /// Halves from one row to the next: whole cache lines.
    static func stride(_ dimensions: Int) -> Int {
        VectorRows.float16.rowBytes(dimensions: dimensions) / MemoryLayout<UInt16>.stride
    }

    /// Appends the rows to a snapshot.
    package func save(to writer: SnapshotWriter) throws(SnapshotError) {
        try writer.append(.halfVectors, tensor, rows: count)
    }

    /// Rows that have been written.
    package var count: Int { storedCount.load(ordering: .acquiring) }

    package var capacity: Int { tensor.capacity }

    package var committedBytes: Int { tensor.committedBytes }

    /// Bytes that the rows use.
    package var usedBytes: Int { count * tensor.stride * MemoryLayout<UInt16>.stride }

    /// Makes room for `additional` more rows.
    package func ensure(additional: Int) throws(StorageError) {
        try tensor.ensure(rows: count + additional)
    }

    /// Rounds `vector`, none of whose values rounds to infinity, to the row of a slot: the next one, for which
    /// ``ensure(additional:)`` has made room, or one that no reader can reach any longer.
    package func store(_ vector: UnsafePointer<Float>, at slot: Slot) {
        precondition(slot.index <= count)
        // SAFETY: `ensure` made the row usable; it lies outside every row that a reader knows.
        precision.narrow(vector, count: dimensions, into: tensor.row(slot.index))
        if slot.index == count { storedCount.store(slot.index + 1, ordering: .releasing) }
    }

    /// Writes the vector of a slot and zeros behind it: as many floats as ``VectorMatrix/paddedDimensions(_:)`` says.
    package func widen(_ slot: UInt32, into vector: UnsafeMutablePointer<Float>) {
        _ = kernel.query(ofRow: slot, space: vector)
    }

    /// Whether two rows are the same to the bit.
    package func areEqual(_ a: Slot, _ b: Slot) -> Bool {
        let (x, y) = (tensor.row(a.index), tensor.row(b.index))
        return (0..<dimensions).allSatisfy { x[$0] == y[$0] }
    }

    /// Writes zeros over a row that no reader can reach any longer.
    package func erase(_ slot: Slot) {
        precondition(slot.index < count)
        tensor.row(slot.index).update(repeating: 0, count: tensor.stride)
    }

    /// Forgets the rows from `count` on, which no reader knows of yet.
    package func truncate(to count: Int) {
        precondition(count <= self.count)
        storedCount.store(count, ordering: .releasing)
    }
}
