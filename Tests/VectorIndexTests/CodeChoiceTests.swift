// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("The codes that an index chooses")
struct CodeChoiceTests {
    private static let dimensions = 32

    private static func recall(of index: HNSWIndex, among stored: [Float], rows: Range<Int>) throws -> Double {
        let exact = try ExactIndex(dimensions: dimensions, metric: index.metric)
        try exact.insertAll(stored, keys: 0..<UInt64(stored.count / dimensions))
        var hits = 0
        let asked = stride(from: rows.lowerBound, to: rows.upperBound, by: max(1, rows.count / 50))
        for row in asked {
            let query = stored.vector(row, dimensions)
            let expected = try exact.search(query, k: 10)
            let found = Set(try index.search(query, k: 10, effort: .candidates(100)).map(\.key))
            hits += expected.count { found.contains($0.key) }
        }
        return Double(hits) / Double(10 * asked.reduce(0) { count, _ in count + 1 })
    }

    @Test("Vectors of one spread get codes, and fewer than 256 none", arguments: [Metric.squaredEuclidean, .cosine])
    func chosen(metric: Metric) throws {
        var generator = SeededGenerator(seed: 51)
        let vectors = generator.clusteredVectors(count: 1500, dimensions: Self.dimensions, clusters: 15, spread: 0.8)
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: metric)
        try index.insertAll(vectors.prefix(200 * Self.dimensions).map { $0 }, keys: 0..<200)
        #expect(index.codesInUse == .float32)
        try index.insertAll(Array(vectors.dropFirst(200 * Self.dimensions)), keys: 200..<1500)
        #expect(index.codesInUse != .float32)
        #expect(try Self.recall(of: index, among: vectors, rows: 0..<1500) > 0.95)
    }

    @Test("What is asked for is what is used", arguments: VectorCodes.usable)
    func overruled(codes: VectorCodes) throws {
        var generator = SeededGenerator(seed: 52)
        let index = try HNSWIndex(
            dimensions: Self.dimensions, metric: .manhattan, options: HNSWOptions(codes: codes))
        try index.insertAll(generator.vectors(count: 300, dimensions: Self.dimensions), keys: 0..<300)
        #expect(index.codesInUse == codes)
    }

    @Test("What is used is never what the index chooses from")
    func neverAutomatic() throws {
        var generator = SeededGenerator(seed: 55)
        for count in [0, 100, 300] {
            let index = try HNSWIndex(dimensions: 8, metric: .cosine, options: HNSWOptions(codes: .automatic))
            try index.insertAll(generator.vectors(count: count, dimensions: 8), keys: 0..<UInt64(count))
            #expect(index.codesInUse != .automatic && index.options.codes == .automatic)
        }
        #expect(HNSWOptions() == HNSWOptions(codes: .automatic))
    }

    @Test("Clusters closer together than any code's step are compared by themselves")
    func narrowClusters() throws {
        var generator = SeededGenerator(seed: 53)
        let vectors = generator.clusteredVectors(
            count: 1200, dimensions: Self.dimensions, clusters: 12, spread: 0.0005)
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        try index.insertAll(vectors, keys: 0..<1200)
        #expect(index.codesInUse == .float32)
        #expect(try Self.recall(of: index, among: vectors, rows: 0..<1200) > 0.9)
    }

    @Test("New vectors that lie elsewhere are found as well as those before", arguments: [1, 40, 900])
    func farNewVectors(batch: Int) throws {
        var generator = SeededGenerator(seed: 54)
        var stored = generator.vectors(count: 2000, dimensions: Self.dimensions)
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        try index.insertAll(stored, keys: 0..<2000)
        #expect(index.codesInUse != .float32)
        let far = generator.vectors(count: 900, dimensions: Self.dimensions).map { $0 + 100 }
        for first in stride(from: 0, to: 900, by: batch) {
            let part = Array(far[first * Self.dimensions..<min(first + batch, 900) * Self.dimensions])
            let key = UInt64(2000 + first)
            try index.insertAll(part, keys: key..<key + UInt64(part.count / Self.dimensions))
        }
        stored += far
        #expect(try Self.recall(of: index, among: stored, rows: 0..<2000) > 0.95)
        #expect(try Self.recall(of: index, among: stored, rows: 2000..<2900) > 0.95)
        try index.checkInvariants()
    }
}
