// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Distances on 32-bit float rows, by the C table of one instruction set.
package struct Float32Kernel: DistanceKernel {
    package let metric: Metric
    package let instructionSet: InstructionSet

    /// Floats that are read of a vector, padding included.
    package let paddedDimensions: Int

    /// Floats from one row to the next.
    package let stride: Int

    @usableFromInline
    let rows: UnsafePointer<Float>
    package let prefetch: RowPrefetch
    private let table: UnsafePointer<ck_table>
    @usableFromInline
    let kernels: ck_kernels

    /// What computes batches; nil takes what the process uses, whose self-test waits for the first batch.
    private let products: BatchedProducts?

    /// - Parameters:
    ///   - rows: row 0 of the matrix; the matrix outlives the kernel and never moves.
    ///   - paddedDimensions: floats of a row that are read; those after the last dimension are 0.
    ///   - instructionSet: a set that this machine supports.
    package init(
        metric: Metric, rows: UnsafePointer<Float>, paddedDimensions: Int, stride: Int, instructionSet: InstructionSet
    ) {
        self.metric = metric
        self.instructionSet = instructionSet
        self.paddedDimensions = paddedDimensions
        self.stride = stride
        self.rows = rows
        prefetch = RowPrefetch(rows: rows, stride: stride * MemoryLayout<Float>.stride)
        table = Self.table(instructionSet)
        kernels = Self.kernels(metric, of: table)
        products = BatchedProducts.replacement
    }

    /// The C table of a set that this machine supports.
    static func table(_ instructionSet: InstructionSet) -> UnsafePointer<ck_table> {
        guard instructionSet.isSupported, let table = ck_table_named(instructionSet.rawValue) else {
            preconditionFailure("instruction set not supported by this machine")
        }
        return table
    }

    /// The kernels of the sum that a metric is made of.
    static func kernels(_ metric: Metric, of table: UnsafePointer<ck_table>) -> ck_kernels {
        switch metric {
        case .manhattan: table.pointee.l1
        case .squaredEuclidean: table.pointee.l2sq
        case .innerProduct, .cosine: table.pointee.dot
        }
    }

    /// The first float of row `slot`. The row is valid if the matrix has stored it.
    @inlinable
    package func row(_ slot: UInt32) -> UnsafePointer<Float> { rows + Int(slot) &* stride }

    package var queryLength: Int { 0 }

    @inlinable
    package func query(
        of vector: UnsafePointer<Float>, space: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> { vector }

    @inlinable
    package func query(ofRow slot: UInt32, space: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> { row(slot) }

    /// The distance of two vectors.
    package func pair(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
        var distance = kernels.pair(a, b, paddedDimensions)
        metric.setDistances(fromSums: &distance, count: 1)
        return distance
    }

    @inlinable
    package func gather(
        _ query: UnsafePointer<Float>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        kernels.gather(query, rows, stride, slots, count, paddedDimensions, distances)
        metric.setDistances(fromSums: distances, count: count)
    }

    package func scan(
        _ query: UnsafePointer<Float>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        kernels.scan(query, rows + first * stride, stride, count, paddedDimensions, distances)
        metric.setDistances(fromSums: distances, count: count)
    }

    /// `Σ v²`.
    package func squaredNorm(_ vector: UnsafePointer<Float>) -> Float {
        ck_squared_norm(table, vector, paddedDimensions)
    }
}

extension Metric {
    /// Turns a table's sums into the metric's values.
    @inlinable
    func setDistances(fromSums values: UnsafeMutablePointer<Float>, count: Int) {
        switch self {
        case .manhattan, .squaredEuclidean: break
        case .innerProduct: for i in 0..<count { values[i] = -values[i] }
        case .cosine: for i in 0..<count { values[i] = 1 - values[i] }
        }
    }
}

// MARK: - Batches

extension Float32Kernel {
    /// `distances[q * count + i]` becomes the approximate distance from query `q` to row `first + i`, off by no more than
    /// ``batchError(queryNorm:rowNorm:)``.
    ///
    /// Inner products by ``BatchedProducts``; squared Euclidean distances as `Σ q² + Σ x² - 2 Σ q·x`, which cancels for
    /// near neighbors; Manhattan distances by `scan`, exactly.
    package func batch(
        _ queries: QueryBlock<Float>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        guard metric != .manhattan else {
            for q in 0..<queries.count {
                scan(queries.query(q), first: first, count: count, into: distances + q * count)
            }
            return
        }
        let tile = rows + first * stride
        var batch = ck_dot_batch(
            queries: queries.base, query_count: queries.count, query_stride: queries.stride, rows: tile,
            row_count: count,
            row_stride: stride, n: paddedDimensions, out: distances, out_stride: count, dimension_major: false)
        (products ?? .linked).run(&batch, table: table)
        guard metric == .squaredEuclidean else {
            return metric.setDistances(fromSums: distances, count: queries.count * count)
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { rowNorms in
            ck_squared_norms(table, tile, stride, count, paddedDimensions, rowNorms.baseAddress)
            for q in 0..<queries.count {
                let queryNorm = queries.squaredNorms[q]
                let out = distances + q * count
                // In this order `max` lets NaN through.
                for i in 0..<count { out[i] = max(queryNorm + rowNorms[i] - 2 * out[i], 0) }
            }
        }
    }

    /// The largest absolute error of a batched distance between vectors of at most these Euclidean norms.
    package func batchError(queryNorm: Float, rowNorm: Float) -> Float {
        BatchedProducts.error(metric, terms: paddedDimensions, queryNorm: queryNorm, rowNorm: rowNorm)
    }
}
