// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The vectors of an index: row s is the vector of slot s, padded with zeros to 64 bytes and aligned to 64.
///
/// A row is written before its slot is published and does not change while anyone can read it: until its vector is removed, no
/// search that may have seen it is under way, and no pin holds it.
package final class VectorMatrix: @unchecked Sendable {
    // SAFETY: rows are written by one thread at a time, which the owning index's writer lock ensures, and only such as no
    // reader can know of: new ones, and those given up as said above.

    package let dimensions: Int

    /// Floats from one row to the next: `dimensions` rounded up to 16, a cache line.
    package let stride: Int

    /// Row 0; stable for the life of the matrix.
    package let base: UnsafePointer<Float>

    /// What of the rows is held by results.
    package let pins = VectorPins()

    private let storedCount = Atomic(0)

    private let tensor: Tensor<Float>

    package init(dimensions: Int) throws(StorageError) {
        precondition(dimensions > 0)
        self.dimensions = dimensions
        stride = Self.paddedDimensions(dimensions)
        tensor = try Tensor(stride: stride)
        base = UnsafePointer(tensor.base)
    }

    /// The rows of a file's section.
    package init(
        dimensions: Int, section: SnapshotSection, of file: SnapshotFile, count: Int
    ) throws(StorageError) {
        self.dimensions = dimensions
        stride = Self.paddedDimensions(dimensions)
        tensor = try TensorSource.file(file).tensor(
            section, stride: stride, capacity: Slot.maximumCount, rows: count)
        base = UnsafePointer(tensor.base)
        storedCount.store(count, ordering: .releasing)
    }

    /// Appends the rows to a snapshot.
    package func save(to writer: SnapshotWriter, section: SnapshotSection) throws(SnapshotError) {
        try writer.append(section, tensor, rows: count)
    }

    package static func paddedDimensions(_ dimensions: Int) -> Int { (dimensions + 15) / 16 * 16 }

    /// Rows that have been written.
    package var count: Int { storedCount.load(ordering: .acquiring) }

    package var capacity: Int { tensor.capacity }

    package var committedBytes: Int { tensor.committedBytes }

    package func row(_ slot: Slot) -> UnsafePointer<Float> { base + slot.index &* stride }

    /// Whether two rows are the same to the bit.
    package func areEqual(_ a: Slot, _ b: Slot) -> Bool {
        memcmp(row(a), row(b), stride * MemoryLayout<Float>.stride) == 0
    }

    /// Makes room for `additional` more rows.
    package func ensure(additional: Int) throws(StorageError) {
        try tensor.ensure(rows: count + additional)
    }

    /// Copies `dimensions` floats from `vector` to the row of a slot: the next one, for which ``ensure(additional:)`` has made
    /// room, or one that no reader can reach any longer.
    package func store(_ vector: UnsafePointer<Float>, at slot: Slot) {
        precondition(slot.index <= count)
        // SAFETY: `ensure` made the row usable; it lies outside every row that a reader knows.
        tensor.row(slot.index).update(from: vector, count: dimensions)
        if slot.index == count { storedCount.store(slot.index + 1, ordering: .releasing) }
    }

    /// Stores a vector in the next row.
    package func append(_ vector: UnsafePointer<Float>) -> Slot {
        let slot = Slot(UInt32(count))
        store(vector, at: slot)
        return slot
    }

    /// Writes zeros over a row that no reader can reach any longer.
    package func erase(_ slot: Slot) {
        precondition(slot.index < count)
        tensor.row(slot.index).update(repeating: 0, count: stride)
    }

    /// Forgets the rows from `count` on, which no reader knows of yet.
    package func truncate(to count: Int) {
        precondition(count <= self.count)
        storedCount.store(count, ordering: .releasing)
    }

    /// Distances from queries to the rows of this matrix.
    package func kernel(metric: Metric, instructionSet: InstructionSet) -> Float32Kernel {
        Float32Kernel(
            metric: metric, rows: base, paddedDimensions: stride, stride: stride, instructionSet: instructionSet)
    }
}
