// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The vectors of an index: row s is the vector of slot s, padded with zeros to 64 bytes and aligned to 64.
///
/// A row is written once, before its slot is published, and never changes afterwards.
package final class VectorMatrix: @unchecked Sendable {
    // SAFETY: rows below `count` are immutable. Rows are appended by one thread at a time, which the owning index's writer
    // lock ensures, and a reader learns of a slot only under that index's lock.

    package let dimensions: Int

    /// Floats from one row to the next: `dimensions` rounded up to 16, a cache line.
    package let stride: Int

    /// Row 0; stable for the life of the matrix.
    package let base: UnsafePointer<Float>

    package private(set) var count = 0

    private var tensor: Tensor<Float>

    package init(dimensions: Int) throws(StorageError) {
        precondition(dimensions > 0)
        self.dimensions = dimensions
        stride = Self.paddedDimensions(dimensions)
        tensor = try Tensor(stride: stride)
        base = UnsafePointer(tensor.base)
    }

    package static func paddedDimensions(_ dimensions: Int) -> Int { (dimensions + 15) / 16 * 16 }

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

    /// Copies `dimensions` floats from `vector` to the next row, for which ``ensure(additional:)`` has made room.
    package func append(_ vector: UnsafePointer<Float>) -> Slot {
        let slot = Slot(UInt32(count))
        // SAFETY: `ensure` made the row usable; it lies outside every row that a reader knows.
        tensor.row(count).update(from: vector, count: dimensions)
        count += 1
        return slot
    }

    /// Distances from queries to the rows of this matrix.
    package func kernel(metric: Metric, instructionSet: InstructionSet) -> Float32Kernel {
        Float32Kernel(
            metric: metric, rows: base, paddedDimensions: stride, stride: stride, instructionSet: instructionSet)
    }
}
