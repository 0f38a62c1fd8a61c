// SPDX-License-Identifier: Apache-2.0

/// Random numbers that a seed determines (SplitMix64), so that a failure can be run again.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Begins the sequence of that seed.
    public init(seed: UInt64) { state = seed }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A vector of values in [-1, 1).
    public mutating func vector(dimensions: Int) -> [Float] {
        (0..<dimensions).map { _ in Float.random(in: -1..<1, using: &self) }
    }

    /// Vectors one after the other.
    public mutating func vectors(count: Int, dimensions: Int) -> [Float] {
        vector(dimensions: count * dimensions)
    }

    /// Vectors around `clusters` centers, one after the other, as embeddings lie: searching them is harder than searching
    /// uniform noise of few dimensions and easier than noise of many.
    public mutating func clusteredVectors(count: Int, dimensions: Int, clusters: Int, spread: Float = 0.3) -> [Float] {
        let centers = (0..<clusters).map { _ in vector(dimensions: dimensions) }
        return (0..<count).flatMap { _ in
            let center = centers[Int.random(in: 0..<clusters, using: &self)]
            return center.map { $0 + spread * Float.random(in: -1..<1, using: &self) }
        }
    }
}
