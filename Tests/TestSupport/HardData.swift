// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Data whose codes lose neighbors if they have one range for all vectors: some lie apart, or much closer together than others, or
/// are much longer.
public enum HardData: String, CaseIterable, Sendable {
    /// One in 55 lies elsewhere, along the direction of ones; asked about.
    case minority, minorityTight

    /// One in 55 lies elsewhere, along a random direction; asked about.
    case minorityAskew, minorityAskewTight

    /// 40 clusters.
    case nearDuplicates, tightDuplicates

    /// Unit vectors of one kind, asked about with those of another.
    case modalityGap

    /// Queries ten times as long as vectors, or shifted by far in one dimension.
    case longQueries, shiftedQueries

    /// One dimension a million times as wide as the others.
    case wideDimension

    /// Lengths over twelve decades; and of a lognormal distribution.
    case manyLengths, lognormalLengths

    /// Keys that share a mean and have two wide dimensions, and queries with another mean: what attention compares.
    case attentionKeys

    /// Half of the vectors a thousandth as long as the others.
    case twoLengths

    /// Values that are never negative, most of them zero.
    case rectified

    /// Values in every vector.
    public static let dimensions = 64

    /// Vectors and queries.
    public struct Sample: Sendable {
        /// The vectors.
        public var vectors: [[Float]]

        /// What is asked.
        public var queries: [[Float]]
    }

    /// Draws vectors and queries.
    public func sample(count: Int, queryCount: Int, seed: UInt64) -> Sample {
        var generator = SeededGenerator(seed: seed)
        let space = LowRank(dimensions: Self.dimensions, rank: self == .rectified ? 24 : 16, using: &generator)
        let vectors = (0..<count).map { _ in space.vector(using: &generator) }
        let queries = (0..<queryCount).map { _ in space.vector(using: &generator) }
        var sample = Sample(vectors: vectors, queries: queries)
        switch self {
        case .minority: sample.moveMinority(by: [Float](repeating: 8, count: Self.dimensions), scale: 1)
        case .minorityTight: sample.moveMinority(by: [Float](repeating: 2, count: Self.dimensions), scale: 0.02)
        case .minorityAskew, .minorityAskewTight:
            let direction = (0..<Self.dimensions).map { _ in 4 * generator.nextNormal() }
            sample.moveMinority(by: direction, scale: self == .minorityAskew ? 1 : 0.02)
        case .nearDuplicates, .tightDuplicates:
            let centers = (0..<40).map { _ in (0..<Self.dimensions).map { _ in generator.nextNormal() } }
            let spread: Float = self == .nearDuplicates ? 0.03 : 0.002
            sample.change { vector, i in
                for d in vector.indices { vector[d] = centers[i % 40][d] + spread * generator.nextNormal() }
            }
        case .modalityGap:
            let shift = (0..<Self.dimensions).map { d in d == 0 ? 4 : d == 1 ? -3 : 0.2 * generator.nextNormal() }
            sample.vectors = sample.vectors.map { ($0 * 0.5 + shift).unit }
            sample.queries = sample.queries.map { ($0 * 0.5 + shift.enumerated().map { $0 < 2 ? -$1 : $1 }).unit }
        case .longQueries: sample.queries = sample.queries.map { $0 * 10 }
        case .shiftedQueries: for i in sample.queries.indices { sample.queries[i][5] += 20 }
        case .wideDimension: sample.change { vector, _ in vector[5] *= 1e6 }
        case .manyLengths: sample.change { vector, i in vector = vector * pow(10, Float(i % 13) - 6) }
        case .lognormalLengths:
            for i in sample.vectors.indices {
                sample.vectors[i] = sample.vectors[i].unit * exp(0.5 * generator.nextNormal())
            }
        case .attentionKeys:
            let keyMean = (0..<Self.dimensions).map { _ in 2 * generator.nextNormal() }
            let queryMean = (0..<Self.dimensions).map { _ in generator.nextNormal() }
            sample.vectors = sample.vectors.map { vector in
                (vector + keyMean).enumerated().map { $0 == 9 || $0 == 40 ? 8 * $1 : $1 }
            }
            sample.queries = sample.queries.map { $0 + queryMean }
        case .twoLengths: sample.change { vector, i in if i % 2 == 1 { vector = vector * 1e-3 } }
        case .rectified: sample.change { vector, _ in vector = vector.map { max($0 - 0.9, 0) } }
        }
        return sample
    }
}

extension HardData.Sample {
    /// Changes every vector and query.
    fileprivate mutating func change(_ body: (inout [Float], Int) -> Void) {
        for i in vectors.indices { body(&vectors[i], i) }
        for i in queries.indices { body(&queries[i], i) }
    }

    /// Moves one in 55 vectors, and all queries, elsewhere.
    fileprivate mutating func moveMinority(by shift: [Float], scale: Float) {
        for i in vectors.indices where i % 55 == 7 { vectors[i] = vectors[i] * scale + shift }
        for i in queries.indices { queries[i] = queries[i] * scale + shift }
    }
}

/// Points near a subspace, as embeddings lie.
private struct LowRank {
    let basis: [[Float]]

    init(dimensions: Int, rank: Int, using generator: inout SeededGenerator) {
        let scale = 1 / Float(rank).squareRoot()
        basis = (0..<rank).map { _ in (0..<dimensions).map { _ in scale * generator.nextNormal() } }
    }

    func vector(using generator: inout SeededGenerator) -> [Float] {
        var vector = basis[0].map { _ in 0.05 * generator.nextNormal() }
        for direction in basis {
            let z = generator.nextNormal()
            direction.withUnsafeBufferPointer { direction in
                for d in vector.indices { vector[d] += z * direction[d] }
            }
        }
        return vector
    }
}

extension [Float] {
    fileprivate static func * (vector: [Float], factor: Float) -> [Float] { vector.map { $0 * factor } }

    fileprivate static func + (a: [Float], b: [Float]) -> [Float] { zip(a, b).map { $0 + $1 } }

    fileprivate var unit: [Float] { self * (1 / reduce(0) { $0 + $1 * $1 }.squareRoot()) }
}
