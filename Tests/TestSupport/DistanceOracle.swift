// SPDX-License-Identifier: Apache-2.0

import VectorIndex

/// Distances computed in double precision from the definition of each metric: what every kernel is compared with.
public enum DistanceOracle {
    /// The metric's value.
    public static func distance(_ a: some Collection<Float>, _ b: some Collection<Float>, _ metric: Metric) -> Double {
        precondition(a.count == b.count)
        switch metric {
        case .manhattan:
            return zip(a, b).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) }
        case .squaredEuclidean:
            return zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
        case .innerProduct:
            return -dot(a, b)
        case .cosine:
            return 1 - dot(a, b) / (dot(a, a).squareRoot() * dot(b, b).squareRoot())
        }
    }

    /// What rounding may take from or add to a computed distance: `2 (n + 8) 2⁻²⁴ Σ |term|`, twice the bound that the kernels
    /// state, because the operands of a term are rounded too.
    public static func tolerance(_ a: some Collection<Float>, _ b: some Collection<Float>, _ metric: Metric) -> Double {
        let magnitude: Double
        switch metric {
        case .manhattan: magnitude = zip(a, b).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) }
        case .squaredEuclidean: magnitude = distance(a, b, .squaredEuclidean)
        case .innerProduct: magnitude = zip(a, b).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
        case .cosine: magnitude = 1
        }
        return 2 * Double(a.count + 8) * 0x1p-24 * magnitude + Double(Float.leastNormalMagnitude)
    }

    /// The positions of the `k` nearest of `vectors` (one after the other) to `query`, nearest first.
    public static func nearest(
        to query: [Float], in vectors: [Float], k: Int, metric: Metric
    ) -> [(position: Int, distance: Double)] {
        let dimensions = query.count
        let all = (0..<vectors.count / dimensions).map { i in
            (position: i, distance: distance(query, vectors[i * dimensions..<(i + 1) * dimensions], metric))
        }
        return Array(all.sorted { ($0.distance, $0.position) < ($1.distance, $1.position) }.prefix(k))
    }

    private static func dot(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}
