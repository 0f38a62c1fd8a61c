// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Turns codes back into vectors. Codes of 4 bits have residuals of 4 bits beside them: where in the cell of its code each value
/// lies, so that the two are 8 bits a value.
///
/// The cells at the two ends of the range of codes, which also hold what was clipped, are wider than the others.
package struct VectorDecoder {
    /// What the codes were made by.
    package let quantizer: ScalarQuantizer

    /// Steps that the cells at the ends reach outwards, where the others are 1 wide. The nearest 10 of all vectors decoded, to
    /// queries of 32-bit floats, are these shares of the true ones (117,659 text embeddings, 100,000 SIFT, 50,000 GIST): 1 step
    /// .960, .963, .979; 2 .973, .985, .985; 4 .993, .993, .987; 8 .991, .985, .982. Residuals of one width throughout: .974 at
    /// most for text.
    package static var endWidth: Float { 4 }

    private let table: UnsafePointer<ck_code_table>

    /// Nil where values are not scaled to a length.
    private let norms: Norms?

    /// - Parameters:
    ///   - metric: under cosine decoded vectors are scaled to length 1, as the vectors were.
    ///   - instructionSet: a set that this machine supports.
    package init(_ quantizer: ScalarQuantizer, metric: Metric, instructionSet: InstructionSet) {
        self.quantizer = quantizer
        table = instructionSet.codeTable({ ck_code_table_named($0) }, features: \.required_features)
        norms = metric == .cosine ? Norms(instructionSet: instructionSet) : nil
    }

    /// Bytes that the residuals of a vector take; 0 where there are none.
    package var residualBytes: Int {
        quantizer.codes == .int4 ? quantizer.codes.byteCount(dimensions: quantizer.dimensions) : 0
    }

    /// Writes the ``residualBytes`` of a vector whose codes are known.
    package func encodeResiduals(
        of vector: UnsafePointer<Float>, codes: UnsafePointer<UInt8>, into residuals: UnsafeMutablePointer<UInt8>
    ) {
        guard residualBytes > 0 else { return }
        quantizer.offsets.withUnsafeBufferPointer { offsets in
            ck_encode_residuals(
                vector, quantizer.dimensions, offsets.baseAddress, quantizer.inverseScale, Self.endWidth, codes,
                residuals)
        }
    }

    /// Writes the values of a vector, and nothing behind the last.
    ///
    /// - Parameters:
    ///   - residuals: ``residualBytes``.
    ///   - paddedDimensions: floats of `vector`; those behind the last value are 0.
    package func decode(
        codes: UnsafePointer<UInt8>, residuals: UnsafePointer<UInt8>, paddedDimensions: Int,
        into vector: UnsafeMutablePointer<Float>
    ) {
        quantizer.offsets.withUnsafeBufferPointer { offsets in
            if quantizer.codes == .int4 {
                table.pointee.decode_nibbles(
                    codes, residuals, quantizer.dimensions, offsets.baseAddress, quantizer.scale, Self.endWidth, vector)
            } else {
                table.pointee.decode_bytes(codes, quantizer.dimensions, offsets.baseAddress, quantizer.scale, vector)
            }
        }
        guard let norms else { return }
        _ = norms.normalize(vector, count: paddedDimensions)
    }
}
