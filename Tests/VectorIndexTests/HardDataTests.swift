// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

/// Queries, and the true distances of their ten nearest.
struct Truth {
    private let vectors: [[Float]]
    private let queries: [[Float]]
    private let metric: Metric
    private let farthest: [Double]

    init(_ vectors: [[Float]], queries: [[Float]], metric: Metric) throws {
        self.vectors = vectors
        self.queries = queries
        self.metric = metric
        let exact = try ExactIndex(dimensions: vectors[0].count, metric: metric)
        try exact.insertAll(vectors.flatMap { $0 }, keys: 0..<UInt64(vectors.count))
        farthest = try zip(queries, exact.answers(queries.flatMap { $0 }, k: 10)).map { query, found in
            let distances = found.map { DistanceOracle.distance(query, vectors[Int($0.key)], metric) }
            return distances.max() ?? 0
        }
    }

    /// The share of the ten nearest that an index finds; what is as far but for rounding counts.
    func recall(of index: HNSWIndex, efSearch: Int) throws -> Double {
        try recall(of: index.search(each: queries.flatMap { $0 }, k: 10, effort: .candidates(efSearch)))
    }

    /// The same share in answers to the queries.
    func recall(of answers: [[Neighbor]]) -> Double {
        var hits = 0
        for (q, found) in answers.enumerated() {
            let rounding = metric == .cosine ? 3e-7 : 1e-5 * abs(farthest[q])
            hits += Set(found.map(\.key)).count {
                DistanceOracle.distance(queries[q], vectors[Int($0)], metric) <= farthest[q] + rounding
            }
        }
        return Double(hits) / Double(10 * queries.count)
    }
}

@Suite("Data that codes with one range for all vectors lose")
struct HardDataTests {
    private static func index(
        _ vectors: [[Float]], metric: Metric, codes: VectorCodes, keepsVectors: Bool = true, batches: [Int] = []
    ) throws -> HNSWIndex {
        let options = HNSWOptions(m: 12, efConstruction: 64, codes: codes, keepsVectors: keepsVectors)
        let index = try HNSWIndex(dimensions: vectors[0].count, metric: metric, options: options)
        var first = 0
        for count in batches + [vectors.count - batches.reduce(0, +)] {
            let part = first..<first + count
            try index.insertAll(vectors[part].flatMap { $0 }, keys: UInt64(part.lowerBound)..<UInt64(part.upperBound))
            first += count
        }
        return index
    }

    private static let cases: [(HardData, Metric)] =
        HardData.allCases.map {
            ($0, [.lognormalLengths, .attentionKeys].contains($0) ? .innerProduct : .squaredEuclidean)
        }
        + [
            (.minorityAskewTight, .cosine), (.modalityGap, .cosine), (.minorityTight, .manhattan),
            (.wideDimension, .manhattan), (.minority, .innerProduct), (.rectified, .innerProduct),
        ]

    @Test("Codes that the index chooses lose nothing that vectors find", arguments: cases)
    func chosenCodes(data: HardData, metric: Metric) throws {
        let sample = data.sample(count: 1000, queryCount: 60, seed: 1001)
        let truth = try Truth(sample.vectors, queries: sample.queries, metric: metric)
        let byCodes = try Self.index(sample.vectors, metric: metric, codes: .automatic)
        let byVectors = try Self.index(sample.vectors, metric: metric, codes: VectorCodes.float32)
        for ef in [64, 512] {
            let (found, expected) = (
                try truth.recall(of: byCodes, efSearch: ef), try truth.recall(of: byVectors, efSearch: ef)
            )
            #expect(found >= expected - 0.01, "\(data), \(metric), ef \(ef): \(found), by vectors \(expected)")
        }
    }

    private static let codesOnlyCases: [(HardData, VectorCodes, Metric)] = [
        (.minorityTight, .int4, .squaredEuclidean), (.tightDuplicates, .int8, .squaredEuclidean),
        (.nearDuplicates, .int4, .manhattan), (.lognormalLengths, .int4, .innerProduct),
    ]

