// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Nearest
import TestSupport

/// Clusters of the stored vectors by Lloyd's algorithm under the Euclidean distance.
///
/// Means begin as vectors chosen at random; one that no vector is nearest to stays where it is.
struct KMeans {
    /// The cluster of each vector.
    private(set) var clusters: [Int]

    init(_ inputs: SearchInputs, clusters count: Int, rounds: Int, generator: inout SeededGenerator) throws {
        let dimensions = inputs.dimensions
        let chosen = (0..<inputs.baseCount).shuffled(using: &generator).prefix(count)
        var means = inputs.base.vectors(at: chosen, dimensions: dimensions)
        clusters = try Self.nearest(to: inputs.base, of: means, dimensions: dimensions)
        for _ in 0..<rounds {
            var sums = [Float](repeating: 0, count: means.count)
            var counts = [Int](repeating: 0, count: chosen.count)
            for (i, cluster) in clusters.enumerated() {
                counts[cluster] += 1
                for d in 0..<dimensions { sums[cluster * dimensions + d] += inputs.base[i * dimensions + d] }
            }
            for cluster in counts.indices where counts[cluster] > 0 {
                for d in 0..<dimensions {
                    means[cluster * dimensions + d] = sums[cluster * dimensions + d] / Float(counts[cluster])
                }
            }
            clusters = try Self.nearest(to: inputs.base, of: means, dimensions: dimensions)
        }
    }

    /// The mean nearest to each vector.
    private static func nearest(to vectors: [Float], of means: [Float], dimensions: Int) throws -> [Int] {
        let index = try ExactIndex(dimensions: dimensions, metric: .squaredEuclidean)
        try index.insert(contentsOf: means, keys: (0..<UInt64(means.count / dimensions)).map { $0 })
        return try index.search(each: vectors, k: 1).map { Int($0[0].key) }
    }
}
