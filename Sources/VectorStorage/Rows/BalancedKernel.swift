// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Balanced inner products (``ProductBalance``) of stored vectors with one another, by the rows of another kernel.
///
/// `-<x - c, t>` is the other kernel's distance to a query t, plus `<c, t>`. A query's space holds, in this order: the
/// ``Head`` (64 bytes), t as floats, and the other kernel's query for t, each on a cache line.
package struct BalancedKernel<Base: DistanceKernel>: DistanceKernel {
    private let base: Base
    private let vectors: StoredVectors
    private let products: ProductBalance

    /// Where the other kernel's query is made.
    private let baseSpaceOffset: Int

    private struct Head {
        /// `<c, t>`
        var centerProduct: Float
        /// Where the other kernel's query begins.
        var queryOffset: Int
    }

    private static var headBytes: Int { 64 }

    /// - Parameters:
    ///   - base: a kernel of the inner product.
    ///   - vectors: what the rows of `base` stand for.
    package init(_ base: Base, balance: ProductBalance, vectors: StoredVectors) {
        self.base = base
        self.vectors = vectors
        products = balance
        // A stride is whole cache lines.
        baseSpaceOffset = Self.headBytes + vectors.stride * MemoryLayout<Float>.stride
    }

    package var balance: ProductBalance? { products }

    package var queryLength: Int { baseSpaceOffset / MemoryLayout<Base.Element>.stride + base.queryLength }

    package var prefetch: RowPrefetch { base.prefetch }

    package func query(
        of vector: UnsafePointer<Float>, space: UnsafeMutablePointer<Base.Element>
    ) -> UnsafePointer<Base.Element> {
        let start = UnsafeMutableRawPointer(space)
        // SAFETY: the space is `queryLength` elements on a cache line; the floats lie in it, behind the head.
        let balanced = (start + Self.headBytes).assumingMemoryBound(to: Float.self)
        if vector != UnsafePointer(balanced) { balanced.update(from: vector, count: vectors.stride) }
        let centerProduct = products.apply(to: balanced)
        let baseSpace = (start + baseSpaceOffset).assumingMemoryBound(to: Base.Element.self)
        let query = base.query(of: balanced, space: baseSpace)
        let queryOffset = UnsafeRawPointer(query) - UnsafeRawPointer(start)
        start.storeBytes(of: Head(centerProduct: centerProduct, queryOffset: queryOffset), as: Head.self)
        return UnsafePointer(space)
    }

    package func query(
        ofRow slot: UInt32, space: UnsafeMutablePointer<Base.Element>
    ) -> UnsafePointer<Base.Element> {
        // SAFETY: as above.
        let decoded = (UnsafeMutableRawPointer(space) + Self.headBytes).assumingMemoryBound(to: Float.self)
        return vectors.withNewest(Slot(slot), space: decoded) { query(of: $0, space: space) }
    }

    /// The other kernel's query, and what is added to distances from it.
    private func parts(
        _ query: UnsafePointer<Base.Element>
    ) -> (query: UnsafePointer<Base.Element>, centerProduct: Float) {
        let start = UnsafeRawPointer(query)
        let head = start.load(as: Head.self)
        return ((start + head.queryOffset).assumingMemoryBound(to: Base.Element.self), head.centerProduct)
    }

    package func gather(
        _ query: UnsafePointer<Base.Element>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        let (query, centerProduct) = parts(query)
        base.gather(query, slots: slots, count: count, into: distances)
        for i in 0..<count { distances[i] += centerProduct }
    }

    package func scan(
        _ query: UnsafePointer<Base.Element>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        let (query, centerProduct) = parts(query)
        base.scan(query, first: first, count: count, into: distances)
        for i in 0..<count { distances[i] += centerProduct }
    }

    package func deviation(of slot: UInt32, at distance: Float, from query: UnsafePointer<Base.Element>) -> Float {
        let (query, centerProduct) = parts(query)
        return base.deviation(of: slot, at: distance - centerProduct, from: query)
    }

    package func commonDeviation(of query: UnsafePointer<Base.Element>) -> Float {
        base.commonDeviation(of: parts(query).query)
    }

    package var remainderShare: Float { base.remainderShare }
}
