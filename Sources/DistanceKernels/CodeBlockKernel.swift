// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Bounds the distances from queries to vectors in blocks of 64, by 8-bit codes of both.
///
/// A vector is the nearer the larger its *score* is: `q·x` under inner product and cosine, and under squared Euclidean
/// `q·x - |x|²/2`, because `|q - x|² = |q|² - 2 (q·x - |x|²/2)`. Codes give an estimate of the score and a radius: the score lies
/// within it, and so does what the exact kernel's rounded distance says of the score.
///
/// Derivation. Take the means q̄ and x̄ of the values of q and x away, and round what is left to codes e and a:
///
///     q = q̄ + q',  q' = t e + δ        x = x̄ + s a + ρ
///     q·x = q̄ Σx + q'·x = q̄ Σx + t s e·a + δ·(s a) + q'·ρ        (Σq' = 0, so that q'·x̄ = 0)
///
/// The estimate is `q̄ Σx + t s e·a`; `e·a` is exact. By Cauchy-Schwarz it is off by at most `|δ| |s a| + |q'| |ρ|`.
/// Rounding adds no more than `γ (|q| + |x|)²`, `γ = m u / (1 - m u)`, `u = 2⁻²⁴`, m = n + 32: the exact kernel's distance, as a
/// score, is off by `γₙ (|q| + |x|)² / 2` (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), `|x|²/2` by
/// `γₙ |x|²/2`, and 32 stands for the few operations of the estimate and of the radius, and for Σq', which is not quite 0
/// because q̄ is rounded. Norms count as 2⁻⁶⁰ at least, which covers products that underflow, 2⁻¹⁵⁰ each.
package struct CodeBlockKernel {
    /// Vectors of a block.
    package static var blockSize: Int { Int(CK_BLOCK) }

    /// Queries whose products with a block are computed together: 6 KiB of products stay in the first-level cache.
    static var queryGroup: Int { 24 }

    static var smallestNorm: Float { 0x1p-60 }

    private let metric: Metric
    private let dimensions: Int
    private let quads: Int
    private let roundingError: Float
    private let table: UnsafePointer<ck_code_block_table>

    /// - Parameters:
    ///   - metric: any but Manhattan, which is no inner product.
    ///   - instructionSet: a set that this machine supports. VNNI is used where the processor has it.
    package init(metric: Metric, dimensions: Int, instructionSet: InstructionSet) {
        precondition(metric != .manhattan)
        self.metric = metric
        self.dimensions = dimensions
        quads = ck_quads(dimensions)
        let m = Float(dimensions + 32)
        roundingError = m * 0x1p-24 / (1 - m * 0x1p-24)
        table = instructionSet.codeTable({ ck_code_block_table_named($0) }, features: \.required_features)
    }

    /// Bytes that the codes of a vector or a query take.
    package static func codeBytes(dimensions: Int) -> Int { ck_quads(dimensions) * Int(CK_QUAD) }

    /// Writes a vector's codes and terms to a place of a block.
    ///
    /// - Parameters:
    ///   - codes: the block's, `codeBytes` × `blockSize`, which are 0 in this place.
    ///   - squaredNorm: `Σ x²`, at most 2¹²⁵.
    package func encode(
        _ vector: UnsafePointer<Float>, squaredNorm: Float, place: Int, codes: UnsafeMutablePointer<UInt8>,
        terms: CodeBlockTerms
    ) {
        let encoded = ck_encode_vector(vector, dimensions, table.pointee.largest_code, codes, place)
        let offset = metric == .squaredEuclidean ? squaredNorm / 2 : 0
        terms.set(place: place, encoded, offset: offset, norm: squaredNorm.squareRoot())
    }

    /// Encodes queries.
    package func encode(_ queries: QueryBlock<Float>) -> CodedQueries {
        let coded = CodedQueries(count: queries.count, stride: quads * Int(CK_QUAD))
        let zeroPoint = (Int32(table.pointee.largest_code) + 1) / 2
        for q in 0..<queries.count {
            let encoded = ck_encode_query(
                queries.query(q), dimensions, table.pointee.largest_query_code, table.pointee.largest_query_sum,
                coded.codes + q * coded.stride)
            coded.terms[q] = ck_query_terms(
                scale: encoded.scale, mean: encoded.mean, product_offset: zeroPoint * encoded.code_sum)
            coded.deviationLengths[q] = encoded.deviation_length
            coded.residualLengths[q] = encoded.residual_length
            coded.norms[q] = max(queries.squaredNorms[q].squareRoot(), Self.smallestNorm)
        }
        return coded
    }

    /// Finds the vectors of a block whose score may be at least a query's bound.
    ///
    /// - Parameters:
    ///   - bounds: a score for each query; `found` may raise them.
    ///   - live: a bit for each vector that counts.
    ///   - found: called with a query, a place of the block, and the least and the largest value that the score may have.
    package func scan(
        _ queries: borrowing CodedQueries, codes: UnsafePointer<UInt8>, terms: CodeBlockTerms,
        bounds: UnsafePointer<Float>, live: UInt64,
        found: (_ query: Int, _ place: Int, _ least: Float, _ largest: Float) -> Void
    ) {
        var block = terms.pointers
        for first in stride(from: 0, to: queries.count, by: Self.queryGroup) {
            let count = min(Self.queryGroup, queries.count - first)
            table.pointee.products(
                queries.codes + first * queries.stride, queries.stride, count, codes, quads, queries.products)
            for i in 0..<count {
                queries.bounds[i] =
                    bounds[first + i]
                    - terms.largestRadius(query: first + i, of: queries, roundingError: roundingError)
            }
            table.pointee.select(
                queries.products, count, &block, queries.terms + first, queries.bounds, queries.selected,
                queries.estimates)
            for i in 0..<count {
                var rest = queries.selected[i] & live
                while rest != 0 {
                    let place = rest.trailingZeroBitCount
                    rest &= rest - 1
                    let q = first + i
                    let estimate = queries.estimates[i * Self.blockSize + place]
                    let radius = terms.radius(place: place, query: q, of: queries, roundingError: roundingError)
                    if estimate + radius >= bounds[q] { found(q, place, estimate - radius, estimate + radius) }
                }
            }
        }
    }
}
