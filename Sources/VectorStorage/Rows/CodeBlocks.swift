// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// 8-bit codes of the vectors of a ``VectorBlocks``, in blocks of 64, and the terms that bound distances by them.
///
/// A vector's codes are written once, before its slot is published, and never change afterwards.
package final class CodeBlocks: @unchecked Sendable {
    // SAFETY: vectors below `count` are immutable, but for the largest lengths of the last block. They are appended by one
    // thread at a time, while no reader is at work, which the owning index's lock ensures.

    package private(set) var count = 0

    /// Values in every vector.
    package let dimensions: Int

    /// Finds the vectors that may be near to queries.
    package let kernel: CodeBlockKernel

    private let codes: Tensor<UInt8>
    private let terms: Tensor<Float>

    /// - Parameters:
    ///   - metric: any but Manhattan.
    ///   - blocks: the most blocks that there can be.
    package init(dimensions: Int, metric: Metric, instructionSet: InstructionSet, blocks: Int) throws(StorageError) {
        self.dimensions = dimensions
        kernel = CodeBlockKernel(metric: metric, dimensions: dimensions, instructionSet: instructionSet)
        let size = CodeBlockKernel.blockSize
        codes = try Tensor(stride: CodeBlockKernel.codeBytes(dimensions: dimensions) * size, rows: blocks)
        terms = try Tensor(stride: CodeBlockTerms.count, rows: blocks)
    }

    /// Bytes of codes and terms.
    package var usedBytes: Int {
        let blocks = (count + CodeBlockKernel.blockSize - 1) / CodeBlockKernel.blockSize
        return blocks * (codes.stride + terms.stride * MemoryLayout<Float>.stride)
    }

    /// Makes room for `additional` more vectors.
    package func ensure(additional: Int) throws(StorageError) {
        let blocks = (count + additional + CodeBlockKernel.blockSize - 1) / CodeBlockKernel.blockSize
        try codes.ensure(rows: blocks)
        try terms.ensure(rows: blocks)
    }

    /// Encodes the next vector, for which ``ensure(additional:)`` has made room.
    package func append(_ vector: UnsafePointer<Float>, squaredNorm: Float) {
        let (block, place) = count.quotientAndRemainder(dividingBy: CodeBlockKernel.blockSize)
        // SAFETY: `ensure` made the block usable.
        kernel.encode(
            vector, squaredNorm: squaredNorm, place: place, codes: codes.row(block), terms: self.terms(block))
        count += 1
    }

    /// The codes of a block.
    package func codes(_ block: Int) -> UnsafePointer<UInt8> { UnsafePointer(codes.row(block)) }

    /// The terms of a block.
    package func terms(_ block: Int) -> CodeBlockTerms { CodeBlockTerms(terms.row(block)) }
}
