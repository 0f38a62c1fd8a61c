// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Estimates distances from queries to rows of codes (``RowQuantizer``), in the metric's own unit.
///
/// With `q' = q - c`, `r = x - c` and `e = r - g`; the codes give g, and `<r, e>` is 0:
///
///     |q - x|² = |q'|² + |r|² - 2 <q', r>  =  |q'|² + (2 <r, g> - |r|²) - 2 <q', g>  -  2 <q - x, e>
///     -<q, x>  = -<q, c> - <r, c> - <q', g>  -  <q', e>
///
/// The last term of each is unknown: it is the estimate's error. The bracket is one number a row. One inner product of integers
/// remains to be computed. The cosine distance is half the squared Euclidean one of vectors of length 1. Under Manhattan the kernels
/// decode rows in registers, and most estimates are off by `|e|` at most.
package struct CodeKernel: DistanceKernel {
    package let quantizer: RowQuantizer
    package let prefetch: RowPrefetch

    /// Bytes of a query: a head of 64 bytes, its codes, and under inner product room for its scaled values.
    package let queryLength: Int

    /// Bytes of a query's head and codes.
    private let codedLength: Int

    @usableFromInline
    let rows: ck_code_rows
    @usableFromInline
    let kernels: ck_code_row_kernels

    /// 2 under squared Euclidean, where the inner product counts twice, else 1.
    private let productFactor: Float

    /// `1 / √dimensions`: the share of a random direction that falls on a given one.
    private let directionShare: Float

    package var metric: Metric { quantizer.metric }

    package var remainderShare: Float { quantizer.codes == .int4 ? Float(CK_REMAINDER_WIDTH) / 16 : 1 }

    /// - Parameters:
    ///   - codes: the codes of row 0; the matrix outlives the kernel and never moves.
    ///   - terms: the terms of row 0, likewise.
    package init(
        _ quantizer: RowQuantizer, codes: UnsafePointer<UInt8>, terms: UnsafePointer<UInt8>, layout: CodeRowLayout
    ) {
        self.quantizer = quantizer
        rows = ck_code_rows(
            codes: codes, stride: layout.stride, terms: terms, terms_stride: layout.termsStride,
            n: quantizer.dimensions, lines: quantizer.lines)
        kernels = quantizer.kernels
        prefetch = RowPrefetch(
            rows: codes, stride: layout.stride, rowsAhead: ck_rows_ahead(quantizer.lines),
            terms: layout.termsAreInRows ? nil : UnsafeRawPointer(terms))
        let bytesPerCode =
            quantizer.metric == .manhattan ? MemoryLayout<Float>.stride : quantizer.codes == .int4 ? 1 : 2
        let codesPerByte = quantizer.codes == .int4 ? 2 : 1
        codedLength = MemoryLayout<ck_code_query>.stride + quantizer.lines * 64 * codesPerByte * bytesPerCode
        let scaledLength = quantizer.metric == .innerProduct ? quantizer.dimensions * MemoryLayout<Float>.stride : 0
        queryLength = codedLength + (scaledLength + 63) / 64 * 64
        productFactor = quantizer.metric == .squaredEuclidean ? 2 : 1
        directionShare = 1 / Float(quantizer.dimensions).squareRoot()
    }

    /// The row of a slot.
    package func row(_ slot: UInt32) -> CodedRow {
        CodedRow(codes: rows.codes + Int(slot) &* rows.stride, terms: terms(slot))
    }

    @inline(__always)
    private func terms(_ slot: UInt32) -> ck_code_terms {
        UnsafeRawPointer(rows.terms + Int(slot) &* rows.terms_stride).load(as: ck_code_terms.self)
    }

    package func query(
        of vector: UnsafePointer<Float>, space: UnsafeMutablePointer<UInt8>
    ) -> UnsafePointer<UInt8> {
        let query = Self.head(space)
        var values = vector
        var scale: Float = 1
        if metric == .innerProduct {
            if let inverseScales = quantizer.inverseScales {
                values = scaled(values, by: { inverseScales[$0] }, in: space)
            }
            scale = centeringScale(of: values)
            if scale != 1 { values = scaled(values, by: { _ in scale }, in: space) }
        }
        quantizer.center.withUnsafeBufferPointer {
            kernels.encode_query(values, $0.baseAddress, quantizer.dimensions, quantizer.lines, query)
        }
        query.pointee.unit = 1 / scale
        query.pointee.scale *= productFactor
        switch metric {
        case .manhattan: break
        case .squaredEuclidean: query.pointee.constant = query.pointee.squared_norm
        case .cosine: query.pointee.constant = query.pointee.squared_norm / 2
        case .innerProduct: query.pointee.constant = -query.pointee.center_product
        }
        return UnsafePointer(space)
    }

    /// The length of a query does not matter to the order of inner products: it is scaled to lie as near to the center as it can,
    /// so that q' is short and its codes are those of q and not of the center. 1/4 bounds the scale of one that points elsewhere.
    private func centeringScale(of vector: UnsafePointer<Float>) -> Float {
        var (squared, product) = (0.0, 0.0)
        quantizer.center.withUnsafeBufferPointer { center in
            for d in 0..<center.count {
                let value = Double(vector[d])
                squared += value * value
                product += value * Double(center[d])
            }
        }
        let centerSquared = Double(quantizer.centerSquaredNorm)
        // Values of up to 2⁶³ may have been divided by small scales: their squares must not overflow.
        guard squared > 0, centerSquared > 0 else {
            return squared > 0x1p126 ? Float(0x1p60 / squared.squareRoot()) : 1
        }
        let scale = centerSquared / max(product, (squared * centerSquared).squareRoot() / 4)
        return Float(min(max(scale, 0x1p-120), 0x1p120))
    }

    private func scaled(
        _ vector: UnsafePointer<Float>, by scale: (Int) -> Float, in space: UnsafeMutablePointer<UInt8>
    ) -> UnsafePointer<Float> {
        // SAFETY: `queryLength` has room for so many floats behind the codes, on a cache line.
        let values = UnsafeMutableRawPointer(space + codedLength).assumingMemoryBound(to: Float.self)
        for d in 0..<quantizer.dimensions { values[d] = scale(d) * vector[d] }
        return UnsafePointer(values)
    }

    package func query(ofRow slot: UInt32, space: UnsafeMutablePointer<UInt8>) -> UnsafePointer<UInt8> {
        let query = Self.head(space)
        withUnsafePointer(to: rows) { kernels.row_query($0, Int(slot), query) }
        let terms = terms(slot)
        query.pointee.unit = 1
        query.pointee.own_error = row(slot).error(dimensions: quantizer.dimensions)
        query.pointee.scale *= productFactor
        switch metric {
        case .manhattan: break
        case .squaredEuclidean:
            query.pointee.constant = terms.constant
            query.pointee.squared_norm = terms.constant
        case .cosine:
            query.pointee.constant = terms.constant
            query.pointee.squared_norm = 2 * terms.constant
        case .innerProduct:
            query.pointee.constant = terms.constant - quantizer.centerSquaredNorm
            let largest = max(abs(terms.low), abs(terms.low + 15 * terms.step))
            query.pointee.squared_norm = largest * largest * Float(quantizer.dimensions) / 4
        }
        return UnsafePointer(space)
    }

    private static func head(_ space: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<ck_code_query> {
        // SAFETY: a query's space is `queryLength` bytes on a cache line, and begins with the head.
        UnsafeMutableRawPointer(space).assumingMemoryBound(to: ck_code_query.self)
    }

    @inlinable
    package func gather(
        _ query: UnsafePointer<UInt8>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        let head = UnsafeRawPointer(query).assumingMemoryBound(to: ck_code_query.self)
        withUnsafePointer(to: rows) { kernels.gather(head, $0, slots, count, distances) }
        if metric == .innerProduct { Self.toUnit(distances, count: count, of: head) }
    }

    package func scan(
        _ query: UnsafePointer<UInt8>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        let head = UnsafeRawPointer(query).assumingMemoryBound(to: ck_code_query.self)
        withUnsafePointer(to: rows) { kernels.scan(head, $0, first, count, distances) }
        if metric == .innerProduct { Self.toUnit(distances, count: count, of: head) }
    }

    /// Gives distances from a scaled query the metric's unit.
    @usableFromInline
    static func toUnit(
        _ distances: UnsafeMutablePointer<Float>, count: Int, of query: UnsafePointer<ck_code_query>
    ) {
        let unit = query.pointee.unit
        for i in 0..<count { distances[i] *= unit }
    }

    /// How far an estimate may be off, as a standard deviation: e and the query's own rounding are taken for random directions.
    ///
    /// What the query's rounding adds to all rows alike is not in it (``commonDeviation(of:)``). Sums of floats are off by 2⁻²⁰ of
    /// their terms at most.
    package func deviation(of slot: UInt32, at distance: Float, from query: UnsafePointer<UInt8>) -> Float {
        let head = UnsafeRawPointer(query).load(as: ck_code_query.self)
        let error = row(slot).error(dimensions: quantizer.dimensions)
        let queryStep = head.scale / productFactor * 0.289  // √(1 / 12)
        switch metric {
        case .manhattan:
            return error
        case .squaredEuclidean, .cosine:
            let squared = max(distance, 0) * (metric == .cosine ? 2 : 1)
            let length = squared.squareRoot()
            let byRow = (length + head.own_error) * error * directionShare
            let byQuery = (length + error) * queryStep
            let rounding = (abs(head.constant) + squared) * 0x1p-20
            return (byRow * byRow + byQuery * byQuery).squareRoot() * productFactor + rounding
        case .innerProduct:
            let length = head.squared_norm.squareRoot()
            let byRow = length * error * directionShare
            return byRow * head.unit + (abs(head.constant * head.unit) + abs(distance)) * 0x1p-20
        }
    }
}

extension CodeKernel {
    /// What `q'` and its rounding have in common adds to the distances to all rows.
    package func commonDeviation(of query: UnsafePointer<UInt8>) -> Float {
        let head = UnsafeRawPointer(query).load(as: ck_code_query.self)
        switch metric {
        case .manhattan, .innerProduct: return 0
        case .squaredEuclidean, .cosine: return head.scale * 0.289 * max(head.squared_norm, 0).squareRoot()
        }
    }
}

/// How a matrix's rows of codes lie in memory, and where their terms are.
package struct CodeRowLayout: Sendable {
    /// Bytes from one row of codes to the next: whole cache lines.
    package let stride: Int

    /// Bytes from one row's terms to the next.
    package let termsStride: Int

    /// Where a row's terms begin, if they lie behind its codes in the last line.
    package let termsOffset: Int?

    package var termsAreInRows: Bool { termsOffset != nil }

    /// Bytes of a row's terms.
    package static var termsBytes: Int { MemoryLayout<ck_code_terms>.stride }

    /// Terms lie in the row where its last cache line has room for them, else in a tensor of their own, four to a line. A row with one
    /// line more is slower: 41 against 38 ns a row (117,659 rows of 384 codes of 4 bits, AVX-512 on a Zen 4), 23 against 17 (200,000
    /// of 128).
    package init(_ codes: VectorCodes, dimensions: Int) {
        let bytes = codes.byteCount(dimensions: dimensions)
        stride = (bytes + 63) / 64 * 64
        let isRoomy = stride - bytes >= Self.termsBytes
        termsOffset = isRoomy ? stride - Self.termsBytes : nil
        termsStride = isRoomy ? stride : Self.termsBytes
    }
}
