// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Distances from a query to the float vectors of dimension-major blocks, 64 at a time.
package struct Float32BlockKernel {
    /// Vectors in a block; a bit of a `UInt64` each.
    package static var blockSize: Int { Int(CK_BLOCK) }

    package let metric: Metric
    package let dimensions: Int

    private let blocks: UnsafePointer<Float>
    private let table: UnsafePointer<ck_table>
    private let kernels: ck_kernels

    /// What computes batches; nil takes what the process uses, whose self-test waits for the first batch.
    private let products: BatchedProducts?

    /// - Parameters:
    ///   - blocks: block 0; value d of vector v of block b is `blocks[(b * dimensions + d) * blockSize + v]`. They outlive
    ///     the kernel and never move.
    ///   - instructionSet: a set that this machine supports.
    package init(metric: Metric, blocks: UnsafePointer<Float>, dimensions: Int, instructionSet: InstructionSet) {
        self.metric = metric
        self.dimensions = dimensions
        self.blocks = blocks
        table = Float32Kernel.table(instructionSet)
        kernels = Float32Kernel.kernels(metric, of: table)
        products = BatchedProducts.replacement
    }

    /// Finds the vectors of a block that are at most `bound` away from the query.
    ///
    /// - Parameter distances: room for `blockSize`; the places of the vectors found are written.
    /// - Returns: a bit for each vector found. Under cosine it may hold others too, a rounding error beyond the bound.
    package func scan(
        _ query: UnsafePointer<Float>, block: Int, bound: Float, into distances: UnsafeMutablePointer<Float>
    ) -> UInt64 {
        let values = self.values(block)
        let linesAhead = Int(CK_BLOCK_LINES_AHEAD)
        switch metric {
        case .manhattan, .squaredEuclidean:
            return kernels.scan_block(query, values, dimensions, bound, linesAhead, distances)
        case .innerProduct:
            let found = kernels.scan_block(query, values, dimensions, -bound, linesAhead, distances)
            for v in 0..<Self.blockSize { distances[v] = -distances[v] }
            return found
        case .cosine:
            // 2⁻²²: what rounding `1 - bound` and `1 - product` can take away.
            let found = kernels.scan_block(query, values, dimensions, 1 - bound - 0x1p-22, linesAhead, distances)
            for v in 0..<Self.blockSize { distances[v] = 1 - distances[v] }
            return found
        }
    }

    /// Inner products of queries with the vectors of a block: `out[q * blockSize + v]`.
    package func products(
        _ queries: UnsafePointer<Float>, count: Int, stride: Int, block: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        var batch = ck_dot_batch(
            queries: queries, query_count: count, query_stride: stride, rows: values(block), row_count: Self.blockSize,
            row_stride: Self.blockSize, n: dimensions, out: out, out_stride: Self.blockSize, dimension_major: true)
        (products ?? .linked).run(&batch, table: table)
    }

    /// A bit for each vector v whose `products[v] - offsets[v]` is at least `bound`.
    package func select(
        _ products: UnsafePointer<Float>, offsets: UnsafePointer<Float>, bound: Float
    ) -> UInt64 {
        table.pointee.select(products, offsets, bound)
    }

    /// The distance from a query to a vector that is copied out of its block: to the bit what ``Float32Kernel`` computes.
    ///
    /// - Parameter paddedDimensions: floats that both have, zeros after the last dimension.
    package func rowDistance(
        _ query: UnsafePointer<Float>, _ vector: UnsafePointer<Float>, paddedDimensions: Int
    ) -> Float {
        var slot: UInt32 = 0
        var sum: Float = 0
        kernels.gather(query, vector, paddedDimensions, &slot, 1, paddedDimensions, &sum)
        switch metric {
        case .manhattan, .squaredEuclidean: return sum
        case .innerProduct: return -sum
        case .cosine: return 1 - sum
        }
    }

    /// The largest difference between a distance from ``scan(_:block:bound:into:)`` or ``products(_:count:stride:block:into:)``
    /// and the exact one, for vectors of at most these Euclidean norms.
    package func error(queryNorm: Float, vectorNorm: Float) -> Float {
        guard metric == .manhattan else {
            return BatchedProducts.error(metric, terms: dimensions, queryNorm: queryNorm, rowNorm: vectorNorm)
        }
        // Σ|q - x| ≤ √n |q - x|, and the relative error of a sum of n terms that are not negative is at most γ.
        let n = Float(dimensions + 8)
        return n * 0x1p-24 / (1 - n * 0x1p-24) * n.squareRoot() * (queryNorm + vectorNorm)
    }

    private func values(_ block: Int) -> UnsafePointer<Float> { blocks + block * dimensions * Self.blockSize }
}
