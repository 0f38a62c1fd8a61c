// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Rounds vectors to codes, each within a range of its own, and gives them back.
///
/// A vector x becomes `c + g`, where c is a center that all share and `g[d] = low + step * code[d]`. `low` and `step` belong to the
/// vector: its remainder `r = x - c` reaches from the first code to the last, and nothing is clipped (LVQ: Aguerrebere and others,
/// "Similarity search in the blink of an eye with compressed indices", 2023). Except under Manhattan, g is scaled so that
/// `<r, r - g>` is 0. The expected error of an inner product with g is then 0 over queries of random direction (RaBitQ: Gao and
/// Long 2024, 2025). ``CodeKernel`` says what becomes of this in distances.
///
/// A center that does not suit a vector makes its range wider and its steps coarser. It loses nothing.
///
/// Under the inner product dimensions may be scaled: x becomes `x s` and a query `q / s`, whose product is the same. The range of a
/// row then does not go by a few wide dimensions.
package struct RowQuantizer {
    package let codes: VectorCodes
    package let metric: Metric

    /// c, a value for each dimension, scaled as they are.
    package let center: [Float]

    /// s, a number for each dimension, above 0; nil where no dimension is scaled.
    private let scales: [Float]?

    /// 1 / s
    let inverseScales: [Float]?

    let table: UnsafePointer<ck_code_row_table>

    /// `|c|²`.
    let centerSquaredNorm: Float

    /// Scales decoded vectors to length 1; nil under every metric but cosine.
    private let norms: Norms?

    /// - Parameters:
    ///   - codes: a kind of codes, not `none`.
    ///   - center: a finite value for each dimension, scaled as they are.
    ///   - scales: numbers above 0, 1 at most; only under the inner product.
    ///   - instructionSet: a set that this machine supports. VNNI is used where the processor has it.
    package init(
        _ codes: VectorCodes, metric: Metric, center: [Float], scales: [Float]? = nil, instructionSet: InstructionSet
    ) {
        precondition((codes == .int8 || codes == .int4) && !center.isEmpty)
        precondition(scales == nil || metric == .innerProduct && scales?.count == center.count)
        self.codes = codes
        self.metric = metric
        self.scales = scales
        inverseScales = scales.map { $0.map { 1 / $0 } }
        self.center = center
        table = instructionSet.codeTable({ ck_code_row_table_named($0) }, features: \.required_features)
        centerSquaredNorm = center.reduce(0) { $0 + $1 * $1 }
        norms = metric == .cosine ? Norms(instructionSet: instructionSet) : nil
    }

    package var dimensions: Int { center.count }

    /// Whether dimensions are scaled.
    package var isScaled: Bool { scales != nil }

    /// Cache lines that a row's codes take.
    var lines: Int { (codes.byteCount(dimensions: dimensions) + 63) / 64 }

    var kernels: ck_code_row_kernels {
        switch (codes, metric) {
        case (.int4, .manhattan): table.pointee.u4_l1
        case (.int4, _): table.pointee.u4_dot
        case (_, .manhattan): table.pointee.u8_l1
        case (_, _): table.pointee.u8_dot
        }
    }

    /// Vectors of a sample that a center is learnt from.
    package static var sampleSize: Int { 2048 }

    /// The center that suits a sample: each dimension's mean without the outermost 2 % of the values, so that a few vectors do not
    /// move it.
    package static func center(of sample: [UnsafePointer<Float>], dimensions: Int) -> [Float] {
        DimensionSpread.each(of: sample, dimensions: dimensions).map { Float($0.mean) }
    }
}

// MARK: - Rows

extension RowQuantizer {
    /// Writes a vector's codes, ``VectorCodes/byteCount(dimensions:)`` bytes, and its terms, ``CodeRowLayout/termsBytes``.
    package func encode(
        _ vector: UnsafePointer<Float>, into row: UnsafeMutablePointer<UInt8>, terms: UnsafeMutableRawPointer
    ) {
        let encode = codes == .int4 ? table.pointee.encode_u4 : table.pointee.encode_u8
        let encoded = withScaled(vector) { vector in
            center.withUnsafeBufferPointer {
                encode?(vector, $0.baseAddress, dimensions, metric == .manhattan ? 0 : 1, row) ?? ck_encoded_row()
            }
        }
        // The distance's part that is the row's own, so that a query which is the vector itself has the distance 0 but for rounding.
        let constant: Float =
            switch metric {
            case .manhattan: 0
            case .squaredEuclidean: 2 * encoded.product - encoded.squared_norm
            case .cosine: encoded.product - encoded.squared_norm / 2
            case .innerProduct: -encoded.center_product
            }
        terms.storeBytes(
            of: ck_code_terms(constant: constant, low: encoded.low, step: encoded.step, error: encoded.error),
            as: ck_code_terms.self)
    }

