// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

/// A graph that is searched and built by codes.
@Suite("A graph on codes")
struct CodedGraphTests {
    private static let kinds: [VectorCodes] = [.int8, .int4]

    /// Clustered vectors in an index, and queries of the same clusters that are not stored.
    private static func fixture(
        codes: VectorCodes, metric: Metric, count: Int = 3000, dimensions: Int = 32, set: InstructionSet? = nil
    ) throws -> (index: HNSWIndex, vectors: [Float], queries: [[Float]]) {
        var generator = SeededGenerator(seed: 21)
        let all = generator.clusteredVectors(count: count + 60, dimensions: dimensions, clusters: 30)
        let options = HNSWOptions(m: 12, efConstruction: 80, efSearch: 64, codes: codes, instructionSet: set)
        let index = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
        let vectors = Array(all.prefix(count * dimensions))
        try index.insertAll(vectors, keys: 0..<UInt64(count))
        return (index, vectors, (count..<count + 60).map { all.vector($0, dimensions) })
    }

    @Test("Recall is as with the vectors themselves", arguments: kinds, Metric.allCases)
    func recallFloor(codes: VectorCodes, metric: Metric) throws {
        let (coded, vectors, queries) = try Self.fixture(codes: codes, metric: metric)
        let (plain, _, _) = try Self.fixture(codes: .float32, metric: metric)
        try coded.checkInvariants()
        #expect(coded.codes?.count == 3000)
        let byCodes = try recall(of: coded, vectors: vectors, queries: queries)
        let byVectors = try recall(of: plain, vectors: vectors, queries: queries)
        #expect(byCodes > 0.9 && byCodes > byVectors - 0.03, "\(byCodes) by codes, \(byVectors) by vectors")
    }

    @Test("Distances are exact and sorted", arguments: kinds, Metric.allCases)
    func exactDistances(codes: VectorCodes, metric: Metric) throws {
        let (index, vectors, queries) = try Self.fixture(codes: codes, metric: metric)
        for query in queries.prefix(10) {
            for k in [1, 10, 100] {
                let found = try index.search(query, k: k)
                #expect(found.count == k)
                expectTrueDistances(found, query: query, metric: metric) { vectors.vector(Int($0), 32) }
            }
        }
    }