    @Test("An index that keeps codes only finds nearly all", arguments: codesOnlyCases)
    func codesOnly(data: HardData, codes: VectorCodes, metric: Metric) throws {
        let sample = data.sample(count: 4200, queryCount: 60, seed: 1002)
        let truth = try Truth(sample.vectors, queries: sample.queries, metric: metric)
        let index = try Self.index(sample.vectors, metric: metric, codes: codes, keepsVectors: false)
        #expect(index.vectors.isCodesOnly || codes == .automatic)
        let found = try truth.recall(of: index, efSearch: 512)
        // Vectors themselves do not always find as many.
        let wanted =
            found >= 0.95
            ? 0.95
            : try truth.recall(
                of: Self.index(sample.vectors, metric: metric, codes: VectorCodes.float32), efSearch: 512)
        #expect(found >= min(0.95, wanted), "\(data), \(metric), \(index.codesInUse): \(found) of \(wanted)")
    }

    private static func normal(
        _ count: Int, dimensions: Int = 64, scale: Float = 1, about place: Float = 0,
        using generator: inout SeededGenerator
    ) -> [[Float]] {
        (0..<count).map { _ in (0..<dimensions).map { _ in place + scale * generator.nextNormal() } }
    }

    @Test(
        "Vectors that come later, elsewhere and close together, are found",
        arguments: [.automatic, .int8] as [VectorCodes])
    func lateCluster(codes: VectorCodes) throws {
        var generator = SeededGenerator(seed: 1003)
        let vectors =
            Self.normal(1200, using: &generator) + Self.normal(300, scale: 0.01, about: 3, using: &generator)
        let queries = Self.normal(60, scale: 0.01, about: 3, using: &generator)
        let truth = try Truth(vectors, queries: queries, metric: .squaredEuclidean)
        let index = try Self.index(vectors, metric: .squaredEuclidean, codes: codes, batches: [1200])
        let found = try truth.recall(of: index, efSearch: 64)
        #expect(found >= 0.98, "\(index.codesInUse): \(found)")
    }

    @Test("Of vectors of two scales both are found", arguments: [.automatic, .int8] as [VectorCodes])
    func twoScales(codes: VectorCodes) throws {
        var generator = SeededGenerator(seed: 1004)
        let vectors = Self.normal(700, using: &generator) + Self.normal(700, scale: 0.01, using: &generator)
        let index = try Self.index(vectors, metric: .squaredEuclidean, codes: codes)
        let byVectors = try Self.index(vectors, metric: .squaredEuclidean, codes: VectorCodes.float32)
        for scale in [1, 0.01] as [Float] {
            let queries = Self.normal(50, scale: scale, using: &generator)
            let truth = try Truth(vectors, queries: queries, metric: .squaredEuclidean)
            let found = try truth.recall(of: index, efSearch: 64)
            // Of so many dimensions vectors themselves find fewer of the farther ones.
            let wanted = scale == 1 ? try truth.recall(of: byVectors, efSearch: 64) - 0.01 : 0.97
            #expect(found >= wanted, "\(index.codesInUse), scale \(scale): \(found) of \(wanted)")
        }
    }

    @Test("With more candidates the recall of inner products has no ceiling")
    func noCeiling() throws {
        let sample = HardData.lognormalLengths.sample(count: 1500, queryCount: 60, seed: 1005)
        let truth = try Truth(sample.vectors, queries: sample.queries, metric: .innerProduct)
        let index = try Self.index(sample.vectors, metric: .innerProduct, codes: .automatic)
        #expect(index.codesInUse != .float32)
        let found = try [64, 256, 1024].map { try truth.recall(of: index, efSearch: $0) }
        #expect(found == found.sorted() && found[2] == 1, "\(found)")
    }

    @Test("Of directions in a plane all are found", arguments: [.automatic, .int8, .int4] as [VectorCodes])
    func plane(codes: VectorCodes) throws {
        var generator = SeededGenerator(seed: 1006)
        let vectors = Self.normal(1000, dimensions: 2, using: &generator)
        let queries = Self.normal(60, dimensions: 2, using: &generator)
        let truth = try Truth(vectors, queries: queries, metric: .cosine)
        let index = try Self.index(vectors, metric: .cosine, codes: codes)
        #expect(try truth.recall(of: index, efSearch: 512) == 1)
    }
}
