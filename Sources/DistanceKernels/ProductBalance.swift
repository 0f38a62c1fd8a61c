// SPDX-License-Identifier: Apache-2.0

/// The inner product by which a graph compares stored vectors with one another: `Σ w (x - c)·(y - c)` over dimensions, c being their
/// mean, if it is large, and w a weight that is below 1 for wide dimensions.
///
/// A query q ranks vectors x by `<q, x>`. That order stays the same if c is subtracted from every x, and if a dimension of x is
/// divided by a number that the same dimension of q is multiplied with. Which stored vectors are near one another does change. Under
/// `<x, y>` a mean that all vectors share, or a few wide dimensions, decide alone: every vector has the same few neighbors, and
/// queries that ask for something else find nothing.
///
/// 20,000 keys of 128 dimensions with a mean and four wide dimensions: recall@10 at `ef` 64 is .97 instead of .68. Where the mean is
/// small and no dimension is wide, recall stays as it is.
package struct ProductBalance: Sendable, Equatable {
    /// c, a value for each dimension; zeros if the mean is small.
    package let center: [Float]

    /// w, a number above 0 for each dimension, 1 at most.
    package let weights: [Float]

    /// The squared length of a mean that decides, in squared lengths of what vectors have beside it. A smaller one stays: queries like
    /// the stored vectors have it too. Subtracted, clusters about a mean of .03 lost .005 of recall.
    private static var largeMean: Double { 0.25 }

    /// A dimension is wide if its deviation is so many times the median of all. What each side of a product has of it is divided by
    /// how many times wider it is than that. Dividing narrower dimensions too lost a minority that lies apart: its queries ask in the
    /// direction of its own mean.
    private static var wide: Double { 3 }

    /// - Parameters:
    ///   - center: a finite value for each dimension.
    ///   - weights: as many numbers above 0, 1 at most.
    package init(center: [Float], weights: [Float]) {
        precondition(center.count == weights.count && weights.allSatisfy { $0 > 0 && $0 <= 1 })
        self.center = center
        self.weights = weights
    }

    /// The balance that suits a sample of at least one vector; nil if plain products do.
    package init?(of sample: [UnsafePointer<Float>], dimensions: Int) {
        let spreads = DimensionSpread.each(of: sample, dimensions: dimensions)
        let deviations = spreads.map(\.deviation)
        // Of sparse vectors, most dimensions may not vary in the sample.
        let median = deviations.sorted()[dimensions / 2]
        let widest = Self.wide * (median > 0 ? median : deviations.reduce(0, +) / Double(dimensions))
        let weights = deviations.map { deviation in
            guard deviation > widest, widest > 0 else { return 1 as Float }
            return max(Float(widest / deviation * (widest / deviation)), .leastNormalMagnitude)
        }
        let meanLength = zip(spreads, weights).reduce(0) { $0 + Double($1.1) * $1.0.mean * $1.0.mean }
        let spreadLength = zip(spreads, weights).reduce(0) { $0 + Double($1.1) * $1.0.deviation * $1.0.deviation }
        let decides = meanLength > Self.largeMean * spreadLength
        guard decides || weights.contains(where: { $0 < 1 }) else { return nil }
        center = spreads.map { decides ? Float($0.mean) : 0 }
        self.weights = weights
    }

    /// What each dimension of a vector is scaled by, so that plain products of scaled vectors are balanced.
    package var scales: [Float] { weights.map { $0.squareRoot() } }

    /// Writes `t = w (y - c)` in place of a vector y. Returns `<c, t>`: `<x - c, t>` is `<x, t>` less that.
    package func apply(to vector: UnsafeMutablePointer<Float>) -> Float {
        var product: Float = 0
        center.withUnsafeBufferPointer { center in
            weights.withUnsafeBufferPointer { weights in
                for d in 0..<center.count {
                    let balanced = (vector[d] - center[d]) * weights[d]
                    vector[d] = balanced
                    product += center[d] * balanced
                }
            }
        }
        return product
    }
}

/// Mean and standard deviation of one dimension's values, without the outermost 2 % of them, so that a few vectors change neither.
package struct DimensionSpread {
    let mean: Double
    let deviation: Double

    /// Those of every dimension, by at most 512 vectors of a sample.
    static func each(of sample: [UnsafePointer<Float>], dimensions: Int) -> [DimensionSpread] {
        let some = sample.spread(512)
        let outside = some.count / 50
        var values = [Float](repeating: 0, count: some.count)
        return (0..<dimensions).map { d in
            for (i, vector) in some.enumerated() { values[i] = vector[d] }
            values.sort()
            let inside = values[outside..<values.count - outside]
            let mean = inside.reduce(0) { $0 + Double($1) } / Double(inside.count)
            let variance = inside.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(inside.count)
            return DimensionSpread(mean: mean, deviation: variance.squareRoot())
        }
    }
}
