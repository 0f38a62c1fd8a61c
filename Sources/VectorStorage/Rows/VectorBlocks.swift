// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Vectors in blocks of 64 that are stored dimension-major (the PDX layout): for each dimension the values of all 64, so that one
/// query runs down a block at memory speed.
///
/// A vector is written once, before its slot is published, and never changes afterwards.
package final class VectorBlocks: @unchecked Sendable {
    // SAFETY: vectors below `count` are immutable. They are appended by one thread at a time, which the owning index's
    // lock ensures, and a reader learns of a slot only under that lock.

    package let dimensions: Int
    package private(set) var count = 0

    /// Block 0; stable for the life of the blocks.
    package let base: UnsafePointer<Float>

    /// `Σ x²` of each vector; 0 after the last of a block that is not full.
    package let squaredNorms: UnsafePointer<Float>

    private let blocks: Tensor<Float>
    private let norms: Tensor<Float>

    package init(dimensions: Int) throws(StorageError) {
        precondition(dimensions > 0)
        self.dimensions = dimensions
        let size = Float32BlockKernel.blockSize
        let blocks = try Tensor<Float>(stride: dimensions * size, rows: Slot.maximumCount / size)
        norms = try Tensor<Float>(stride: size, rows: blocks.capacity)
        base = UnsafePointer(blocks.base)
        squaredNorms = UnsafePointer(norms.base)
        self.blocks = blocks
    }

    /// Vectors that there can be at most.
    package var capacity: Int { blocks.capacity * Float32BlockKernel.blockSize }

    package var blockCount: Int { Self.blockCount(count) }

    private static func blockCount(_ count: Int) -> Int {
        (count + Float32BlockKernel.blockSize - 1) / Float32BlockKernel.blockSize
    }

    /// Bytes of vectors and lengths.
    package var usedBytes: Int { blockCount * (blocks.stride + norms.stride) * MemoryLayout<Float>.stride }

    /// Makes room for `additional` more vectors.
    package func ensure(additional: Int) throws(StorageError) {
        try blocks.ensure(rows: Self.blockCount(count + additional))
        try norms.ensure(rows: Self.blockCount(count + additional))
    }

    /// Stores `dimensions` floats as the next vector, for which ``ensure(additional:)`` has made room.
    package func append(_ vector: UnsafePointer<Float>, squaredNorm: Float) -> Slot {
        let slot = Slot(UInt32(count))
        let size = Float32BlockKernel.blockSize
        // SAFETY: `ensure` made the block usable; the places lie outside every vector that a reader knows.
        let values = blocks.row(slot.index / size) + slot.index % size
        for d in 0..<dimensions { values[d * size] = vector[d] }
        norms.base[slot.index] = squaredNorm
        count += 1
        return slot
    }

    /// Copies a vector's floats to `target`, which has room for `dimensions`.
    package func copy(_ slot: Slot, to target: UnsafeMutablePointer<Float>) {
        let size = Float32BlockKernel.blockSize
        let values = base + slot.index / size * dimensions * size + slot.index % size
        for d in 0..<dimensions { target[d] = values[d * size] }
    }

    /// A vector's values.
    package func vector(_ slot: Slot) -> [Float] {
        precondition(slot.index < count)
        return [Float](unsafeUninitializedCapacity: dimensions) { target, initializedCount in
            guard let start = target.baseAddress else { return }
            copy(slot, to: start)
            initializedCount = dimensions
        }
    }

    /// Distances from queries to these vectors.
    package func kernel(metric: Metric, instructionSet: InstructionSet) -> Float32BlockKernel {
        Float32BlockKernel(metric: metric, blocks: base, dimensions: dimensions, instructionSet: instructionSet)
    }
}
