// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing
import VectorIndex

@Suite("What a batch is made from, and what its callback may do")
struct BatchSourceTests {
    @Test("Vectors may come from the index itself, and be of any kind")
    func ownVectors() throws {
        var generator = SeededGenerator(seed: 81)
        let index = try HNSWIndex(dimensions: 4, metric: .squaredEuclidean)
        try index.insertAll(generator.vectors(count: 50, dimensions: 4), keys: 0..<50)
        let own = try (0..<50 as Range<UInt64>).map { try #require(try index.vector(for: $0)) }
        try index.insert(contentsOf: own, keys: (100..<150).map { $0 })
        let doubles = own.map { $0.map { Double($0) + 2 } }
        try index.insert(contentsOf: doubles, keys: (200..<250).map { $0 })
        try index.insert(contentsOf: doubles.flatMap { $0 }, keys: (300..<350).map { $0 })
        #expect(index.count == 200)
        for key in 0..<50 as Range<UInt64> {
            #expect(try index.vector(for: 100 + key) == own[Int(key)])
            #expect(try index.vector(for: 200 + key).map { Array($0) } == doubles[Int(key)].map { Float($0) })
            #expect(try index.vector(for: 300 + key) == index.vector(for: 200 + key))
        }
        try index.checkInvariants()
    }

    @Test("Progress of a batch may search, finds nothing of the batch, and ends at the number of vectors")
    func progressMaySearch() throws {
        var generator = SeededGenerator(seed: 82)
        let query = generator.vector(dimensions: 4)
        let index = try HNSWIndex(dimensions: 4, metric: .cosine)
        var last = 0
        try index.insert(
            contentsOf: generator.vectors(count: 300, dimensions: 4), keys: (0..<300).map { $0 }, threads: 2
        ) {
            done in
            #expect(done > last)
            last = done
            #expect((try? index.search(query, k: 3))?.isEmpty == true && index.isEmpty)
        }
        #expect(last == 300)
        #expect(try index.search(query, k: 3).count == 3)
    }

    @Test("Progress of batched exact search may read and change the index")
    func progressMayChange() throws {
        var generator = SeededGenerator(seed: 83)
        let index = try ExactIndex(dimensions: 4, metric: .squaredEuclidean)
        try index.insertAll(generator.vectors(count: 100, dimensions: 4), keys: 0..<100)
        let queries = generator.vectors(count: 1100, dimensions: 4)
        let added = Atomic(1000 as UInt64)
        let results = try index.search(each: queries, k: 2, threads: 2) { _ in
            let key = added.add(1, ordering: .relaxed).newValue
            try? index.insert([9, 9, 9, 9], key: key)
            #expect(index.contains(key: key))
        }
        #expect(results.count == 1100 && results.allSatisfy { $0.count == 2 })
        #expect(index.count == 100 + Int(added.load(ordering: .relaxed) - 1000))
    }

    @Test(
        "Inserted one by one, no vector is lost when the entry point changes",
        arguments: [Metric.squaredEuclidean, .innerProduct], [2, 3])
    func entryPointChanges(metric: Metric, m: Int) throws {
        let seed: UInt64 = 84
        var generator = SeededGenerator(seed: seed)
        let index = try HNSWIndex(
            dimensions: 5, metric: metric, options: HNSWOptions(m: m, efConstruction: 64, seed: seed))
        for key in 0..<700 as Range<UInt64> {
            try index.insert(generator.vector(dimensions: 5), key: key)
            guard key % 50 == 49 else { continue }
            // Between two repairs an inner product may cut off a vector or two.
            let found = try index.search(generator.vector(dimensions: 5), k: .max).count
            #expect(found >= index.count - 2, "seed \(seed), M \(m), \(metric), \(index.count) vectors")
        }
    }
}
