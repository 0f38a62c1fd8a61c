// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

@Suite("Recall as a parameter")
struct CalibrationTests {
    private static let dimensions = 24

    /// Clustered vectors in an index, and queries of the same clusters that are not stored.
    private static func fixture(
        codes: VectorCodes = .float32, metric: Metric = .squaredEuclidean, count: Int = 3000, queryCount: Int = 200
    ) throws -> (index: HNSWIndex, vectors: [Float], queries: [[Float]]) {
        var generator = SeededGenerator(seed: 31)
        let all = generator.clusteredVectors(
            count: count + queryCount, dimensions: dimensions, clusters: 40, spread: 0.5)
        let options = HNSWOptions(m: 6, efConstruction: 40, codes: codes)
        let index = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
        let vectors = Array(all.prefix(count * dimensions))
        try index.insertAll(vectors, keys: 0..<UInt64(count))
        return (index, vectors, (count..<count + queryCount).map { all.vector($0, dimensions) })
    }

    private static func delivered(
        _ index: HNSWIndex, _ vectors: [Float], _ queries: [[Float]], k: Int, recall: Double
    ) throws -> Double {
        let exact = try ExactIndex(dimensions: dimensions, metric: index.metric)
        try exact.insertAll(vectors, keys: 0..<UInt64(vectors.count / dimensions))
        var hits = 0
        for query in queries {
            let expected = try exact.search(query, k: k)
            let found = Set(try index.search(query, k: k, effort: .recall(recall)).map(\.key))
            hits += expected.count { found.contains($0.key) }
        }
        return Double(hits) / Double(queries.count * k)
    }

    @Test(
        "The wanted recall is delivered, within the chance of 200 queries", arguments: VectorCodes.usable,
        [Metric.squaredEuclidean, .manhattan])
    func delivers(codes: VectorCodes, metric: Metric) throws {
        let (index, vectors, queries) = try Self.fixture(codes: codes, metric: metric)
        let calibration = try #require(index.calibration)
        #expect(calibration.source == .heldOutVectors && calibration.vectorCount == 3000)
        #expect(calibration.curves.map(\.k) == [1, 10, 100])
        #expect(calibration.curves.allSatisfy { $0.queryCount == 100 })
        for k in [1, 10, 30] {
            for recall in [0.8, 0.95, 0.99] {
                let delivered = try Self.delivered(index, vectors, queries, k: k, recall: recall)
                #expect(delivered >= recall - 0.04, "\(delivered) for \(recall), k \(k)")
            }
        }
        #expect(try Self.delivered(index, vectors, queries, k: 10, recall: 1) == 1, "by comparing every vector")
    }

    @Test("Points ascend, and more recall or results never want fewer candidates")
    func monotone() throws {
        let calibration = try #require(try Self.fixture().index.calibration)
        for curve in calibration.curves {
            #expect(curve.points.map(\.efSearch) == curve.points.map(\.efSearch).sorted())
            #expect(curve.points.map(\.recall) == curve.points.map(\.recall).sorted())
            #expect(curve.points.allSatisfy { (0...1).contains($0.recall) && $0.standardError >= 0 })
            #expect(curve.points.allSatisfy { $0.distancesPerQuery > 0 && $0.efSearch >= curve.k })
        }
        for k in [1, 2, 5, 10, 11, 50, 100, 101, 500] {
            let settings = [0.1, 0.5, 0.8, 0.9, 0.95].map { calibration.efSearch(forRecall: $0, k: k) ?? .max }
            #expect(settings == settings.sorted(), "k \(k)")
            #expect(settings.allSatisfy { $0 >= k }, "k \(k)")
        }
    }

    @Test("Between points the upper one is taken, beyond them nothing is promised")
    func steps() throws {
        func point(_ ef: Int, _ recall: Double) -> Calibration.Point {
            Calibration.Point(efSearch: ef, recall: recall, standardError: 0, distancesPerQuery: 1)
        }
        let calibration = Calibration(
            source: .queries, vectorCount: 5000,
            curves: [
                .init(k: 1, queryCount: 100, points: [point(10, 0.9), point(40, 0.99)]),
                .init(k: 100, queryCount: 100, points: [point(100, 0.9), point(400, 0.99)]),
            ])
        #expect(calibration.efSearch(forRecall: 0.5, k: 1) == 10)
        #expect(calibration.efSearch(forRecall: 0.9, k: 1) == 10)
        #expect(calibration.efSearch(forRecall: 0.901, k: 1) == 40)
        #expect(calibration.efSearch(forRecall: 0.99, k: 1) == 40)
        #expect(calibration.efSearch(forRecall: 0.991, k: 1) == nil)
        // Ten is half way from 1 to 100 in logarithms.
        #expect(calibration.efSearch(forRecall: 0.9, k: 10) == 32)
        #expect(calibration.efSearch(forRecall: 0.9, k: 300) == 300)
        #expect(calibration.efSearch(forRecall: 0.9, k: .max) == .max)
    }

