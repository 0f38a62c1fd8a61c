// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

/// Vectors, in the calls that insert them, and queries that a mean over all vectors says little about.
enum UnevenData: CaseIterable, Sendable {
    /// Some hundredth of the vectors lies far from the others, and is asked alone.
    case minority

    /// A hundredth lies close together amid the others, and is asked alone.
    case tightMinority

    /// A group that a second call inserts, too small to be calibrated at the end of it.
    case lateGroup

    /// The wider half of vectors of two scales.
    case wideHalf

    /// Many small groups: the recall is a step where a result is of another group.
    case smallGroups

    /// Queries of another kind: each is a vector like those stored, and a long way off in one direction.
    case strangers

    static let dimensions = 16

    /// The least recall that a wish for .95 may deliver.
    var floor: Double { self == .strangers ? 0.9 : 0.92 }

    private func normal(_ count: Int, scale: Float = 1, _ generator: inout SeededGenerator) -> [Float] {
        (0..<count * Self.dimensions).map { _ in
            // The sum of 12 is near enough to normal.
            scale * ((0..<12).reduce(-6) { sum, _ in sum + Float.random(in: 0..<1, using: &generator) })
        }
    }

    func make() -> (calls: [[Float]], queries: [Float]) {
        var generator = SeededGenerator(seed: 97)
        let most = normal(1400, &generator)
        switch self {
        case .minority:
            return ([most + normal(16, &generator).map { $0 + 8 }], normal(80, &generator).map { $0 + 8 })
        case .tightMinority:
            let center = normal(1, &generator)
            func near(_ count: Int) -> [Float] {
                zip(normal(count, scale: 0.01, &generator), (0..<count).flatMap { _ in center }).map(+)
            }
            return ([near(16) + most], near(80))
        case .lateGroup:
            func group(_ count: Int) -> [Float] { normal(count, scale: 0.01, &generator).map { $0 + 3 } }
            return ([most, group(64)], group(80))
        case .wideHalf:
            return ([normal(700, scale: 0.01, &generator) + normal(700, &generator)], normal(80, &generator))
        case .smallGroups:
            let centers = normal(100, &generator)
            func grouped(_ count: Int) -> [Float] {
                zip(
                    normal(count, scale: 0.1, &generator),
                    (0..<count).flatMap { centers.vector($0 % 100, Self.dimensions) }
                )
                .map(+)
            }
            return ([grouped(1400)], grouped(80))
        case .strangers:
            var queries = normal(80, &generator)
            for q in 0..<80 { queries[q * Self.dimensions] += 12 }
            return ([most], queries)
        }
    }

    func index() throws -> (index: HNSWIndex, queries: [Float]) {
        let (calls, queries) = make()
        let options = HNSWOptions(m: 6, efConstruction: 40, codes: VectorCodes.float32)
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean, options: options)
        var count: UInt64 = 0
        for call in calls {
            let end = count + UInt64(call.count / Self.dimensions)
            try index.insertAll(call, keys: count..<end)
            count = end
        }
        return (index, queries)
    }
}

@Suite("Recall that is delivered")
struct DeliveredRecallTests {
    /// The share of the true nearest that searches find, on average.
    private func delivered(_ index: HNSWIndex, _ queries: [Float], k: Int, recall: Double) throws -> Double {
        let expected = try index.search(each: queries, k: k, effort: .recall(1))
        let found = try index.search(each: queries, k: k, effort: .recall(recall))
        let hits = zip(expected, found).reduce(0) { sum, answers in
            let last = answers.0.last?.distance ?? 0
            return sum + answers.1.count { $0.distance <= last }
        }
        return Double(hits) / Double(expected.reduce(0) { $0 + $1.count })
    }

    @Test("Queries of one neighborhood alone, and of another kind, find what is wanted", arguments: UnevenData.allCases)
    func worstGroup(data: UnevenData) throws {
        let (index, queries) = try data.index()
        for k in [1, 10, 100] {
            let delivered = try delivered(index, queries, k: k, recall: 0.95)
            #expect(delivered >= data.floor, "\(delivered), k \(k)")
        }
        try index.checkInvariants()
    }

    @Test("More than 100 results are found with the wanted recall")
    func manyResults() throws {
        let (index, queries) = try UnevenData.minority.index()
        for k in [150, 300] {
            let delivered = try delivered(index, queries, k: k, recall: 0.95)
            #expect(delivered >= 0.93, "\(delivered), k \(k)")
        }
    }

    @Test("A batch is answered as its queries are one by one", arguments: [UnevenData.wideHalf, .strangers])
    func batch(data: UnevenData) throws {
        let (index, queries) = try data.index()
        let dimensions = UnevenData.dimensions
        for (k, recall) in [(1, 0.8), (10, 0.95), (10, 0.99), (5000, 0.9), (3, 1), (0, 0.9)] {
            let single = try (0..<queries.count / dimensions).map {
                try index.search(queries.vector($0, dimensions), k: k, effort: .recall(recall))
            }
            for threads in [1, 3] {
                let batch = try index.search(each: queries, k: k, effort: .recall(recall), threads: threads)
                #expect(batch == single, "k \(k), recall \(recall), \(threads) threads")
            }
            let vectors = try index.search(
                queries.vector(0, dimensions), k: k, effort: .recall(recall), including: .vectors)
            #expect(vectors == single[0] && vectors.allSatisfy { $0.vector?.count == dimensions })
        }
        #expect(throws: VectorIndexError.self) { try index.search(each: queries, k: 1, effort: .recall(1.5)) }
        #expect(throws: VectorIndexError.self) { try index.search(each: [Float.nan], k: 1, effort: .recall(0.5)) }
        #expect(try index.search(each: [Float](), k: 1, effort: .recall(0.5)).isEmpty)
    }

    @Test("Queries of another kind cost more distances than members of the data")
    func effort() throws {
        let (index, queries) = try UnevenData.strangers.index()
        func cost(_ queries: [Float]) throws -> Int {
            try (0..<80).reduce(0) { sum, q in
                var count = 0
                let query = queries.vector(q, UnevenData.dimensions)
                _ = try index.search(
                    query.span, request: SearchRequest(k: 10, effort: .recall(0.95)), distanceCount: &count)
                return sum + count
            }
        }
        var members = queries
        for q in 0..<80 { members[q * UnevenData.dimensions] -= 12 }
        #expect(try cost(queries) > cost(members))
    }

    @Test("A saved index answers a wish for a recall as before")
    func saved() throws {
        let folder = try TemporaryFolder()
        let (index, queries) = try UnevenData.strangers.index()
        let before = try index.search(each: queries, k: 10, effort: .recall(0.95))
        try index.save(to: folder.path("saved.nearest"))
        let opened = try HNSWIndex(contentsOf: folder.path("saved.nearest"))
        #expect(try opened.search(each: queries, k: 10, effort: .recall(0.95)) == before)
        #expect(opened.calibration == index.calibration)
    }
}
