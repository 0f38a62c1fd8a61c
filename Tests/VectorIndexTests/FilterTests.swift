// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing
import VectorIndex

/// How a filter says which keys it admits.
private enum Rule: CaseIterable {
    case only, excluding, predicate

    func filter(_ admitted: Set<UInt64>, of keys: [UInt64]) -> KeyFilter {
        switch self {
        case .only: KeyFilter(only: admitted)
        case .excluding: KeyFilter(excluding: keys.filter { !admitted.contains($0) })
        case .predicate: KeyFilter { admitted.contains($0) }
        }
    }
}

@Suite("Filters of keys")
struct FilterTests {
    private static let dimensions = 16

    private static func vectors(_ generator: inout SeededGenerator, _ count: Int) -> [Float] {
        generator.clusteredVectors(count: count, dimensions: dimensions, clusters: 8)
    }

    @Test(
        "A search returns the nearest that the filter admits, as many as are wanted or there are",
        arguments: Metric.allCases, [VectorCodes.float32, .int8])
    func admitted(metric: Metric, codes: VectorCodes) throws {
        var generator = SeededGenerator(seed: 71)
        let count = 4000
        let keys = (0..<UInt64(count)).map { $0 * 3 }
        // The last are the queries.
        let all = Self.vectors(&generator, count + 20)
        let values = Array(all.prefix(count * Self.dimensions))
        let queries = Array(all.suffix(20 * Self.dimensions))
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: metric, options: HNSWOptions(codes: codes))
        let exact = try ExactIndex(dimensions: Self.dimensions, metric: metric)
        try index.insert(contentsOf: values, keys: keys)
        try exact.insert(contentsOf: values, keys: keys)
        for wanted in [count, count / 2, count / 10, 40, 11, 3, 1, 0] {
            let admitted = Set(keys.shuffled(using: &generator).prefix(wanted))
            for rule in Rule.allCases {
                let filter = rule.filter(admitted, of: keys)
                var hits = 0
                let lists = try index.search(each: queries, k: 10, effort: .recall(0.95), filter: filter, threads: 2)
                for (q, list) in lists.enumerated() {
                    let query = queries.vector(q, Self.dimensions)
                    #expect(list.count == min(10, wanted))
                    #expect(list.allSatisfy { admitted.contains($0.key) })
                    let one = try index.search(query, k: 10, effort: .recall(0.95), filter: filter)
                    #expect(one == list)
                    let nearest = try exact.search(query, k: 10, filter: filter)
                    let found = try index.search(query, k: 10, effort: .exact, filter: filter)
                    #expect(found.map(\.key) == nearest.map(\.key))
                    hits += Set(list.map(\.key)).intersection(nearest.map(\.key)).count
                }
                #expect(Double(hits) >= 0.93 * Double(20 * min(10, wanted)), "\(rule), \(wanted): \(hits) hits")
            }
        }
    }

    @Test("The nearest admitted vectors may all be far from the query")
    func oppositeFilter() throws {
        var generator = SeededGenerator(seed: 72)
        // Two distant clusters; the query lies in one, the filter admits part of the other.
        let near = generator.vectors(count: 3000, dimensions: Self.dimensions)
        let far = generator.vectors(count: 1000, dimensions: Self.dimensions).map { $0 + 100 }
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        try index.insert(contentsOf: near + far, keys: Array(0..<4000))
        let exact = try ExactIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        try exact.insert(contentsOf: near + far, keys: Array(0..<4000))
        for filter in [KeyFilter(only: 3000..<4000), KeyFilter { $0 >= 3000 && $0 % 2 == 0 }] {
            for q in 0..<10 {
                let query = near.vector(q, Self.dimensions).map { $0 + 0.01 }
                let found = try index.search(query, k: 10, filter: filter)
                #expect(found.map(\.key) == (try exact.search(query, k: 10, filter: filter)).map(\.key))
            }
        }
    }

    @Test("A filter stays right while slots are used again", arguments: [VectorCodes.float32, .int8])
    func heldAcrossChanges(codes: VectorCodes) throws {
        var generator = SeededGenerator(seed: 73)
        let index = try HNSWIndex(
            dimensions: Self.dimensions, metric: .squaredEuclidean,
            options: HNSWOptions(m: 8, efConstruction: 40, codes: codes))
        // The admitted keys are known before they are there.
        let admitted = Set((0..<20_000 as Range<UInt64>).filter { $0 % 7 == 0 })
        let filters = [
            KeyFilter(only: admitted), KeyFilter { $0 % 7 == 0 },
            KeyFilter(excluding: (0..<20_000 as Range<UInt64>).filter { $0 % 7 != 0 }),
        ]
        var live: [UInt64: [Float]] = [:]
        var next: UInt64 = 0
        for step in 0..<120 {
            let count = step == 0 ? 1500 : Int.random(in: 1...30, using: &generator)
            let values = Self.vectors(&generator, count)
            let keys = (0..<UInt64(count)).map { next + $0 }
            next += UInt64(count)
            try index.insert(contentsOf: values, keys: keys)
            for (i, key) in keys.enumerated() { live[key] = values.vector(i, Self.dimensions) }
            for key in live.keys.sorted().shuffled(using: &generator).prefix(step == 0 ? 0 : count) {
                live[key] = nil
                try index.remove(key: key)
            }
            if step % 40 == 39 { try index.compact() }
            let query = generator.vector(dimensions: Self.dimensions)
            let nearest = live.filter { $0.key % 7 == 0 }
                .map { (DistanceOracle.distance(query, $0.value, .squaredEuclidean), $0.key) }
                .sorted { $0 < $1 }.prefix(10)
            for filter in filters {
                let found = try index.search(query, k: 10, effort: .exact, filter: filter)
                #expect(found.map(\.key) == nearest.map(\.1), "step \(step)")
                let fast = try index.search(query, k: 10, filter: filter)
                #expect(fast.count == nearest.count && fast.allSatisfy { $0.key % 7 == 0 && live[$0.key] != nil })
            }
        }
    }

    @Test("Searches with a filter beside changes return as many as are wanted, and none that the filter leaves out")
    func besideChanges() throws {
        let dimensions = Self.dimensions
        var generator = SeededGenerator(seed: 74)
        let index = try HNSWIndex(
            dimensions: dimensions, metric: .squaredEuclidean, options: HNSWOptions(m: 8, efConstruction: 40))
        try index.insert(contentsOf: Self.vectors(&generator, 1400), keys: Array(0..<1400))
        let filters = [KeyFilter(only: (0..<10_000).filter { $0 % 7 == 0 }), KeyFilter { $0 % 7 == 0 }]
        let isOver = Atomic(false)
        onThreads(3) { thread in
            var generator = SeededGenerator(seed: 75 + UInt64(thread))
            guard thread == 0 else {
                repeat {
                    for filter in filters {
                        let query = generator.vector(dimensions: dimensions)
                        let found = try? index.search(query, k: 10, filter: filter)
                        #expect(found?.count == 10 && found?.allSatisfy { $0.key % 7 == 0 } == true)
                    }
                } while !isOver.load(ordering: .relaxed)
                return
            }
            for round in 0..<40 as Range<UInt64> {
                let values = generator.vectors(count: 21, dimensions: dimensions)
                let first = 1400 + round * 21
                #expect(throws: Never.self) {
                    try index.insert(contentsOf: values, keys: Array(first..<first + 21))
                    // As many of each remainder go as came.
                    try index.remove(keys: Array(round * 21..<round * 21 + 21))
                }
            }
            isOver.store(true, ordering: .relaxed)
        }
        try index.checkInvariants()
    }

    @Test("A duplicate is found though its node is not admitted")
    func duplicates() throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        for key in 0..<50 as Range<UInt64> { try index.insert([1, Float(key / 10)], key: key) }
        let filter = KeyFilter { $0 % 10 == 9 }
        #expect(try index.search([1, 0], k: 10, filter: filter).map(\.key) == [9, 19, 29, 39, 49])
        let two = KeyFilter(only: [9, 49, 777])
        #expect(try index.search([1, 0], k: 10, effort: .candidates(50), filter: two).map(\.key) == [9, 49])
    }

    @Test("A filter serves several indexes, and prepare() changes no answer")
    func severalIndexes() throws {
        let filter = KeyFilter(excluding: [1, 2])
        for scale in [1, -1] as [Float] {
            let index = try HNSWIndex(dimensions: 1, metric: .squaredEuclidean)
            for key in 0..<5 as Range<UInt64> { try index.insert([scale * Float(key)], key: key) }
            if scale > 0 { index.prepare(filter) }
            #expect(try index.search([0], k: 3, filter: filter).map(\.key) == [0, 3, 4])
        }
        #expect(filter.admits(0) && !filter.admits(1) && filter == filter && filter != KeyFilter(excluding: [1, 2]))
    }

    @Test("A filter keeps no index, and nothing keeps the filter")
    func lifetime() throws {
        weak var keptIndex: HNSWIndex?
        weak var keptFilter: KeyFilter?
        do {
            let filter = KeyFilter(only: [1])
            keptFilter = filter
            do {
                let index = try HNSWIndex(dimensions: 1, metric: .squaredEuclidean)
                try index.insert([1], key: 1)
                #expect(try index.search([0], k: 1, filter: filter).count == 1)
                keptIndex = index
            }
            #expect(keptIndex == nil)
        }
        #expect(keptFilter == nil)
    }
}