    @Test("It is renewed when the index has grown by half or lost a fifth, at a search by a twentieth, and not before")
    func renewal() throws {
        let (index, vectors, queries) = try Self.fixture(count: 2000, queryCount: 1400)
        let first = try #require(index.calibration)
        try index.insertAll(queries.prefix(900).flatMap { $0 }, keys: 2000..<2900)
        #expect(index.calibration == first)
        try index.insertAll(queries[900..<1100].flatMap { $0 }, keys: 2900..<3100)
        #expect(index.calibration?.vectorCount == 3100)
        try index.insertAll(queries[1100..<1200].flatMap { $0 }, keys: 3100..<3200)
        #expect(try index.search(vectors.vector(800, Self.dimensions), k: 1, effort: .recall(0.9)).map(\.key) == [800])
        #expect(index.calibration?.vectorCount == 3100)
        try index.insertAll(queries[1200..<1300].flatMap { $0 }, keys: 3200..<3300)
        #expect(index.calibration?.vectorCount == 3100)
        #expect(try index.search(vectors.vector(800, Self.dimensions), k: 1, effort: .recall(0.9)).map(\.key) == [800])
        let grown = try #require(index.calibration)
        #expect(grown.vectorCount == 3300 && grown.source == .storedVectors)
        for key in 3100..<3300 as Range<UInt64> { #expect(try index.remove(key: key)) }
        for key in 0..<700 as Range<UInt64> { #expect(try index.remove(key: key)) }
        #expect(index.calibration?.vectorCount == 3300)
        #expect(try index.search(vectors.vector(800, Self.dimensions), k: 1, effort: .recall(0.9)).map(\.key) == [800])
        let third = try #require(index.calibration)
        #expect(third.vectorCount == 2400 && third.source == .storedVectors)
        for key in 700..<2200 as Range<UInt64> { #expect(try index.remove(key: key)) }
        #expect(index.calibration == nil)
        try index.checkInvariants()
    }

    @Test("A caller's queries are asked, now and at later renewals", arguments: [VectorCodes.float32, .int8])
    func ownQueries(codes: VectorCodes) throws {
        let (index, _, queries) = try Self.fixture(codes: codes, count: 1500, queryCount: 1200)
        try index.calibrate(queries: queries.prefix(150).flatMap { $0 })
        let own = try #require(index.calibration)
        #expect(own.source == .queries && own.curves.allSatisfy { $0.queryCount == 150 })
        try index.insertAll(queries.suffix(1000).flatMap { $0 }, keys: 2000..<3000)
        let renewed = try #require(index.calibration)
        #expect(renewed.source == .queries && renewed.vectorCount == 2500)
        try index.calibrate()
        #expect(index.calibration?.source == .storedVectors)
    }

    @Test("What cannot be found amid a batch is not missed", arguments: [1, 2])
    func amidBatch(copies: Int) throws {
        let (index, _, queries) = try Self.fixture(count: 500, queryCount: 999)
        let vectors = (0..<copies).flatMap { _ in queries.flatMap { $0 } }
        try index.insertAll(vectors, keys: 1000..<1000 + UInt64(copies * 999))
        let first = try #require(index.calibration)
        #expect(first.curves.allSatisfy { $0.points.last.map { $0.recall > 0.98 } ?? false })
        try index.calibrate(queries: queries.prefix(150).flatMap { $0.map { $0 + 0.01 } })
        var generator = SeededGenerator(seed: 32)
        let others = generator.clusteredVectors(count: 3000, dimensions: Self.dimensions, clusters: 40, spread: 0.5)
        try index.insertAll(others, keys: 5000..<8000)
        let second = try #require(index.calibration)
        #expect(second.source == .queries && second.vectorCount > first.vectorCount)
        #expect(second.curves.allSatisfy { $0.points.last.map { $0.recall > 0.98 } ?? false })
    }

    @Test("Fewer than 1,000 vectors are compared one by one, as is a single vector and none")
    func small() throws {
        let (index, vectors, queries) = try Self.fixture(codes: .int4, count: 900)
        #expect(index.calibration == nil)
        try index.calibrate()
        #expect(index.calibration == nil)
        #expect(try Self.delivered(index, vectors, queries, k: 10, recall: 0.1) == 1)
        let empty = try HNSWIndex(dimensions: 2, metric: .cosine)
        #expect(try empty.search([1, 0], k: 3, effort: .recall(0.9)).isEmpty)
        try empty.insert([1, 1], key: 5)
        #expect(try empty.search([1, 0], k: 3, effort: .recall(0.9)).map(\.key) == [5])
        #expect(try empty.search([1, 0], k: 0, effort: .recall(0.9)).isEmpty)
    }

    @Test("Vectors that are all equal, and inserted one by one, calibrate")
    func equalVectors() throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        for key in 0..<1100 as Range<UInt64> { try index.insert([1, 2], key: key) }
        #expect(try index.search([1, 2], k: 5, effort: .recall(0.9)).count == 5)
        #expect(try index.search([1, 2], k: 2000, effort: .recall(0.9)).count == 1100)
        #expect(index.calibration?.curves == [] && !index.isCalibrationDue)
    }

    @Test("A recall that is none is refused", arguments: [0, -1, 1.01, .nan, .infinity])
    func refused(recall: Double) throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        #expect {
            try index.search([1, 2], k: 1, effort: .recall(recall))
        } throws: {
            guard case VectorIndexError.invalidRecall = $0 else { return false }
            return true
        }
        #expect(throws: VectorIndexError.self) { try index.search([1, .nan], k: 1, effort: .recall(0.5)) }
        #expect(throws: VectorIndexError.self) { try index.search([1, 2], k: -1, effort: .recall(0.5)) }
        #expect(throws: VectorIndexError.self) { try index.calibrate(queries: [1, 2, 3]) }
        #expect(throws: VectorIndexError.self) { try index.calibrate(queries: [1, .infinity]) }
    }
}
