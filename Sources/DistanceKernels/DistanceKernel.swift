// SPDX-License-Identifier: Apache-2.0

/// Computes distances from a query to rows of one matrix, by one call a hop, a run of rows; never by one call a
/// distance in a loop.
///
/// Every shape gives the metric's value (``Metric``): negated inner products under `innerProduct`, `1 - Σ q·x` under
/// `cosine`. `gather` and `scan` give the same bits for the same row.
package protocol DistanceKernel {
    /// What a query holds: floats, or the codes that stand for them.
    associatedtype Element: BitwiseCopyable

    /// Elements of a query.
    var queryLength: Int { get }

    /// The query that asks for what is near a vector.
    ///
    /// - Parameters:
    ///   - vector: the floats of a row, padded with zeros.
    ///   - space: ``queryLength`` elements on a cache line; what is returned lies there, or is the vector itself.
    func query(of vector: UnsafePointer<Float>, space: UnsafeMutablePointer<Element>) -> UnsafePointer<Element>

    /// The query that asks for what is near a row, as the row stands for it; see ``query(of:space:)``.
    func query(ofRow slot: UInt32, space: UnsafeMutablePointer<Element>) -> UnsafePointer<Element>

    /// What to prefetch of rows. A loop takes it once, before it begins.
    var prefetch: RowPrefetch { get }

    /// `distances[i]` becomes the distance from `query` to row `slots[i]`, for `i < count`.
    func gather(
        _ query: UnsafePointer<Element>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>)

    /// `distances[i]` becomes the distance from `query` to row `first + i`, for `i < count`.
    func scan(
        _ query: UnsafePointer<Element>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>)

    /// How far a distance may be off from that to the vector which the row stands for, as a standard deviation; 0 where rows are
    /// vectors.
    func deviation(of slot: UInt32, at distance: Float, from query: UnsafePointer<Element>) -> Float

    /// How far all distances from a query may be off alike beside that, as a standard deviation: of no account among them, but
    /// where they are compared with distances from another query.
    func commonDeviation(of query: UnsafePointer<Element>) -> Float

    /// The share of a row's deviation which is left where a row is read with its remainders.
    var remainderShare: Float { get }

    /// What balances inner products of stored vectors with one another; nil where they are not balanced.
    var balance: ProductBalance? { get }
}

/// Rows that are vectors, compared as they are.
extension DistanceKernel {
    package func deviation(of slot: UInt32, at distance: Float, from query: UnsafePointer<Element>) -> Float { 0 }

    package func commonDeviation(of query: UnsafePointer<Element>) -> Float { 0 }

    package var remainderShare: Float { 1 }

    package var balance: ProductBalance? { nil }
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
