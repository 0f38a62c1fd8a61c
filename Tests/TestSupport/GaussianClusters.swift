// SPDX-License-Identifier: Apache-2.0

import VectorIndex

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Vectors in clusters of a normal distribution, of fewer independent directions than dimensions, as embeddings lie.
///
/// `x = c + B z`: a center `c` and the directions `B`, which all clusters share, have normal values; so has `z`, one value a
/// direction. Distances within a cluster are about .7 of those between clusters.
public struct GaussianClusters: Sendable {
    /// Values in every vector.
    public let dimensions: Int

    /// The vectors, one after the other.
    public let vectors: [Float]

    /// The cluster of each vector.
    public let clusters: [Int]

    /// Draws vectors, each from a cluster chosen at random.
    public init(count: Int, dimensions: Int, clusters clusterCount: Int, directions: Int = 16, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        self.dimensions = dimensions
        let centers = (0..<clusterCount * dimensions).map { _ in generator.nextNormal() }
        let scale = 1 / Float(directions).squareRoot()
        let basis = (0..<directions * dimensions).map { _ in scale * generator.nextNormal() }
        var vectors = [Float](repeating: 0, count: count * dimensions)
        var clusters: [Int] = []
        for i in 0..<count {
            let cluster = Int.random(in: 0..<clusterCount, using: &generator)
            clusters.append(cluster)
            for d in 0..<dimensions { vectors[i * dimensions + d] = centers[cluster * dimensions + d] }
            for direction in 0..<directions {
                let z = generator.nextNormal()
                for d in 0..<dimensions { vectors[i * dimensions + d] += z * basis[direction * dimensions + d] }
            }
        }
        self.vectors = vectors
        self.clusters = clusters
    }
}

extension SeededGenerator {
    /// A number of the normal distribution (Box and Muller's method).
    public mutating func nextNormal() -> Float {
        // The logarithm's argument is above 0.
        let radius = (-2 * log(1 - Float.random(in: 0..<1, using: &self))).squareRoot()
        return radius * cos(2 * .pi * Float.random(in: 0..<1, using: &self))
    }
}

extension [Float] {
    /// The vectors of these positions, one after the other, out of vectors that lie one after the other.
    public func vectors(at positions: some Collection<Int>, dimensions: Int) -> [Float] {
        var chosen: [Float] = []
        chosen.reserveCapacity(positions.count * dimensions)
        for i in positions { chosen += self[i * dimensions..<(i + 1) * dimensions] }
        return chosen
    }
}
