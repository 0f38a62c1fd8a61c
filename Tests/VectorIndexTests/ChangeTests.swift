// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import HNSW
@testable import VectorIndex

@Suite("A change is made wholly or not at all")
struct ChangeTests {
    private static let dimensions = 5

    private struct Stopped: Error {}

    /// A call of a change.
    private enum Step {
        case insert([Float], UInt64)
        case upsert([Float], UInt64)
        case remove(UInt64)
        case insertMany([[Float]], [UInt64])
        case removeMany([UInt64])
    }

    /// A vector on a coarse grid half of the time, so that equal vectors are frequent.
    private static func vector(_ generator: inout SeededGenerator) -> [Float] {
        let isCoarse = Bool.random(using: &generator)
        return (0..<dimensions).map { _ in
            isCoarse ? Float(Int.random(in: -1...1, using: &generator)) : Float.random(in: -1..<1, using: &generator)
        }
    }

    private static func steps(_ count: Int, _ generator: inout SeededGenerator) -> [Step] {
        (0..<count).map { _ in
            let key = UInt64.random(in: 0..<80, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0...1: return .insert(vector(&generator), key)
            case 2...3: return .upsert(vector(&generator), key)
            case 4...5: return .remove(key)
            case 6:
                let keys = (0..<UInt64(Int.random(in: 0...9, using: &generator))).map { (key + $0) % 80 }
                return .insertMany(keys.map { _ in vector(&generator) }, keys)
            default: return .removeMany([key, (key + 1) % 80, key, (key + 3) % 80])
            }
        }
    }

    /// Makes a call. Returns what it answers, as the model does.
    private static func make(_ step: Step, in change: inout IndexChange) throws(VectorIndexError) -> Int {
        do {
            switch step {
            case .insert(let vector, let key): try change.insert(vector, key: key)
            case .upsert(let vector, let key): return try change.upsert(vector, key: key) ? 1 : 0
            case .remove(let key): return change.remove(key: key) ? 1 : 0
            case .insertMany(let vectors, let keys): try change.insert(contentsOf: vectors, keys: keys)
            case .removeMany(let keys): return change.remove(keys: keys)
            }
        } catch .duplicateKey { return -1 }
        return 0
    }

    private static func make(_ step: Step, in model: inout [UInt64: [Float]]) -> Int {
        switch step {
        case .insert(let vector, let key):
            guard model[key] == nil else { return -1 }
            model[key] = vector
        case .upsert(let vector, let key): return model.updateValue(vector, forKey: key) == nil ? 0 : 1
        case .remove(let key): return model.removeValue(forKey: key) == nil ? 0 : 1
        case .insertMany(let vectors, let keys):
            guard keys.allSatisfy({ model[$0] == nil }) else { return -1 }
            for (vector, key) in zip(vectors, keys) { model[key] = vector }
        case .removeMany(let keys): return keys.count { model.removeValue(forKey: $0) != nil }
        }
        return 0
    }

    /// Compares keys, vectors and a search of all with a dictionary.
    private static func expect(
        _ index: some NearestNeighborIndex, equals model: [UInt64: [Float]], query: [Float], _ place: Comment
    ) throws {
        #expect(index.count == model.count, place)
        for key in 0..<80 as Range<UInt64> {
            let stored = try index.vector(for: key).map(Array.init)
            #expect(stored == model[key], place)
            #expect(index.contains(key: key) == (model[key] != nil), place)
        }
        let found = try index.search(query, k: .max, effort: .candidates(.max))
        #expect(Set(found.map(\.key)) == Set(model.keys) && found.count == model.count, place)
        expectTrueDistances(found, query: query, metric: index.metric, place) { model[$0] ?? query }
    }

    private static func run(_ index: some NearestNeighborIndex, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var model: [UInt64: [Float]] = [:]
        for round in 0..<60 {
            let place: Comment = "seed \(seed), round \(round)"
            let steps = steps(Int.random(in: 0..<40, using: &generator), &generator)
            let before = model
            let isStopped = Int.random(in: 0..<5, using: &generator) == 0
            do {
                try index.change { change in
                    for step in steps {
                        let answer = try make(step, in: &change)
                        let expected = make(step, in: &model)
                        #expect(answer == expected, place)
                    }
                    for key in 0..<80 as Range<UInt64> {
                        let isThere = change.contains(key: key)
                        #expect(isThere == (model[key] != nil), place)
                    }
                    if isStopped { throw Stopped() }
                }
                #expect(!isStopped, place)
            } catch is Stopped { model = before }
            if let index = index as? HNSWIndex {
                if round % 9 == 8 { try index.compact() }
                try index.checkInvariants()
            }
            try expect(index, equals: model, query: vector(&generator), place)
        }
    }

