// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Room for a few vectors that are decoded to be compared, and their kernel. Used by one thread at a time.
package final class DecodedRows {
    package let capacity: Int

    /// Distances to the rows.
    package let kernel: Float32Kernel

    private let buffer: AlignedBuffer<Float>

    init(capacity: Int, dimensions: Int, metric: Metric, instructionSet: InstructionSet) {
        let stride = VectorMatrix.paddedDimensions(dimensions)
        self.capacity = capacity
        buffer = AlignedBuffer(capacity: capacity * stride, zero: 0)
        kernel = Float32Kernel(
            metric: metric, rows: UnsafePointer(buffer.base), paddedDimensions: stride, stride: stride,
            instructionSet: instructionSet)
    }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> { buffer.base + index * kernel.stride }
}
