// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("Edges of batches and removals")
struct BatchEdgeTests {
    private static let dimensions = 6

    /// Checks that each of the keys finds itself and that no other key is found.
    private static func expectFound(_ index: HNSWIndex, _ vectors: [UInt64: [Float]], _ comment: Comment) throws {
        try index.checkInvariants()
        #expect(index.count == vectors.count, comment)
        for (key, vector) in vectors {
            #expect(try index.search(vector, k: 1).map(\.key) == [key], comment)
        }
        let all = try index.search([Float](repeating: 0, count: dimensions), k: .max, effort: .candidates(.max))
        #expect(Set(all.map(\.key)) == Set(vectors.keys), comment)
    }

    @Test("1,024 threads make the index that 1 makes")
    func manyThreads() throws {
        let seed: UInt64 = 141
        var generator = SeededGenerator(seed: seed)
        let vectors = generator.vectors(count: 700, dimensions: Self.dimensions)
        let queries = generator.vectors(count: 30, dimensions: Self.dimensions)
        let answers = try [1, 1024].map { threads in
            let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
            try index.insert(vectors, callSize: 350, threads: threads)
            try index.checkInvariants()
            return try index.search(each: queries, k: 20, effort: .candidates(20))
        }
        #expect(answers[0] == answers[1], "seed \(seed)")
    }

    @Test("10,000 threads are refused, by an insertion, a search and a calibration, of nothing too")
    func tooManyThreads() throws {
        let index = try HNSWIndex(dimensions: 1, metric: .squaredEuclidean)
        let refusal = VectorIndexError.invalidParameter(name: "threads", value: 10_000, allowed: 1...1024)
        #expect(throws: refusal) { try index.insert(contentsOf: [1] as [Float], keys: [1], threads: 10_000) }
        #expect(throws: refusal) { try index.insert(contentsOf: [] as [Float], keys: [], threads: 10_000) }
        #expect(throws: refusal) { try index.search(each: [1] as [Float], k: 1, threads: 10_000) }
        #expect(throws: refusal) { try index.calibrate(threads: 10_000) }
        #expect(index.isEmpty)
    }

    @Test("Whichever vector is removed, the entry point or the last one too, the others are found and it can come back")
    func anyVectorIsRemoved() throws {
        let seed: UInt64 = 142
        var generator = SeededGenerator(seed: seed)
        // Of 60 nodes some are on upper levels, and one of them is the entry point.
        let values = generator.vectors(count: 60, dimensions: Self.dimensions)
        let index = try HNSWIndex(
            dimensions: Self.dimensions, metric: .squaredEuclidean, options: HNSWOptions(m: 4, seed: seed))
        try index.insertAll(values, keys: 0..<60)
        var live: [UInt64: [Float]] = [:]
        for key in 0..<60 as Range<UInt64> { live[key] = values.vector(Int(key), Self.dimensions) }
        for key in 0..<60 as Range<UInt64> {
            let vector = live.removeValue(forKey: key)
            #expect(try index.remove(key: key))
            try Self.expectFound(index, live, "seed \(seed), \(key) removed")
            live[key] = vector
            try index.insert(contentsOf: vector ?? [], keys: [key])
        }
        try Self.expectFound(index, live, "seed \(seed)")
    }

    @Test(
        "Removed in either order down to none and filled again, twice, an index finds what it holds",
        arguments: [1, 80])
    func emptiedAndRefilledTwice(callSize: Int) throws {
        let seed: UInt64 = 143
        var generator = SeededGenerator(seed: seed)
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        for round in 0..<3 {
            let values = generator.vectors(count: 80, dimensions: Self.dimensions)
            try index.insert(values, callSize: callSize)
            var live: [UInt64: [Float]] = [:]
            for key in 0..<80 as Range<UInt64> { live[key] = values.vector(Int(key), Self.dimensions) }
            let keys = Array(0..<80 as Range<UInt64>)
            for key in round == 1 ? keys.reversed() : keys {
                if key % 10 == 5 { try Self.expectFound(index, live, "seed \(seed), round \(round), before \(key)") }
                #expect(try index.remove(key: key))
                live[key] = nil
            }
            #expect(index.isEmpty)
            #expect(try index.search(values.vector(0, Self.dimensions), k: 10).isEmpty)
            try index.checkInvariants()
        }
    }
}
