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

    private let rows: UnsafePointer<Float>
    private let table: UnsafePointer<ck_table>
    private let kernels: ck_kernels

    /// - Parameters:
    ///   - rows: row 0 of the matrix; the matrix outlives the kernel and never moves.
    ///   - paddedDimensions: floats of a row that are read; those after the last dimension are 0.
    ///   - instructionSet: a set that this machine supports.
    package init(
        metric: Metric, rows: UnsafePointer<Float>, paddedDimensions: Int, stride: Int, instructionSet: InstructionSet
    ) {
        precondition(instructionSet.isSupported, "instruction set not supported by this machine")
        self.metric = metric
        self.instructionSet = instructionSet
        self.paddedDimensions = paddedDimensions
        self.stride = stride
        self.rows = rows
        table = ck_table_named(instructionSet.rawValue)
        switch metric {
        case .manhattan: kernels = table.pointee.l1
        case .squaredEuclidean: kernels = table.pointee.l2sq
        case .innerProduct, .cosine: kernels = table.pointee.dot
        }
    }

    package func row(_ slot: UInt32) -> UnsafePointer<Float> { rows + Int(slot) &* stride }

    package func prefetch(_ slot: UInt32) {
        let line = UnsafeRawPointer(row(slot))
        ck_prefetch(line)
        ck_prefetch(line + 64)
    }

    package func pair(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
        var distance = kernels.pair(a, b, paddedDimensions)
        distanceFromSum(&distance, count: 1)
        return distance
    }

    package func gather(
        _ query: UnsafePointer<Float>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        kernels.gather(query, rows, stride, slots, count, paddedDimensions, distances)
        distanceFromSum(distances, count: count)
    }

    package func scan(
        _ query: UnsafePointer<Float>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        kernels.scan(query, rows + first * stride, stride, count, paddedDimensions, distances)
        distanceFromSum(distances, count: count)
    }

    /// `Σ v²`.
    package func squaredNorm(_ vector: UnsafePointer<Float>) -> Float {
        table.pointee.dot.pair(vector, vector, paddedDimensions)
    }

    /// Turns the table's sums into the metric's values.
    private func distanceFromSum(_ values: UnsafeMutablePointer<Float>, count: Int) {
        switch metric {
        case .manhattan, .squaredEuclidean: break
        case .innerProduct: for i in 0..<count { values[i] = -values[i] }
        case .cosine: for i in 0..<count { values[i] = 1 - values[i] }
        }
    }
}

// MARK: - Batches

extension Float32Kernel {
    /// Inner products by ``BatchedProducts``; squared Euclidean distances as `Σ q² + Σ x² - 2 Σ q·x`, which cancels for
    /// near neighbours; Manhattan distances by `scan`, exactly.
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
        var products = ck_dot_batch(
            queries: queries.base, query_count: queries.count, query_stride: queries.stride, rows: tile,
            row_count: count,
            row_stride: stride, n: paddedDimensions, out: distances, out_stride: count)
        BatchedProducts.run(&products, table: table)
        guard metric == .squaredEuclidean else {
            return distanceFromSum(distances, count: queries.count * count)
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { rowNorms in
            for i in 0..<count { rowNorms[i] = squaredNorm(tile + i * stride) }
            for q in 0..<queries.count {
                let queryNorm = queries.squaredNorms[q]
                let out = distances + q * count
                // In this order `max` lets NaN through.
                for i in 0..<count { out[i] = max(queryNorm + rowNorms[i] - 2 * out[i], 0) }
            }
        }
    }

    /// A sum of n products is off by at most `γ Σ|q·x| ≤ γ |q| |x|` with `γ = n u / (1 - n u)`, `u = 2⁻²⁴` (Higham,
    /// Accuracy and Stability of Numerical Algorithms, section 3.1); the squared distance adds three such sums, and 8 stands
    /// for the few operations after them. Products that underflow are off by up to 2⁻¹⁵⁰ each, and norms with them: smaller
    /// norms count as ``smallestNorm``, at which the bound covers that too.
    package func batchError(queryNorm: Float, rowNorm: Float) -> Float {
        let n = Float(paddedDimensions + 8)
        let gamma = n * 0x1p-24 / (1 - n * 0x1p-24)
        let queryNorm = max(queryNorm, Self.smallestNorm)
        let rowNorm = max(rowNorm, Self.smallestNorm)
        switch metric {
        case .manhattan: return 0
        case .squaredEuclidean: return gamma * (queryNorm + rowNorm) * (queryNorm + rowNorm)
        case .innerProduct: return gamma * queryNorm * rowNorm
        case .cosine: return gamma * (queryNorm * rowNorm + 1)
        }
    }

    /// `γ (2⁻⁶⁰)² ≥ n 2⁻¹⁴⁴`.
    private static var smallestNorm: Float { 0x1p-60 }
}
