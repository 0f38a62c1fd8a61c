// SPDX-License-Identifier: Apache-2.0

/// Computes distances from a query to rows of one matrix, by one call a hop, a run of rows or a tile; never by one call a
/// distance in a loop.
///
/// Every shape gives the metric's value (``Metric``): negated inner products under `innerProduct`, `1 - Σ q·x` under
/// `cosine`. `gather` and `scan` give the same bits for the same row. Queries have the row's padded length, zeros after
/// the last dimension.
package protocol DistanceKernel {
    /// What a row holds: floats, or the codes that stand for them.
    associatedtype Element: BitwiseCopyable

    /// The first element of row `slot`. The row is valid if the matrix has stored it.
    func row(_ slot: UInt32) -> UnsafePointer<Element>

    /// What to prefetch of rows. A loop takes it once, before it begins.
    var prefetch: RowPrefetch { get }

    /// The distance of two vectors.
    func pair(_ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>) -> Float

    /// `distances[i]` becomes the distance from `query` to row `slots[i]`, for `i < count`.
    func gather(
        _ query: UnsafePointer<Element>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>)

    /// `distances[i]` becomes the distance from `query` to row `first + i`, for `i < count`.
    func scan(
        _ query: UnsafePointer<Element>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>)

    /// `distances[q * count + i]` becomes the approximate distance from query `q` to row `first + i`.
    ///
    /// It is off by no more than ``batchError(queryNorm:rowNorm:)``.
    func batch(_ queries: QueryBlock<Element>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>)

    /// The largest absolute error of a batched distance between vectors of at most these Euclidean norms.
    func batchError(queryNorm: Float, rowNorm: Float) -> Float
}

/// Queries one after the other, `stride` elements apart, and the norms that batched distances need.
package struct QueryBlock<Element: BitwiseCopyable> {
    package let base: UnsafePointer<Element>
    package let count: Int
    package let stride: Int

    /// `Σ q²` of each query.
    package let squaredNorms: UnsafePointer<Float>

    package init(base: UnsafePointer<Element>, count: Int, stride: Int, squaredNorms: UnsafePointer<Float>) {
        self.base = base
        self.count = count
        self.stride = stride
        self.squaredNorms = squaredNorms
    }

    package func query(_ index: Int) -> UnsafePointer<Element> { base + index * stride }
}
