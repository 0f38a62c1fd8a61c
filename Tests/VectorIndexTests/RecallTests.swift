// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("Recall")
struct RecallTests {
    static let dimensions = 24
    static let count = 1000

    /// Clustered vectors, and queries from the same clusters that are not among them.
    private static func data(seed: UInt64) -> (vectors: [Float], queries: [[Float]]) {
        var generator = SeededGenerator(seed: seed)
        let all = generator.clusteredVectors(count: count + 30, dimensions: dimensions, clusters: 30)
        return (
            Array(all.prefix(count * dimensions)), (count..<count + 30).map { all.vector($0, dimensions) }
        )
    }

    @Test(
        "HNSW finds nearly all of the 10 nearest, built in a batch or one by one",
        arguments: Metric.allCases, [true, false])
    func hnswRecall(metric: Metric, inBatch: Bool) throws {
        for seed in [1, 2] as [UInt64] {
            let (vectors, queries) = Self.data(seed: seed)
            let index = try HNSWIndex(dimensions: Self.dimensions, metric: metric)
            let keys = 0..<UInt64(Self.count)
            if inBatch { try index.insertAll(vectors, keys: keys) } else { try index.insertEach(vectors, keys: keys) }
            let recall = try recall(of: index, vectors: vectors, queries: queries)
            // Inner products are no metric: a graph of them is searched less well.
            #expect(recall >= (metric == .innerProduct ? 0.95 : 0.98), "\(metric), seed \(seed)")
        }
    }

    @Test("Inner products rank large negative values last and large positive ones first", arguments: IndexKind.allCases)
    func innerProductSigns(kind: IndexKind) throws {
        let index = try kind.make(dimensions: 2, metric: .innerProduct)
        try index.insertAll([3, 0, -2, 0, 0, 1, 1, 1, -5, 5], keys: 0..<5)
        let found = try index.search([1, 0], k: 5)
        #expect(found.map(\.key) == [0, 3, 2, 1, 4])
        #expect(found.map(\.distance) == [-3, -1, 0, 2, 5])
    }

    @Test("Inner-product search of vectors of very different lengths finds the nearest", arguments: [1, 2] as [UInt64])
    func innerProductOfManyLengths(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let vectors = (0..<600).flatMap { _ in
            let length = Float.random(in: 0.1..<4, using: &generator)
            return generator.vector(dimensions: 16).map { $0 * length }
        }
        let queries = (0..<30).map { _ in generator.vector(dimensions: 16) }
        let index = try HNSWIndex(dimensions: 16, metric: .innerProduct)
        try index.insertAll(vectors, keys: 0..<600)
        #expect(try recall(of: index, vectors: vectors, queries: queries) >= 0.95, "seed \(seed)")
    }

    @Test("Reported distances are the oracle's, sorted", arguments: IndexKind.allCases, Metric.allCases)
    func distancesAreTrue(kind: IndexKind, metric: Metric) throws {
        for dimensions in [1, 3, 16, 17, 33] {
            var generator = SeededGenerator(seed: UInt64(dimensions))
            let vectors = generator.vectors(count: 200, dimensions: dimensions)
            let index = try kind.make(dimensions: dimensions, metric: metric)
            try index.insertAll(vectors, keys: 0..<200)
            for _ in 0..<5 {
                let query = generator.vector(dimensions: dimensions)
                let found = try index.search(query, k: 20)
                #expect(found.count == 20)
                expectTrueDistances(found, query: query, metric: metric, "\(dimensions) dimensions") {
                    vectors.vector(Int($0), dimensions)
                }
            }
        }
    }

    @Test("Cosine distances of the same and the opposite direction are 0 and 2", arguments: IndexKind.allCases)
    func cosineRange(kind: IndexKind) throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let vector = generator.vector(dimensions: 13)
            let index = try kind.make(dimensions: 13, metric: .cosine)
            try index.insert(vector, key: 1)
            try index.insert(vector.map { -3 * $0 }, key: 2)
            let found = try index.search(vector.map { 7 * $0 }, k: 2)
            #expect(found.map(\.key) == [1, 2])
            #expect((0...1e-6).contains(found[0].distance), "seed \(seed)")
            #expect((2 - 1e-6...2).contains(found[1].distance), "seed \(seed)")
        }
    }

    @Test("The options have an effect: more candidates cost more distances and find more")
    func optionsMatter() throws {
        let (vectors, queries) = Self.data(seed: 3)
        func cost(_ index: HNSWIndex, _ effort: SearchEffort) throws -> Int {
            try queries.reduce(0) { sum, query in
                var count = 0
                _ = try index.search(query.span, request: SearchRequest(k: 1, effort: effort), distanceCount: &count)
                return sum + count
            }
        }
        func index(m: Int, efConstruction: Int, efSearch: Int) throws -> HNSWIndex {
            let options = HNSWOptions(
                m: m, efConstruction: efConstruction, efSearch: efSearch, codes: VectorCodes.float32)
            let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean, options: options)
            try index.insertAll(vectors, keys: 0..<UInt64(Self.count))
            return index
        }
        let small = try index(m: 2, efConstruction: 4, efSearch: 1)
        let large = try index(m: 16, efConstruction: 100, efSearch: 200)
        #expect(try cost(small, .candidates(200)) > 2 * cost(small, .automatic))
        #expect(try cost(large, .automatic) == cost(large, .candidates(200)))
        #expect(try cost(large, .candidates(200)) > cost(large, .candidates(20)))
        let smallRecall = try recall(of: small, vectors: vectors, queries: queries)
        #expect(try recall(of: large, vectors: vectors, queries: queries) > smallRecall)
    }
}
