// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import VectorIndex

/// Vectors that are removed and inserted again as they were, as who keeps an index up to date does with most.
@Suite("Vectors that are inserted again unchanged")
struct RenewalTests {
    private static let dimensions = 16

    enum Way: CaseIterable, Sendable {
        /// Removed, and then inserted under the same key.
        case removedFirst

        /// Replaced in one change, under another key.
        case replaced
    }

    /// Renews vector `i` of those whose keys are `i`, or `i` and `count + i` in turn.
    private static func renew(_ index: HNSWIndex, _ values: [Float], round: Int, way: Way) throws {
        let count = values.count / dimensions
        for i in 0..<count {
            let vector = values.vector(i, dimensions)
            switch way {
            case .removedFirst:
                #expect(try index.remove(key: UInt64(i)))
                try index.insert(vector, key: UInt64(i))
            case .replaced:
                let keys = [UInt64(i), UInt64(count + i)]
                try index.replace(keys[round % 2], with: vector.span, key: keys[(round + 1) % 2])
            }
        }
    }

    private static func index(codes: VectorCodes, keepsVectors: Bool = true) throws -> HNSWIndex {
        try HNSWIndex(
            dimensions: dimensions, metric: .squaredEuclidean,
            options: HNSWOptions(m: 6, efConstruction: 24, codes: codes, keepsVectors: keepsVectors))
    }