    @Test(
        "Every instruction set finds the same neighbors", arguments: kinds, [Metric.squaredEuclidean, .innerProduct])
    func sameOnEverySet(codes: VectorCodes, metric: Metric) throws {
        var found: [[[UInt64]]] = []
        for set in InstructionSet.supported {
            let (index, _, queries) = try Self.fixture(codes: codes, metric: metric, count: 1200, set: set)
            found.append(try queries.map { try index.search($0, k: 10).map(\.key) })
        }
        for other in found.dropFirst() { #expect(other == found[0]) }
    }

    @Test("A query's length does not matter under inner product, nor does an offset of all rows", arguments: kinds)
    func innerProductScale(codes: VectorCodes) throws {
        let dimensions = 24
        var generator = SeededGenerator(seed: 4)
        let vectors = generator.vectors(count: 1500, dimensions: dimensions).map { $0 + 2 }
        var hits: [VectorCodes: Int] = [:]
        for kind in [codes, .float32] {
            var generator = SeededGenerator(seed: 5)
            let options = HNSWOptions(efSearch: 200, codes: kind)
            let index = try HNSWIndex(dimensions: dimensions, metric: .innerProduct, options: options)
            try index.insertAll(vectors, keys: 0..<1500)
            for _ in 0..<20 {
                let query = generator.vector(dimensions: dimensions)
                let expected = DistanceOracle.nearest(to: query, in: vectors, k: 10, metric: .innerProduct)
                let found = Set(try index.search(query, k: 10).map(\.key))
                hits[kind, default: 0] += expected.count { found.contains(UInt64($0.position)) }
                for factor in [0x1p-90, 0x1p-20, 0x1p20] as [Float] {
                    #expect(Set(try index.search(query.map { $0 * factor }, k: 10).map(\.key)) == found)
                }
            }
        }
        let (byCodes, byVectors) = (try #require(hits[codes]), try #require(hits[.float32]))
        #expect(byCodes >= byVectors - 20, "\(byCodes) of 200 by \(codes), \(byVectors) by vectors")
    }

    @Test("Codes suit vectors that come in an order, as the longest last", arguments: kinds)
    func orderedVectors(codes: VectorCodes) throws {
        let (count, dimensions) = (2000, 16)
        var generator = SeededGenerator(seed: 22)
        var vectors = generator.vectors(count: count, dimensions: dimensions)
        for i in vectors.indices { vectors[i] *= 0.2 + 4 * Float(i / dimensions) / Float(count) }
        let index = try HNSWIndex(dimensions: dimensions, metric: .innerProduct, options: HNSWOptions(codes: codes))
        try index.insertAll(vectors, keys: 0..<UInt64(count))
        let queries = (0..<50).map { _ in generator.vector(dimensions: dimensions) }
        let found = try recall(of: index, vectors: vectors, queries: queries)
        #expect(found > 0.95, "\(found)")
    }

    @Test("Data without variance, with outliers, equal or tiny is found", arguments: kinds)
    func hostileData(codes: VectorCodes) throws {
        let dimensions = 16
        var generator = SeededGenerator(seed: 5)
        let random = generator.vectors(count: 600, dimensions: dimensions)
        var constantDimension = random
        var outliers = random
        for i in 0..<600 {
            constantDimension[i * dimensions + 3] = 0.25
            if i % 100 == 0 { outliers[i * dimensions + 5] = 1e8 }
        }
        let data: [String: [Float]] = [
            "constant dimension": constantDimension, "outliers": outliers,
            "equal": [Float](repeating: 0.5, count: 600 * dimensions),
            "zeros": [Float](repeating: 0, count: 600 * dimensions), "denormal": random.map { $0 * 0x1p-135 },
            "huge": random.map { $0 * 1e16 },
        ]
        for (name, vectors) in data {
            let index = try HNSWIndex(
                dimensions: dimensions, metric: .squaredEuclidean, options: HNSWOptions(codes: codes))
            try index.insertAll(vectors, keys: 0..<600)
            try index.checkInvariants()
            for i in stride(from: 0, to: 600, by: 37) {
                let found = try index.search(vectors.vector(i, dimensions), k: 10, effort: .candidates(600))
                #expect(found.count == 10, "\(name)")
                #expect(found.first?.distance == 0, "\(name), vector \(i)")
            }
        }
    }

    @Test("One vector, and fewer than codes are learnt from, are found", arguments: kinds)
    func fewVectors(codes: VectorCodes) throws {
        let index = try HNSWIndex(dimensions: 4, metric: .cosine, options: HNSWOptions(codes: codes))
        #expect(try index.search([1, 0, 0, 0], k: 3).isEmpty)
        try index.insert([1, 2, 3, 4], key: 9)
        #expect(try index.search([1, 2, 3, 4], k: 3).map(\.key) == [9])
        #expect(index.codes == nil)
    }

    @Test(
        "Codes are made of the first vectors, and anew when the index has grown fourfold; vectors that come between are found",
        arguments: kinds)
    func renewal(codes: VectorCodes) throws {
        let dimensions = 8
        var generator = SeededGenerator(seed: 6)
        let index = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean, options: HNSWOptions(codes: codes))
        var stored: [Float] = []
        func insert(_ values: [Float]) throws {
            let first = stored.count / dimensions
            stored += values
            try index.insertAll(values, keys: UInt64(first)..<UInt64(stored.count / dimensions))
        }
        for _ in 0..<255 { try insert(generator.vector(dimensions: dimensions)) }
        #expect(index.codes == nil)
        try insert(generator.vector(dimensions: dimensions))
        let first = try #require(index.codes)
        try insert(generator.vectors(count: 300, dimensions: dimensions))
        #expect(index.codes === first, "the same distribution")
        try insert(generator.vectors(count: 300, dimensions: dimensions).map { $0 * 3 + 4 })
        #expect(index.codes === first && first.count == 856, "another distribution")
        for i in stride(from: 0, to: 856, by: 7) {
            let found = try index.search(stored.vector(i, dimensions), k: 1, effort: .candidates(100))
            #expect(found == [Neighbor(key: UInt64(i), distance: 0)])
        }
        try insert(generator.vectors(count: 3424 - 856, dimensions: dimensions))
        #expect(index.codes !== first && index.codes?.count == 3424, "four times the vectors")
        try index.checkInvariants()
        for i in stride(from: 0, to: 3424, by: 101) {
            let found = try index.search(stored.vector(i, dimensions), k: 1, effort: .candidates(400))
            #expect(found.map(\.key) == [UInt64(i)])
        }
    }

    @Test(
        "A batch gives what single searches give, to the bit, on any number of threads",
        arguments: VectorCodes.usable, Metric.allCases)
    func batchEqualsSearch(codes: VectorCodes, metric: Metric) throws {
        let (index, _, queries) = try Self.fixture(codes: codes, metric: metric, count: 1000)
        for key in stride(from: 0, to: 1000 as UInt64, by: 7) { #expect(try index.remove(key: key)) }
        for (k, effort) in [(1, .candidates(1)), (10, .candidates(30)), (100, .automatic), (2000, .automatic)]
            as [(Int, SearchEffort)]
        {
            let expected = try queries.map { try index.search($0, k: k, effort: effort) }
            for threads in [1, 2, 3, nil] {
                #expect(
                    try index.search(each: queries.flatMap { $0 }, k: k, effort: effort, threads: threads) == expected)
            }
        }
        #expect(try index.search(each: [Float](), k: 3).isEmpty)
        #expect(try index.search(each: queries[0] + queries[1], k: 0) == [[], []])
        let empty = try HNSWIndex(dimensions: 2, metric: metric, options: HNSWOptions(codes: codes))
        #expect(try empty.search(each: [1, 0, 0, 1], k: 3) == [[], []])
    }

    @Test("A batch with a bad query is refused, which is named")
    func badBatch() throws {
        let (index, _, queries) = try Self.fixture(codes: .int8, metric: .cosine, count: 300)
        #expect(throws: VectorIndexError.batchMismatch(keys: 1, values: 31, dimensions: 32)) {
            try index.search(each: Array(queries[0].prefix(31)), k: 1)
        }
        #expect(throws: VectorIndexError.batchVector(position: 1, reason: .zeroVector)) {
            try index.search(each: queries[0] + [Float](repeating: 0, count: 32), k: 1)
        }
        #expect(throws: VectorIndexError.self) { try index.search(each: queries[0], k: -1) }
        #expect(throws: VectorIndexError.self) { try index.search(each: queries[0], k: 1, effort: .candidates(0)) }
        #expect(throws: VectorIndexError.self) { try index.search(each: queries[0], k: 1, threads: 0) }
    }

    @Test("Removed vectors are never returned, and k live ones are", arguments: kinds)
    func removal(codes: VectorCodes) throws {
        let (index, _, queries) = try Self.fixture(codes: codes, metric: .squaredEuclidean, count: 1000)
        for key in 0..<1000 as Range<UInt64> where key % 4 != 0 { #expect(try index.remove(key: key)) }
        for query in queries.prefix(20) {
            let found = try index.search(query, k: 20)
            #expect(found.count == 20)
            #expect(found.allSatisfy { $0.key % 4 == 0 })
        }
    }
}
