// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Distances on rows of integer codes (``ScalarQuantizer``), in units of the codes: they order vectors about as true distances do.
///
/// | metric             | distance of codes a and b                                             |
/// |--------------------|-----------------------------------------------------------------------|
/// | manhattan          | Σ \|a - b\|                                                           |
/// | squared Euclidean  | Σ (a - b)²                                                            |
/// | cosine             | Σ (a - b)², which orders normalised vectors as the cosine does        |
/// | inner product      | -Σ a·b - bias(a) - bias(b), with bias(a) = Σ offset(d) / scale * a(d) |
///
/// The last is the inner product of the decoded vectors, in units of `scale²` and but for a constant.
package struct CodeKernel: DistanceKernel {
    package let metric: Metric

    /// Bytes from one row to the next.
    package let stride: Int

    package let prefetch: RowPrefetch

    @usableFromInline
    let dimensions: Int
    @usableFromInline
    let rows: UnsafePointer<UInt8>
    @usableFromInline
    let kernels: ck_code_kernels

    /// Where a row's bias stands, an `Int32`; nil where the metric has none.
    @usableFromInline
    let biasOffset: Int?

    /// - Parameters:
    ///   - rows: row 0, ``rowStride(_:dimensions:metric:)`` bytes each; the matrix outlives the kernel and never moves.
    ///   - instructionSet: a set that this machine supports. Of AVX-512 its VNNI part is used; where that is missing, AVX2.
    package init(
        _ codes: VectorCodes, metric: Metric, rows: UnsafePointer<UInt8>, dimensions: Int,
        instructionSet: InstructionSet
    ) {
        precondition(codes != .none)
        self.metric = metric
        self.rows = rows
        self.dimensions = dimensions
        stride = Self.rowStride(codes, dimensions: dimensions, metric: metric)
        prefetch = RowPrefetch(rows: rows, stride: stride)
        biasOffset = metric == .innerProduct ? stride - MemoryLayout<Int32>.stride : nil
        let table = instructionSet.codeTable({ ck_code_table_named($0) }, features: \.required_features).pointee
        let metrics = codes == .int4 ? table.u4 : table.u7
        switch metric {
        case .manhattan: kernels = metrics.l1
        case .squaredEuclidean, .cosine: kernels = metrics.l2sq
        case .innerProduct: kernels = metrics.dot
        }
    }

    /// Bytes from one row to the next: whole cache lines.
    package static func rowStride(_ codes: VectorCodes, dimensions: Int, metric: Metric) -> Int {
        let biasBytes = metric == .innerProduct ? MemoryLayout<Int32>.stride : 0
        return (codes.byteCount(dimensions: dimensions) + biasBytes + 63) / 64 * 64
    }

    /// Encodes a vector to a row, `stride` bytes that are 0 at first.
    package func encode(
        _ vector: UnsafePointer<Float>, by quantizer: ScalarQuantizer, into row: UnsafeMutablePointer<UInt8>
    ) {
        quantizer.encode(vector, into: row)
        guard let biasOffset else { return }
        var bias: Float = 0
        for d in 0..<dimensions {
            let code = quantizer.codes == .int4 ? row[d / 2] >> (d % 2 == 0 ? 0 : 4) & 15 : row[d]
            bias += quantizer.offsets[d] / quantizer.scale * Float(code)
        }
        let rounded = Int32(max(-0x1p30, min(0x1p30, bias)))
        UnsafeMutableRawPointer(row + biasOffset).storeBytes(of: rounded, as: Int32.self)
    }

    /// Encodes a query to `stride` bytes that are 0 at first, or hold another query.
    ///
    /// Under inner product a query is first scaled to the typical length of a row, which changes no order. Returns the factor.
    package func encode(
        query: UnsafePointer<Float>, squaredNorm: Float, by quantizer: ScalarQuantizer,
        into target: UnsafeMutablePointer<UInt8>
    ) -> Float {
        // Squares of a short query's values underflow.
        let norm =
            squaredNorm >= 0x1p-64
            ? Double(squaredNorm).squareRoot()
            : (0..<dimensions).reduce(0.0) { $0 + Double(query[$1]) * Double(query[$1]) }.squareRoot()
        guard metric == .innerProduct, norm > 0, quantizer.typicalNorm > 0 else {
            encode(query, by: quantizer, into: target)
            return 1
        }
        let factor = Float(min(Double(quantizer.typicalNorm) / norm, 0x1p127))
        withUnsafeTemporaryAllocation(of: Float.self, capacity: dimensions) { scaled in
            guard let scaled = scaled.baseAddress else { return }
            for d in 0..<dimensions { scaled[d] = max(-0x1p100, min(0x1p100, query[d] * factor)) }
            encode(scaled, by: quantizer, into: target)
        }
        return factor
    }

    @inlinable
    package func row(_ slot: UInt32) -> UnsafePointer<UInt8> { rows + Int(slot) &* stride }

    package func pair(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>) -> Float {
        let sum = kernels.pair(a, b, dimensions)
        guard metric == .innerProduct else { return Float(sum) }
        return -Float(Int64(sum) + Int64(bias(a)) + Int64(bias(b)))
    }

    @inlinable
    package func gather(
        _ query: UnsafePointer<UInt8>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        distances.withMemoryRebound(to: UInt32.self, capacity: count) { sums in
            kernels.gather(query, rows, stride, slots, count, dimensions, sums)
        }
        convert(distances, count: count, query: query) { row(slots[$0]) }
    }

    package func scan(
        _ query: UnsafePointer<UInt8>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        distances.withMemoryRebound(to: UInt32.self, capacity: count) { sums in
            kernels.scan(query, rows + first * stride, stride, count, dimensions, sums)
        }
        convert(distances, count: count, query: query) { row(UInt32(first + $0)) }
    }

    /// By `scan`, exactly.
    package func batch(
        _ queries: QueryBlock<UInt8>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        for q in 0..<queries.count {
            scan(queries.query(q), first: first, count: count, into: distances + q * count)
        }
    }

    package func batchError(queryNorm: Float, rowNorm: Float) -> Float { 0 }

    /// Turns sums, which lie where the distances will, into distances.
    @inlinable
    func convert(
        _ distances: UnsafeMutablePointer<Float>, count: Int, query: UnsafePointer<UInt8>,
        row: (Int) -> UnsafePointer<UInt8>
    ) {
        guard biasOffset != nil else {
            for i in 0..<count { distances[i] = Float(distances[i].bitPattern) }
            return
        }
        let queryBias = Int64(bias(query))
        for i in 0..<count {
            distances[i] = -Float(Int64(distances[i].bitPattern) + queryBias + Int64(bias(row(i))))
        }
    }

    @inlinable
    func bias(_ row: UnsafePointer<UInt8>) -> Int32 {
        guard let biasOffset else { return 0 }
        return UnsafeRawPointer(row + biasOffset).load(as: Int32.self)
    }
}