    @Test(
        "They take no more memory, and no longer file, however often", arguments: Way.allCases,
        [(.float32, 3000, true), (.automatic, 3000, true), (.int4, 4200, false)] as [(VectorCodes, Int, Bool)])
    func memory(way: Way, kind: (codes: VectorCodes, count: Int, keepsVectors: Bool)) throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: 901)
        let values = generator.vectors(count: kind.count, dimensions: Self.dimensions)
        let index = try Self.index(codes: kind.codes, keepsVectors: kind.keepsVectors)
        try index.insert(contentsOf: values, keys: Array(0..<UInt64(kind.count)))
        let bytes = index.memoryBytes
        let fileBytes = try index.save(to: folder.path("a"))
        for round in 0..<3 {
            try Self.renew(index, values, round: round, way: way)
            // A few slots wait to be used again.
            #expect(index.memoryBytes <= bytes * 12 / 10, "round \(round)")
        }
        try index.checkInvariants()
        try index.compact()
        try index.checkInvariants()
        #expect(index.memoryBytes <= bytes * 12 / 10)
        #expect(try index.save(to: folder.path("a")) <= fileBytes * 12 / 10)
        #expect(index.count == kind.count && index.tombstoneCount == 0)
        #expect(index.graph.slotCount - index.freeSlotCount == kind.count)
        let offset = way == .replaced ? UInt64(kind.count) : 0
        for i in stride(from: 0, to: kind.count, by: 41) {
            let key = UInt64(i) + offset
            let vector = values.vector(i, Self.dimensions)
            #expect(try index.search(vector, k: 2, effort: .candidates(60)).first?.key == key)
            if kind.keepsVectors { #expect(try index.vector(for: key).map { Array($0) } == vector) }
        }
    }

    @Test("Of equal vectors each is found once, whichever of them is removed", arguments: [1, 2, 5])
    func equalVectors(copies: Int) throws {
        var generator = SeededGenerator(seed: 902)
        let index = try Self.index(codes: VectorCodes.float32)
        let places = 100
        let values = generator.vectors(count: places, dimensions: Self.dimensions)
        func key(_ place: Int, _ copy: Int) -> UInt64 { UInt64(place * 10 + copy) }
        for copy in 0..<copies { try index.insertAll(values, keys: (0..<places).map { key($0, copy) }) }
        for round in 0..<12 {
            for place in 0..<places {
                let copy = Int.random(in: 0..<copies, using: &generator)
                try index.remove(key: key(place, copy))
                if place % 3 == 0 || copies == 1 {
                    try index.insert(values.vector(place, Self.dimensions), key: key(place, copy))
                } else {
                    try index.replace(
                        key(place, (copy + 1) % copies), with: values.vector(place, Self.dimensions).span,
                        key: key(place, copy))
                    try index.insert(
                        values.vector(place, Self.dimensions), key: key(place, (copy + 1) % copies))
                }
            }
            if round % 4 == 3 { try index.compact() }
            try index.checkInvariants()
            for place in stride(from: 0, to: places, by: 7) {
                let found = try index.search(values.vector(place, Self.dimensions), k: copies, effort: .candidates(60))
                #expect(found.map(\.key).sorted() == (0..<copies).map { key(place, $0) })
                #expect(found.allSatisfy { $0.distance == 0 })
            }
        }
        #expect(index.count == places * copies)
        #expect(index.graph.slotCount <= places * copies + 200)
    }

    @Test("A search and a lookup beside it find each vector once, and the same", .timeLimit(.minutes(2)))
    func isolation() throws {
        var generator = SeededGenerator(seed: 903)
        let index = try Self.index(codes: VectorCodes.float32)
        let count = 150
        let values = generator.vectors(count: count, dimensions: Self.dimensions)
        try index.insert(contentsOf: values, keys: Array(0..<UInt64(count)))
        // Equal ones: those that stay move when those that came before are renewed.
        try index.insert(contentsOf: values, keys: (0..<count).map { UInt64(1000 + $0) })
        let isDone = Atomic(false)
        let problems = Guarded<[String]>([])
        onThreads(3) { thread in
            do {
                guard thread > 0 else {
                    defer { isDone.store(true, ordering: .releasing) }
                    for round in 0..<6 {
                        for i in 0..<count {
                            try index.replace(
                                UInt64(i + round * 10_000), with: values.vector(i, Self.dimensions).span,
                                key: UInt64(i + (round + 1) * 10_000))
                        }
                        if round % 2 == 1 { try index.compact() }
                    }
                    return
                }
                var generator = SeededGenerator(seed: UInt64(thread))
                repeat {
                    let i = Int.random(in: 0..<count, using: &generator)
                    let vector = values.vector(i, Self.dimensions)
                    let found = try index.search(vector, k: .max, effort: .candidates(50))
                    let keys = Set(found.map { $0.key >= 1000 && $0.key < 2000 ? $0.key : $0.key % 10_000 })
                    if found.count != 2 * count || keys.count != 2 * count {
                        problems.withLock { $0.append("\(keys.count) vectors in \(found.count) results") }
                    }
                    let key = UInt64(1000 + i)
                    let looked = try index.vector(for: key)
                    let distance = try index.distance(from: vector.span, to: key)
                    if looked.map({ Array($0) }) != vector || distance != 0 || !index.contains(key: key) {
                        problems.withLock { $0.append("key \(key) is not found") }
                    }
                } while !isDone.load(ordering: .acquiring)
            } catch {
                problems.withLock { $0.append("thrown: \(error)") }
            }
        }
        #expect(problems.withLock { $0 } == [])
        try index.checkInvariants()
    }

    @Test("One that is held keeps its values while others move", arguments: Way.allCases)
    func held(way: Way) throws {
        var generator = SeededGenerator(seed: 904)
        let index = try Self.index(codes: VectorCodes.float32)
        let values = generator.vectors(count: 200, dimensions: Self.dimensions)
        try index.insert(contentsOf: values, keys: Array(0..<200))
        var held: [(position: Int, vector: SharedVector)] = []
        for round in 0..<4 {
            for i in stride(from: round, to: 200, by: 9) {
                let found = try index.search(values.vector(i, Self.dimensions), k: 1, including: .vectors)
                held.append((i, try #require(found.first?.vector)))
            }
            try Self.renew(index, values, round: round, way: way)
            try index.compact()
            try index.insert(
                contentsOf: generator.vectors(count: 50, dimensions: Self.dimensions),
                keys: (0..<50).map { 10_000 + $0 })
            for key in 10_000..<10_050 as Range<UInt64> { try index.remove(key: key) }
        }
        for (position, vector) in held { #expect(Array(vector) == values.vector(position, Self.dimensions)) }
        try index.checkInvariants()
    }

    @Test("An index that is opened amid it goes on as one that never was closed", arguments: Way.allCases)
    func reopened(way: Way) throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: 905)
        let index = try Self.index(codes: VectorCodes.float32)
        let values = generator.vectors(count: 90, dimensions: Self.dimensions)
        try index.insert(contentsOf: values, keys: Array(0..<90))
        try Self.renew(index, Array(values.prefix(50 * Self.dimensions)), round: 0, way: .removedFirst)
        try index.save(to: folder.path("a"))
        let opened = try HNSWIndex(contentsOf: folder.path("a"))
        for each in [index, opened] {
            try Self.renew(each, values, round: 0, way: way)
            try each.checkInvariants()
        }
        try index.save(to: folder.path("a"))
        try opened.save(to: folder.path("b"))
        #expect(try folder.bytes("a") == folder.bytes("b"))
    }

    @Test("A batch of them that is cancelled leaves them as they were")
    func cancelled() throws {
        var generator = SeededGenerator(seed: 906)
        let index = try Self.index(codes: VectorCodes.float32)
        let values = generator.vectors(count: 200, dimensions: Self.dimensions)
        try index.insert(contentsOf: values, keys: Array(0..<200))
        for key in 0..<120 as Range<UInt64> { try index.remove(key: key) }
        #expect(throws: VectorIndexError.cancelled) {
            try index.insert(contentsOf: values, keys: Array(1000..<1200)) { (_) throws(CancellationError) in
                throw CancellationError()
            }
        }
        try index.checkInvariants()
        try index.insert(contentsOf: Array(values.prefix(100 * Self.dimensions)), keys: Array(2000..<2100))
        try index.compact()
        try index.checkInvariants()
        #expect(index.count == 180 && index.graph.slotCount - index.freeSlotCount == 180)
    }
}
