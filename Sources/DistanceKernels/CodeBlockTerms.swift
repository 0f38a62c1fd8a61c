// SPDX-License-Identifier: Apache-2.0

import CKernels

/// What stands beside the codes of a block's vectors: a view of ``count`` floats that are 0 at first.
package struct CodeBlockTerms {
    /// Floats of a block's terms.
    package static var count: Int { 5 * size + 16 }

    private static var size: Int { CodeBlockKernel.blockSize }

    private let base: UnsafeMutablePointer<Float>

    /// - Parameter base: ``count`` floats that outlive the view.
    package init(_ base: UnsafeMutablePointer<Float>) { self.base = base }

    /// `s` and `Σx` of each vector, and what is taken off an inner product to make a score.
    private var scales: UnsafeMutablePointer<Float> { base }
    private var sums: UnsafeMutablePointer<Float> { base + Self.size }
    private var offsets: UnsafeMutablePointer<Float> { base + 2 * Self.size }

    /// `|s a|` and `|ρ|` of each vector (``CodeBlockKernel``).
    private var codedLengths: UnsafeMutablePointer<Float> { base + 3 * Self.size }
    private var residualLengths: UnsafeMutablePointer<Float> { base + 4 * Self.size }

    /// The largest of the block, and the largest `|x|`.
    private var largestCodedLength: Float { base[5 * Self.size] }
    private var largestResidualLength: Float { base[5 * Self.size + 1] }
    private var largestNorm: Float { base[5 * Self.size + 2] }

    var pointers: ck_block_terms { ck_block_terms(scales: scales, sums: sums, offsets: offsets) }

    func set(place: Int, _ vector: ck_encoded_vector, offset: Float, norm: Float) {
        scales[place] = vector.scale
        sums[place] = vector.sum
        offsets[place] = offset
        codedLengths[place] = vector.coded_length
        residualLengths[place] = vector.residual_length
        base[5 * Self.size] = max(largestCodedLength, vector.coded_length)
        base[5 * Self.size + 1] = max(largestResidualLength, vector.residual_length)
        base[5 * Self.size + 2] = max(largestNorm, norm)
    }

    /// How far a vector's score is from its estimate at most: `|δ| |s a| + |q'| |ρ| + γ (|q| + |x|)²`, where `|x|` is the
    /// block's largest.
    func radius(place: Int, query: Int, of queries: borrowing CodedQueries, roundingError: Float) -> Float {
        radius(
            coded: codedLengths[place], residual: residualLengths[place], query: query, of: queries,
            roundingError: roundingError)
    }

    /// The largest radius of the block.
    func largestRadius(query: Int, of queries: borrowing CodedQueries, roundingError: Float) -> Float {
        radius(
            coded: largestCodedLength, residual: largestResidualLength, query: query, of: queries,
            roundingError: roundingError)
    }

    @inline(__always)
    private func radius(
        coded: Float, residual: Float, query: Int, of queries: borrowing CodedQueries, roundingError: Float
    ) -> Float {
        let reach = queries.norms[query] + max(largestNorm, CodeBlockKernel.smallestNorm)
        return queries.residualLengths[query] * coded + queries.deviationLengths[query] * residual
            + roundingError * reach * reach
    }
}