    /// Bytes of a vector's remainders, which add 4 bits to codes of 4; 0 where there are none.
    package var remainderBytes: Int { codes == .int4 ? codes.byteCount(dimensions: dimensions) : 0 }

    /// Writes the ``remainderBytes`` of a vector whose row is encoded.
    package func encodeRemainders(
        of vector: UnsafePointer<Float>, row: CodedRow, into remainders: UnsafeMutablePointer<UInt8>
    ) {
        guard remainderBytes > 0 else { return }
        withScaled(vector) { vector in
            center.withUnsafeBufferPointer {
                table.pointee.encode_remainders(
                    vector, $0.baseAddress, dimensions, row.terms.low, row.terms.step, row.codes, remainders)
            }
        }
    }

    /// Calls `body` with a vector as its row stands for it.
    private func withScaled<Result>(
        _ vector: UnsafePointer<Float>, _ body: (UnsafePointer<Float>) -> Result
    ) -> Result {
        guard let scales else { return body(vector) }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: dimensions) { scaled in
            for d in 0..<dimensions { scaled[d] = vector[d] * scales[d] }
            // SAFETY: a vector has at least one dimension, so that the memory has an address.
            return body(UnsafePointer(scaled.baseAddress!))
        }
    }

    /// Writes the vector that a row and its remainders stand for, and nothing behind its last value.
    ///
    /// - Parameters:
    ///   - remainders: ``remainderBytes``.
    ///   - paddedDimensions: floats of `vector`; those behind the last value are 0.
    package func decode(
        _ row: CodedRow, remainders: UnsafePointer<UInt8>, paddedDimensions: Int,
        into vector: UnsafeMutablePointer<Float>
    ) {
        center.withUnsafeBufferPointer { center in
            if codes == .int4 {
                table.pointee.decode_u4(
                    row.codes, remainders, center.baseAddress, dimensions, row.terms.low, row.terms.step, vector)
            } else {
                table.pointee.decode_u8(
                    row.codes, center.baseAddress, dimensions, row.terms.low, row.terms.step, vector)
            }
        }
        if let inverseScales {
            for d in 0..<dimensions { vector[d] *= inverseScales[d] }
        }
        if let norms { _ = norms.normalize(vector, count: paddedDimensions) }
    }
}

/// A row of codes, and what is known of it beside them.
package struct CodedRow {
    package let codes: UnsafePointer<UInt8>
    let terms: ck_code_terms

    /// Of a vector that is kept whole, the sign of its error is set, and the other bits are its place.
    private static var keptBit: UInt32 { 1 << 31 }

    /// Which of the whole vectors the row's is; nil if it is not kept whole.
    package var keptRow: UInt32? {
        terms.error.bitPattern & Self.keptBit == 0 ? nil : terms.error.bitPattern & ~Self.keptBit
    }

    /// The length of what the codes leave of the vector, `|r - g|`; of one that is kept whole, what it is at most.
    func error(dimensions: Int) -> Float {
        keptRow == nil ? terms.error : terms.step / 2 * Float(dimensions).squareRoot()
    }

    /// Whether the terms are numbers, as those of every vector are.
    package var hasRange: Bool {
        terms.low.isFinite && terms.step.isFinite && !terms.constant.isNaN && (keptRow != nil || !terms.error.isNaN)
    }

    /// Whether two rows have the same range.
    package func hasRange(of other: CodedRow) -> Bool {
        terms.constant == other.terms.constant && terms.low == other.terms.low && terms.step == other.terms.step
    }

    /// Writes into a row's terms that its vector is kept whole, and as which.
    package static func setKept(_ index: UInt32, terms: UnsafeMutableRawPointer) {
        precondition(index < keptBit)
        var changed = terms.load(as: ck_code_terms.self)
        changed.error = Float(bitPattern: keptBit | index)
        terms.storeBytes(of: changed, as: ck_code_terms.self)
    }
}