    @Test("Random changes leave what their calls come to", arguments: 1...8 as ClosedRange<UInt64>)
    func randomChanges(seed: UInt64) throws {
        let options = HNSWOptions(m: seed % 2 == 0 ? 12 : 4, efConstruction: 24, seed: seed)
        let metric: Metric = seed % 3 == 0 ? .manhattan : .squaredEuclidean
        try Self.run(try HNSWIndex(dimensions: Self.dimensions, metric: metric, options: options), seed: seed)
        try Self.run(try ExactIndex(dimensions: Self.dimensions, metric: metric), seed: seed)
    }

    @Test("A change that throws leaves no trace, after each of its calls")
    func throwingLeavesNoTrace() throws {
        var generator = SeededGenerator(seed: 411)
        let values = (0..<60).map { _ in Self.vector(&generator) }
        func make() throws -> HNSWIndex {
            let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
            try index.insert(contentsOf: values, keys: Array(0..<60), threads: 1)
            try index.remove(keys: [3, 9, 27])
            return index
        }
        let folder = try TemporaryFolder()
        let index = try make()
        let version = index.graph.version
        try make().save(to: folder.path("twin"))
        let twin = try folder.bytes("twin")
        let steps = Self.steps(24, &generator)
        for last in 0...steps.count {
            #expect(throws: Stopped.self) {
                try index.change { change in
                    for step in steps.prefix(last) { _ = try Self.make(step, in: &change) }
                    throw Stopped()
                }
            }
            #expect(index.graph.version == version)
            try index.save(to: folder.path("index"))
            let saved = try folder.bytes("index")
            #expect(saved == twin, "after \(last) calls")
        }
        // A refused vector leaves the calls before it.
        try index.change { change in
            try change.insert([1, 2, 3, 4, 5], key: 500)
            #expect(throws: VectorIndexError.batchVector(position: 1, reason: .nonFiniteValue(position: 0))) {
                try change.insert(contentsOf: [[0, 0, 0, 0, 1], [.nan, 0, 0, 0, 0]], keys: [501, 502])
            }
            #expect(throws: VectorIndexError.duplicateKey(500)) { try change.insert([1, 2, 3, 4, 5], key: 500) }
        }
        #expect(index.count == 58 && index.contains(key: 500) && !index.contains(key: 501))
        try index.checkInvariants()
    }

    @Test("A change that is cancelled while it is linked removes nothing")
    func cancelledRemovesNothing() throws {
        var generator = SeededGenerator(seed: 412)
        let values = (0..<120).map { _ in Self.vector(&generator) }
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        try index.insert(contentsOf: values, keys: Array(0..<120))
        let before = try Observation(index)
        #expect(throws: VectorIndexError.cancelled) {
            let cancel: BatchProgress = { (_) throws(CancellationError) in throw CancellationError() }
            try index.change(threads: 2, progress: cancel) { change in
                change.remove(keys: Array(0..<60))
                try change.insert(contentsOf: Array(values.reversed()), keys: (0..<120).map { $0 < 60 ? $0 : $0 + 60 })
            }
        }
        #expect(try Observation(index) == before)
        try index.checkInvariants()
    }

    @Test("An empty change makes no version; upserts of equal vectors keep the keys")
    func emptyAndEqual() throws {
        var generator = SeededGenerator(seed: 413)
        let values = (0..<90).map { _ in Self.vector(&generator) }
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        try index.insert(contentsOf: values, keys: Array(0..<90))
        let version = index.graph.version
        let answer = try index.change { change in
            try change.insert(values[0], key: 200)
            return change.remove(key: 200)
        }
        #expect(answer && index.graph.version == version)
        let model = Dictionary(uniqueKeysWithValues: values.enumerated().map { (UInt64($0), $1) })
        for _ in 0..<6 {
            #expect(try index.upsert(contentsOf: values, keys: Array(0..<90)) == 90)
            #expect(try index.upsert(values[7], key: 7))
            try index.checkInvariants()
        }
        for key in 0..<90 { #expect(try index.vector(for: UInt64(key)).map(Array.init) == model[UInt64(key)]) }
        #expect(throws: VectorIndexError.repeatedKey(1)) {
            try index.upsert(contentsOf: [values[0], values[1]], keys: [1, 1])
        }
        #expect(index.vectors.count < 4 * 90)
    }

    @Test("A search and lookups beside changes see all or nothing of each", .timeLimit(.minutes(2)))
    func allOrNothing() throws {
        // Keys come in pairs, and both vectors of a pair name the round.
        let pairs = 40
        let index = try HNSWIndex(
            dimensions: 2, metric: .squaredEuclidean, options: HNSWOptions(m: 6, efConstruction: 20))
        @Sendable func vectors(_ round: Int) -> [[Float]] { (0..<2 * pairs).map { [Float(round), Float($0)] } }
        let keys = Array(0..<UInt64(2 * pairs))
        try index.insert(contentsOf: vectors(0), keys: keys)
        let isDone = Atomic(false)
        let problems = Guarded<[String]>([])
        onThreads(3) { thread in
            do {
                guard thread > 0 else {
                    defer { isDone.store(true, ordering: .releasing) }
                    for round in 1...60 {
                        let next = vectors(round)
                        try index.change { change in
                            for key in keys.dropLast(round % 2 * 2) { try change.upsert(next[Int(key)], key: key) }
                            if round % 2 == 1 { change.remove(keys: keys.suffix(2)) }
                        }
                        if round % 10 == 0 { try index.compact() }
                    }
                    return
                }
                repeat {
                    let found = try index.search([0, 0], k: .max, including: .vectors)
                    let rounds = Set(found.compactMap { $0.vector?.first })
                    let stored = try index.vectors(for: keys).compactMap { $0?.first }
                    let expected = 2 * pairs - Int(rounds.first ?? 0) % 2 * 2
                    let isWhole = rounds.count == 1 && found.count == expected && Set(stored).count == 1
                    let single = try index.vector(for: 5)
                    if !isWhole || single == nil { problems.withLock { $0.append("\(rounds), \(found.count)") } }
                } while !isDone.load(ordering: .acquiring)
            } catch { problems.withLock { $0.append("\(error)") } }
        }
        #expect(problems.withLock { $0 }.isEmpty)
        try index.checkInvariants()
    }

    @Test("The version that a reader has announced is not overwritten by changes")
    func announcedVersionStays() throws {
        var generator = SeededGenerator(seed: 414)
        let count = 200
        let values = (0..<count).map { _ in Self.vector(&generator) }
        let index = try HNSWIndex(
            dimensions: Self.dimensions, metric: .squaredEuclidean, options: HNSWOptions(m: 6, efConstruction: 20))
        try index.insert(contentsOf: values, keys: Array(0..<UInt64(count)))
        /// The keys and vectors of a version, read from the slots.
        func contents(at version: GraphVersion) -> [UInt64: [Float]] {
            let vector = index.state.value.vectors.shared(version: version.number)
            let slots = index.graph.admittedSlots(in: index.graph.view(at: version))
            return Dictionary(
                slots.map { (index.keyBySlot.base[Int($0)], Array(vector(Slot($0)))) }, uniquingKeysWith: { a, _ in a })
        }
        let places = index.readers
        try places.read(index.graph) { (_, version) throws in
            let before = contents(at: version)
            #expect(before.count == count)
            // Sweeps unlink what dies. Without the reader its slots would be taken again.
            for round in 1...20 {
                for first in stride(from: 0, to: count, by: 10) {
                    let keys = (first..<first + 10).map { UInt64($0 + round * 1000) }
                    let old = (first..<first + 10).map { UInt64($0 + (round - 1) * 1000) }
                    let new = keys.map { _ in Self.vector(&generator) }
                    try index.change { change in
                        change.remove(keys: old)
                        try change.insert(contentsOf: new, keys: keys)
                    }
                }
            }
            let after = contents(at: version)
            #expect(after == before)
        }
        try index.compact()
        try index.checkInvariants()
    }
}
