// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

/// An index beside the dictionary that it should behave like.
private struct Model<Index: NearestNeighborIndex> {
    let index: Index
    let seed: UInt64
    var generator: SeededGenerator
    var vectors: [UInt64: [Float]] = [:]
    var step = 0

    init(_ index: Index, seed: UInt64) {
        self.index = index
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    fileprivate var place: Comment { "seed \(seed), step \(step), \(index.metric), \(Index.self)" }

    fileprivate mutating func randomKey() -> UInt64 { UInt64.random(in: 0..<120, using: &generator) }

    /// A vector on a coarse grid, so that equal vectors and equal distances are frequent; never zero.
    fileprivate mutating func randomVector() -> [Float] {
        let isCoarse = Bool.random(using: &generator)
        var vector = (0..<index.dimensions).map { _ in
            isCoarse ? Float(Int.random(in: -1...1, using: &generator)) : Float.random(in: -1..<1, using: &generator)
        }
        if vector.allSatisfy({ $0 == 0 }) { vector[0] = 1 }
        return vector
    }

    mutating func run(steps: Int, search: (Index, [Float], Int) throws(VectorIndexError) -> [Neighbor]) throws {
        while step < steps {
            step += 1
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...2: insert()
            case 3: insertBatch()
            case 4...5: try remove()
            default: try check(search)
            }
            #expect(index.count == vectors.count, place)
        }
    }

    private mutating func insert() {
        let (key, vector) = (randomKey(), randomVector())
        do {
            try index.insert(vector, key: key)
            #expect(vectors.updateValue(vector, forKey: key) == nil, place)
        } catch {
            #expect(error == .duplicateKey(key) && vectors[key] != nil, place)
        }
    }

    private mutating func insertBatch() {
        let keys = (0..<Int.random(in: 0...12, using: &generator)).map { _ in randomKey() }
        let values = keys.map { _ in randomVector() }
        let isNew = Set(keys).count == keys.count && keys.allSatisfy { vectors[$0] == nil }
        do {
            try index.insertAll(values.flatMap { $0 }, keys: keys)
            #expect(isNew, place)
            for (key, vector) in zip(keys, values) { vectors[key] = vector }
        } catch {
            #expect(!isNew, place)
        }
    }

    private mutating func remove() throws {
        // Now and then many, so that the index runs empty.
        let count = Int.random(in: 0..<8, using: &generator) == 0 ? 80 : 2
        for _ in 0..<count {
            let key = randomKey()
            #expect(try index.remove(key: key) == (vectors.removeValue(forKey: key) != nil), place)
        }
    }

    /// Compares a search, `contains` and `vector(for:)` with the dictionary.
    private mutating func check(_ search: (Index, [Float], Int) throws(VectorIndexError) -> [Neighbor]) throws {
        let query = randomVector()
        let k = Int.random(in: 0...130, using: &generator)
        let found = try search(index, query, k)
        let (index, vectors) = (index, vectors)
        let expected = vectors.values.map { DistanceOracle.distance(query, $0, index.metric) }.sorted().prefix(k)
        #expect(found.count == expected.count, place)
        #expect(Set(found.map(\.key)).count == found.count, place)
        for (neighbor, distance) in zip(found, expected) {
            #expect(abs(Double(neighbor.distance) - distance) < 1e-5, place)
        }
        #expect(found.allSatisfy { vectors[$0.key] != nil }, place)
        expectTrueDistances(found, query: query, metric: index.metric, place) { vectors[$0] ?? query }

        let key = randomKey()
        #expect(index.contains(key: key) == (vectors[key] != nil), place)
        let stored = try index.vector(for: key).map(Array.init)
        if index.metric == .cosine {
            #expect((stored != nil) == (vectors[key] != nil), place)
        } else {
            #expect(stored == vectors[key], place)
        }
    }
}

