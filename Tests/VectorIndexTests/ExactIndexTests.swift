// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing
import VectorIndex

@Suite("An exact index")
struct ExactIndexTests {
    @Test("Its results are the oracle's, in the oracle's order", arguments: Metric.allCases)
    func agreesWithOracle(metric: Metric) throws {
        for (dimensions, count) in [(1, 40), (7, 300), (16, 1100), (31, 200)] {
            var generator = SeededGenerator(seed: UInt64(dimensions))
            // Multiples of 1/8 up to 1: sums are exact in single precision, so that ties are ties for both, except
            // under cosine, where only distances are compared.
            let vectors = (0..<count * dimensions).map { _ in Float(Int.random(in: 1...8, using: &generator)) / 8 }
            let index = try ExactIndex(dimensions: dimensions, metric: metric)
            try index.insertAll(vectors, keys: 0..<UInt64(count))
            for k in [1, 10, count, count + 5, .max] {
                let query = (0..<dimensions).map { _ in Float(Int.random(in: -8...8, using: &generator)) / 8 + 1 / 16 }
                let expected = DistanceOracle.nearest(to: query, in: vectors, k: min(k, count), metric: metric)
                let found = try index.search(query, k: k)
                #expect(found.count == expected.count)
                if metric == .cosine {
                    for (a, b) in zip(found, expected) { #expect(abs(Double(a.distance) - b.distance) < 1e-5) }
                } else {
                    let keys = expected.map { UInt64($0.position) }
                    #expect(found.map(\.key) == keys, "\(dimensions) dimensions, k \(k)")
                }
                expectTrueDistances(found, query: query, metric: metric) { vectors.vector(Int($0), dimensions) }
            }
        }
    }

    @Test("Equal distances are ordered by insertion, across every tile and for any k")
    func tiesByInsertion() throws {
        var generator = SeededGenerator(seed: 41)
        let keys = (0..<3000 as Range<UInt64>).shuffled(using: &generator)
        let index = try ExactIndex(dimensions: 2, metric: .manhattan)
        try index.insertAll([Float](repeating: 1, count: 6000), keys: keys)
        #expect(index.remove(key: keys[0]) && index.remove(key: keys[1500]))
        let expected = keys.indices.filter { $0 != 0 && $0 != 1500 }.map { keys[$0] }
        for k in [1, 3, 70, 1499, 1500, 2998, 3000, .max] {
            #expect(try index.search([0, 0], k: k).map(\.key) == Array(expected.prefix(k)), "k \(k)")
            let batch = try index.answers([0, 0, 2, 2], k: k, threads: 2)
            #expect(batch.map { $0.map(\.key) } == [[UInt64]](repeating: Array(expected.prefix(k)), count: 2), "k \(k)")
        }
    }

    @Test("A batch of queries gives what single searches give", arguments: Metric.allCases)
    func batchEqualsSearch(metric: Metric) throws {
        let dimensions = 20
        var generator = SeededGenerator(seed: 42)
        let vectors = generator.clusteredVectors(count: 2100, dimensions: dimensions, clusters: 5, spread: 0.01)
        let index = try ExactIndex(dimensions: dimensions, metric: metric)
        try index.insertAll(vectors, keys: 0..<2100)
        for key in stride(from: 0, to: 2100 as UInt64, by: 3) { #expect(index.remove(key: key)) }
        let queries = generator.vectors(count: 140, dimensions: dimensions) + vectors.prefix(10 * dimensions)
        let expected = try (0..<150).map { try index.search(queries.vector($0, dimensions), k: 10) }
        for threads in [1, 2, 3, nil] {
            let answered = Atomic(0)
            let found = try index.search(each: queries.span, k: 10, threads: threads) { count in
                answered.max(count, ordering: .relaxed)
            }
            #expect(found == expected, "\(threads ?? 0) threads")
            #expect(answered.load(ordering: .relaxed) == 150)
        }
    }

    @Test(
        "A batch of queries gives what single searches give where squares are tiny or huge",
        arguments: [1e-22, 1e-21, 1e-19, 1e-15, 1e15, 1e18] as [Float])
    func batchEqualsSearchAtExtremes(scale: Float) throws {
        var generator = SeededGenerator(seed: 43)
        let vectors = generator.vectors(count: 200, dimensions: 6).map { $0 * scale }
        let queries = generator.vectors(count: 20, dimensions: 6).map { $0 * scale }
        for metric in Metric.allCases {
            let index = try ExactIndex(dimensions: 6, metric: metric)
            try index.insertAll(vectors, keys: 0..<200)
            let expected = try (0..<20).map { try index.search(queries.vector($0, 6), k: 5).map(\.distance) }
            let found = try index.search(each: queries.span, k: 5).map { $0.map(\.distance) }
            #expect(found == expected, "\(metric), scale \(scale)")
        }
    }

    @Test("A batch of no queries, of k = 0 or on an empty index is answered with nothing")
    func emptyBatches() throws {
        let index = try ExactIndex(dimensions: 2, metric: .squaredEuclidean)
        let queries: [Float] = [1, 2, 3, 4]
        #expect(try index.answers(queries, k: 3) == [[], []])
        try index.insert([1, 2], key: 9)
        #expect(try index.answers(queries, k: 0) == [[], []])
        #expect(try index.answers([], k: 3).isEmpty)
        #expect(try index.answers(queries, k: .max).map { $0.map(\.key) } == [[9], [9]])
    }

    @Test("A batch with a wrong parameter or query is refused")
    func badBatches() throws {
        let index = try ExactIndex(dimensions: 2, metric: .cosine)
        try index.insert([1, 2], key: 9)
        let queries: [Float] = [1, 2, 3, 4]
        #expect(throws: VectorIndexError.invalidParameter(name: "k", value: -1, allowed: 0...Int.max)) {
            try index.answers(queries, k: -1)
        }
        for threads in [0, -1, 1025] {
            #expect(throws: VectorIndexError.invalidParameter(name: "threads", value: threads, allowed: 1...1024)) {
                try index.answers(queries, k: 1, threads: threads)
            }
        }
        #expect(throws: VectorIndexError.batchMismatch(keys: 2, values: 3, dimensions: 2)) {
            try index.answers([1, 2, 3], k: 1)
        }
        #expect(throws: VectorIndexError.batchVector(position: 1, reason: .zeroVector)) {
            try index.answers([1, 2, 0, 0], k: 1)
        }
        #expect(throws: VectorIndexError.batchVector(position: 1, reason: .nonFiniteValue(position: 1))) {
            try index.answers([1, 2, 0, .nan], k: 1)
        }
    }
}
