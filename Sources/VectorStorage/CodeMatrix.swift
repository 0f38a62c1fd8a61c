// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// The codes of an index's vectors: row s is the codes of slot s, in whole cache lines.
///
/// A row is written once, before its slot is published, and never changes afterwards; other codes are another matrix.
package final class CodeMatrix: @unchecked Sendable {
    // SAFETY: rows below `count` are immutable. Rows are appended by one thread at a time, which the owning index's writer
    // lock ensures, and a reader learns of a slot only under that index's lock.

    /// What rounds vectors to these codes.
    package let quantizer: ScalarQuantizer

    /// Distances on the rows.
    package let kernel: CodeKernel

    package private(set) var count = 0

    private var tensor: Tensor<UInt8>

    /// - Parameter rows: the most rows that there can be.
    package init(
        quantizer: ScalarQuantizer, metric: Metric, instructionSet: InstructionSet, rows: Int
    ) throws(StorageError) {
        self.quantizer = quantizer
        let stride = CodeKernel.rowStride(quantizer.codes, dimensions: quantizer.dimensions, metric: metric)
        tensor = try Tensor(stride: stride, rows: rows)
        kernel = CodeKernel(
            quantizer.codes, metric: metric, rows: UnsafePointer(tensor.base), dimensions: quantizer.dimensions,
            instructionSet: instructionSet)
    }

    package var committedBytes: Int { tensor.committedBytes }

    /// Makes room for `additional` more rows.
    package func ensure(additional: Int) throws(StorageError) { try tensor.ensure(rows: count + additional) }

    /// Encodes `vector` to the next row, for which ``ensure(additional:)`` has made room.
    package func append(_ vector: UnsafePointer<Float>) {
        // SAFETY: `ensure` made the row usable; it lies outside every row that a reader knows, and is 0.
        kernel.encode(vector, by: quantizer, into: tensor.row(count))
        count += 1
    }
}
