// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("Every stored vector is found")
struct ReachabilityTests {
    static let dimensions = 10

    /// How vectors lie and arrive.
    enum Arrangement: CaseIterable, Sendable {
        case uniform
        case clusters

        /// Far clusters, one after the other.
        case clustersInOrder

        /// One vector 300 times, among others.
        case oneVectorOften

        /// 20 vectors, each 20 times, shuffled.
        case fewVectorsOften

        func vectors(seed: UInt64) -> [Float] {
            var generator = SeededGenerator(seed: seed)
            switch self {
            case .uniform:
                return generator.vectors(count: 600, dimensions: dimensions)
            case .clusters:
                return generator.clusteredVectors(count: 600, dimensions: dimensions, clusters: 20, spread: 0.02)
            case .clustersInOrder:
                return (0..<10).flatMap { _ in
                    let center = generator.vector(dimensions: dimensions).map { 100 * $0 }
                    return (0..<60).flatMap { _ in center.map { $0 + Float.random(in: -1..<1, using: &generator) } }
                }
            case .oneVectorOften:
                let copies = [[Float]](repeating: generator.vector(dimensions: dimensions), count: 300)
                let others = (0..<100).map { _ in generator.vector(dimensions: dimensions) }
                return (copies + others).shuffled(using: &generator).flatMap { $0 }
            case .fewVectorsOften:
                let few = (0..<20).map { _ in generator.vector(dimensions: dimensions) }
                return (0..<400).map { few[$0 % 20] }.shuffled(using: &generator).flatMap { $0 }
            }
        }
    }

    /// Searches for stored vectors, with as many candidates as there are vectors: wherever it begins, a search finds
    /// all.
    private static func expectAllFound(_ index: HNSWIndex, _ vectors: [Float], _ comment: Comment) throws {
        try index.checkInvariants()
        let count = vectors.count / dimensions
        var incomplete: [Int] = []
        for i in stride(from: 0, to: count, by: 9) {
            let found = try index.search(vectors.vector(i, dimensions), k: count, effort: .candidates(count))
            if Set(found.map(\.key)) != Set(0..<UInt64(count)) { incomplete.append(i) }
        }
        #expect(incomplete.isEmpty, comment)
    }

    @Test("A batch loses none", arguments: Arrangement.allCases, Metric.allCases)
    func batch(arrangement: Arrangement, metric: Metric) throws {
        for (m, seed) in [(16, 31), (16, 32), (4, 33)] as [(Int, UInt64)] {
            let vectors = arrangement.vectors(seed: seed)
            let options = HNSWOptions(m: m, efConstruction: 40)
            let index = try HNSWIndex(dimensions: Self.dimensions, metric: metric, options: options)
            try index.insertAll(vectors, keys: 0..<UInt64(vectors.count / Self.dimensions))
            try Self.expectAllFound(index, vectors, "M \(m), seed \(seed)")
        }
    }

    @Test("Single insertions lose none", arguments: Arrangement.allCases, Metric.allCases)
    func oneByOne(arrangement: Arrangement, metric: Metric) throws {
        let seed: UInt64 = 34
        let vectors = arrangement.vectors(seed: seed)
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: metric, options: HNSWOptions(efConstruction: 40))
        try index.insertEach(vectors, keys: 0..<UInt64(vectors.count / Self.dimensions))
        try Self.expectAllFound(index, vectors, "seed \(seed)")
    }

    @Test("Batches of many sizes lose none", arguments: Arrangement.allCases)
    func batches(arrangement: Arrangement) throws {
        let seed: UInt64 = 35
        var generator = SeededGenerator(seed: seed)
        let vectors = arrangement.vectors(seed: seed)
        let count = vectors.count / Self.dimensions
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        var first = 0
        while first < count {
            let end = min(count, first + Int.random(in: 1...60, using: &generator))
            let values = Array(vectors[first * Self.dimensions..<end * Self.dimensions])
            try index.insertAll(values, keys: UInt64(first)..<UInt64(end))
            try index.checkInvariants()
            first = end
        }
        try Self.expectAllFound(index, vectors, "seed \(seed)")
    }

    @Test("Equal vectors are all returned, and each removal takes one away", arguments: [true, false])
    func copies(inBatch: Bool) throws {
        let vector: [Float] = [1, 2, 3]
        let index = try HNSWIndex(dimensions: 3, metric: .cosine)
        let keys = 0..<300 as Range<UInt64>
        let values = [[Float]](repeating: vector, count: 300).flatMap { $0 }
        if inBatch { try index.insertAll(values, keys: keys) } else { try index.insertEach(values, keys: keys) }
        #expect(try index.search(vector, k: 300, effort: .candidates(1)).map(\.key) == Array(keys))
        #expect(try index.search(vector, k: 7).map(\.key) == Array(0..<7))
        var generator = SeededGenerator(seed: 36)
        var live = Array(keys)
        for key in keys.shuffled(using: &generator) {
            #expect(try index.remove(key: key))
            live.removeAll { $0 == key }
            #expect(Set(try index.search(vector, k: 300).map(\.key)) == Set(live))
        }
        #expect(index.isEmpty)
        try index.checkInvariants()
    }
}