extension Model<HNSWIndex> {
    /// Compacts, erases, cancels a batch or replaces a vector.
    mutating func changeGraph() throws {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: try index.compact()
        case 1: #expect(try index.secureErase() == 0, place)
        case 2...3:
            let keys = Array(1000..<1000 + UInt64.random(in: 1...20, using: &generator))
            let values = keys.flatMap { _ in randomVector() }
            let last = Int.random(in: 1...keys.count, using: &generator)
            #expect(throws: VectorIndexError.cancelled, place) {
                try index.insert(contentsOf: values, keys: keys) { (linked) throws(CancellationError) in
                    if linked >= last { throw CancellationError() }
                }
            }
        default:
            let (old, key, vector) = (randomKey(), randomKey(), randomVector())
            guard vectors[old] != nil, vectors[key] == nil else { return }
            try index.replace(old, with: vector.span, key: key)
            vectors[old] = nil
            vectors[key] = vector
        }
        #expect(index.count == vectors.count, place)
    }
}

@Suite("An index behaves like a dictionary that can be searched")
struct ModelTests {
    static let seeds = 1...6 as ClosedRange<UInt64>

    @Test("Random calls on an exact index", arguments: Metric.allCases, seeds)
    func exact(metric: Metric, seed: UInt64) throws {
        var model = Model(try ExactIndex(dimensions: 5, metric: metric), seed: seed)
        try model.run(steps: 300) { (index, query, k) throws(VectorIndexError) in try index.search(query, k: k) }
    }

    @Test("Random calls on a graph, searched with many candidates", arguments: Metric.allCases, seeds)
    func hnsw(metric: Metric, seed: UInt64) throws {
        // A small M has more to prune and more to repair.
        let m = seed % 2 == 0 ? 16 : 6
        let options = HNSWOptions(m: m, efConstruction: 30, seed: seed)
        let index = try HNSWIndex(dimensions: 5, metric: metric, options: options)
        var model = Model(index, seed: seed)
        try model.run(steps: 300) { (index, query, k) throws(VectorIndexError) in
            try index.search(query, k: k, effort: .candidates(.max))
        }
        try index.checkInvariants()
    }

    @Test("Random calls on a graph that is compacted, erased, cancelled and replaced in", arguments: seeds)
    func changedInEveryWay(seed: UInt64) throws {
        let metric = Metric.allCases[Int(seed) % Metric.allCases.count]
        let options = HNSWOptions(m: seed % 2 == 0 ? 12 : 4, efConstruction: 24, seed: seed)
        let index = try HNSWIndex(dimensions: 5, metric: metric, options: options)
        var model = Model(index, seed: seed)
        var mostLive = 0
        while model.step < 300 {
            try model.run(steps: model.step + 3) { (index, query, k) throws(VectorIndexError) in
                try index.search(query, k: k, effort: .candidates(.max))
            }
            try model.changeGraph()
            mostLive = max(mostLive, index.count)
            try index.checkInvariants()
        }
        // Of 120 keys: those that were there at once, those dead when a sweep begins and until it ends, a batch.
        #expect(
            index.vectors.count <= 2 * mostLive + 64, "seed \(seed), \(index.vectors.count) slots, \(mostLive) live")
    }

    @Test("A long life leaves a sound graph that agrees with exact search", arguments: Metric.allCases)
    func longLife(metric: Metric) throws {
        let seed: UInt64 = 99
        var generator = SeededGenerator(seed: seed)
        let index = try HNSWIndex(dimensions: 6, metric: metric)
        let exact = try ExactIndex(dimensions: 6, metric: metric)
        var next: UInt64 = 0
        for _ in 0..<12 {
            let values = generator.vectors(count: 50, dimensions: 6)
            try index.insertAll(values, keys: next..<next + 50)
            try exact.insertAll(values, keys: next..<next + 50)
            next += 50
            for key in (0..<next).shuffled(using: &generator).prefix(40) {
                #expect(try index.remove(key: key) == exact.remove(key: key), "seed \(seed), key \(key)")
            }
            try index.checkInvariants()
            let query = generator.vector(dimensions: 6)
            #expect(
                try index.search(query, k: 20, effort: .candidates(.max)) == exact.search(query, k: 20), "seed \(seed)")
        }
    }
}
