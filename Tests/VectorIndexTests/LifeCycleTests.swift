// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("An index's life")
struct LifeCycleTests {
    static let dimensions = 8

    private static func filled(
        _ kind: IndexKind, _ metric: Metric = .squaredEuclidean, count: Int = 300, seed: UInt64 = 21
    ) throws -> (index: any NearestNeighborIndex, vectors: [Float]) {
        var generator = SeededGenerator(seed: seed)
        let vectors = generator.clusteredVectors(count: count, dimensions: dimensions, clusters: 6)
        let index = try kind.make(dimensions: dimensions, metric: metric)
        try index.insertAll(vectors, keys: 0..<UInt64(count))
        return (index, vectors)
    }

    private static func checkInvariants(_ index: any NearestNeighborIndex) throws {
        if let index = index as? HNSWIndex { try index.checkInvariants() }
    }

    @Test("An empty index holds nothing and finds nothing", arguments: IndexKind.allCases)
    func empty(kind: IndexKind) throws {
        let index = try kind.make(dimensions: 3, metric: .cosine)
        #expect(index.isEmpty && index.count == 0)
        #expect(try index.search([1, 2, 3], k: 10).isEmpty)
        #expect(!index.contains(key: 0))
        #expect(try index.vector(for: 0) == nil)
        #expect(try !index.remove(key: 0))
        try index.insertAll([], keys: [])
        #expect(index.isEmpty)
        try Self.checkInvariants(index)
    }

    @Test("Single insertions, batches and both mixed hold the same vectors", arguments: IndexKind.allCases)
    func insertionsMix(kind: IndexKind) throws {
        var generator = SeededGenerator(seed: 22)
        let vectors = generator.vectors(count: 240, dimensions: Self.dimensions)
        for singles in [0..<240, 0..<0, 0..<60, 180..<240, 100..<140] {
            let index = try kind.make(dimensions: Self.dimensions, metric: .squaredEuclidean)
            let runs = [0..<singles.lowerBound, singles, singles.upperBound..<240]
            for run in runs {
                let values = Array(vectors[run.lowerBound * Self.dimensions..<run.upperBound * Self.dimensions])
                let keys = run.map { UInt64($0) * 1_000_003 }
                if run == singles {
                    try index.insertEach(values, keys: keys)
                } else {
                    try index.insertAll(values, keys: keys)
                }
                try Self.checkInvariants(index)
            }
            #expect(index.count == 240)
            for i in 0..<240 {
                let vector = vectors.vector(i, Self.dimensions)
                #expect(try index.vector(for: UInt64(i) * 1_000_003).map(Array.init) == vector)
                #expect(try index.search(vector, k: 1).map(\.key) == [UInt64(i) * 1_000_003])
            }
        }
    }

    @Test(
        "After the 8 nearest are removed, a search for 10 still finds 10",
        arguments: IndexKind.allCases, Metric.allCases)
    func removedDoNotCount(kind: IndexKind, metric: Metric) throws {
        let (index, vectors) = try Self.filled(kind, metric)
        let query = vectors.vector(17, Self.dimensions).map { $0 + 0.01 }
        let before = try index.search(query, k: 18).map(\.key)
        for key in before.prefix(8) { #expect(try index.remove(key: key)) }
        let after = try index.search(query, k: 10).map(\.key)
        #expect(after == Array(before.dropFirst(8)))
        try Self.checkInvariants(index)
    }

    @Test("A removed vector is never returned", arguments: IndexKind.allCases, Metric.allCases)
    func removedAreGone(kind: IndexKind, metric: Metric) throws {
        let (index, vectors) = try Self.filled(kind, metric)
        var generator = SeededGenerator(seed: 23)
        var live = Set(0..<300 as Range<UInt64>)
        for key in (0..<300 as Range<UInt64>).shuffled(using: &generator).prefix(270) {
            #expect(try index.remove(key: key))
            #expect(try !index.remove(key: key))
            live.remove(key)
            #expect(!index.contains(key: key))
            #expect(try index.vector(for: key) == nil)
            let found = try index.search(vectors.vector(Int(key), Self.dimensions), k: 5).map(\.key)
            #expect(found.count == 5)
            #expect(live.isSuperset(of: found), "\(key) removed")
        }
        #expect(index.count == 30)
        #expect(Set(try index.search(vectors.vector(0, Self.dimensions), k: 100).map(\.key)) == live)
        try Self.checkInvariants(index)
    }

    @Test("An index whose vectors were all removed is empty, and can be filled again", arguments: IndexKind.allCases)
    func emptiesAndRefills(kind: IndexKind) throws {
        let (index, vectors) = try Self.filled(kind, count: 60)
        for round in 0..<3 {
            for key in 0..<60 as Range<UInt64> { #expect(try index.remove(key: key)) }
            #expect(index.isEmpty)
            #expect(try index.search(vectors.vector(0, Self.dimensions), k: 10).isEmpty)
            try Self.checkInvariants(index)
            try index.insertAll(vectors, keys: 0..<60)
            for i in 0..<60 {
                let found = try index.search(vectors.vector(i, Self.dimensions), k: 1)
                #expect(found == [Neighbor(key: UInt64(i), distance: 0)], "round \(round)")
            }
            #expect(try index.search(vectors.vector(0, Self.dimensions), k: 1000).count == 60)
            try Self.checkInvariants(index)
        }
    }

    @Test("A key that was removed can hold another vector, and the old one is not found", arguments: IndexKind.allCases)
    func keysAreReusable(kind: IndexKind) throws {
        let (index, vectors) = try Self.filled(kind)
        let old = vectors.vector(42, Self.dimensions)
        let new = old.map { $0 + 50 }
        #expect(try index.remove(key: 42))
        try index.insert(new, key: 42)
        #expect(index.count == 300)
        #expect(try index.vector(for: 42).map(Array.init) == new)
        #expect(try index.search(new, k: 1) == [Neighbor(key: 42, distance: 0)])
        let nearOld = try index.search(old, k: 299).filter { $0.key == 42 }
        #expect(nearOld.isEmpty)
        try Self.checkInvariants(index)
    }

    @Test("The smallest and the largest key are keys like others", arguments: IndexKind.allCases)
    func extremeKeys(kind: IndexKind) throws {
        let index = try kind.make(dimensions: 1, metric: .manhattan)
        try index.insertAll([1, 2, 3], keys: [0, .max, 1 << 63])
        #expect(try index.search([2.1], k: 3).map(\.key) == [.max, 1 << 63, 0])
        #expect(try index.remove(key: .max))
        #expect(try index.search([2.1], k: 3).map(\.key) == [1 << 63, 0])
    }
}
