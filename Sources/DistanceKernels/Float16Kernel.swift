// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Distances from queries of 32-bit floats to rows in half precision, by the C table of one instruction set. A row becomes a query by
/// being widened once.
package struct Float16Kernel: DistanceKernel {
    package let metric: Metric
    package let prefetch: RowPrefetch

    /// Values that are read of a query and of a row, padding included.
    @usableFromInline
    let paddedDimensions: Int

    /// Halves from one row to the next.
    @usableFromInline
    let stride: Int

    @usableFromInline
    let rows: UnsafePointer<UInt16>
    @usableFromInline
    let kernels: ck_half_kernels
    private let precision: HalfPrecision

    /// - Parameters:
    ///   - rows: row 0 of the matrix; the matrix outlives the kernel and never moves.
    ///   - paddedDimensions: values of a row and floats of a query that are read; those after the last dimension are 0.
    ///   - stride: halves from one row to the next.
    package init(
        metric: Metric, rows: UnsafePointer<UInt16>, paddedDimensions: Int, stride: Int, precision: HalfPrecision
    ) {
        self.metric = metric
        self.paddedDimensions = paddedDimensions
        self.stride = stride
        self.rows = rows
        self.precision = precision
        prefetch = RowPrefetch(rows: rows, stride: stride * MemoryLayout<UInt16>.stride)
        let table = precision.table.pointee
        kernels =
            switch metric {
            case .manhattan: table.l1
            case .squaredEuclidean: table.l2sq
            case .innerProduct, .cosine: table.dot
            }
    }

    package var queryLength: Int { paddedDimensions }

    @inlinable
    package func query(
        of vector: UnsafePointer<Float>, space: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> { vector }

    package func query(ofRow slot: UInt32, space: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        precision.widen(rows + Int(slot) &* stride, count: paddedDimensions, into: space)
        return UnsafePointer(space)
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
}
