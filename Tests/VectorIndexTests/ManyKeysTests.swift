// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import VectorIndex

@Suite("Many keys at once")
struct ManyKeysTests {
    private static let dimensions = 6

    private static func indexes(count: Int = 400) throws -> ([any NearestNeighborIndex], [Float]) {
        var generator = SeededGenerator(seed: 701)
        let vectors = generator.vectors(count: count, dimensions: dimensions)
        let keys = (0..<UInt64(count)).map { 3 * $0 + 1 }
        let graph = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean)
        let exact = try ExactIndex(dimensions: dimensions, metric: .squaredEuclidean)
        try graph.insert(contentsOf: vectors, keys: keys)
        try exact.insert(contentsOf: vectors, keys: keys)
        return ([graph, exact], vectors)
    }

    @Test("Keys are those of all vectors that are held")
    func keys() throws {
        for index in try Self.indexes().0 {
            var expected = Set((0..<400 as Range<UInt64>).map { 3 * $0 + 1 })
            #expect(Set(index.keys) == expected && index.keys.count == 400)
            for key in [1, 4, 1198] as [UInt64] {
                #expect(try index.remove(key: key))
                expected.remove(key)
            }
            #expect(Set(index.keys) == expected && index.keys.count == 397)
            try index.insert([Float](repeating: 2, count: 6), key: 0)
            #expect(Set(index.keys) == expected.union([0]))
        }
        #expect(try HNSWIndex(dimensions: 2, metric: .cosine).keys.isEmpty)
    }

    @Test("Vectors of many keys are those of each key")
    func vectors() throws {
        for index in try Self.indexes().0 {
            let keys = [7, 2, 1, 7, 1198, 5_000] as [UInt64]
            let found = try index.vectors(for: keys)
            #expect(try found == keys.map { try index.vector(for: $0) })
            #expect(found.map { $0 == nil } == [false, true, false, false, false, true])
            #expect(try index.vectors(for: []).isEmpty)
        }
    }

    @Test("Many are removed in one change, and what is not there is left out")
    func removal() throws {
        for index in try Self.indexes().0 {
            let removed = (0..<300 as Range<UInt64>).map { 3 * $0 + 1 }
            #expect(try index.remove(keys: removed + [2, 1, 4] + removed) == 300)
            #expect(try index.remove(keys: removed) == 0)
            #expect(index.count == 100 && !index.contains(key: 1) && index.contains(key: 1198))
            let found = try index.search([Float](repeating: 0, count: 6), k: 400)
            #expect(Set(found.map(\.key)) == Set(index.keys) && found.count == 100)
            try (index as? HNSWIndex)?.checkInvariants()
            try index.insert([Float](repeating: 2, count: 6), key: 1)
            #expect(index.contains(key: 1))
        }
    }

    @Test("All are removed, and the index can be filled again", arguments: [1, 400, 2000])
    func everything(count: Int) throws {
        let (indexes, vectors) = try Self.indexes(count: count)
        for index in indexes {
            for _ in 0..<3 {
                #expect(try index.removeAll() == count && index.isEmpty && index.keys.isEmpty)
                #expect(try index.removeAll() == 0)
                #expect(try index.search([Float](repeating: 0, count: 6), k: 5).isEmpty)
                try (index as? HNSWIndex)?.checkInvariants()
                for key in 0..<UInt64(count) {
                    try index.insert(vectors.vector(Int(key), Self.dimensions), key: key)
                }
                #expect(index.count == count)
            }
            try (index as? HNSWIndex)?.checkInvariants()
        }
        let graph = try #require(indexes[0] as? HNSWIndex)
        #expect(graph.vectors.count <= 2 * count + 64, "memory of removed vectors is used again")
    }

    @Test("Duplicates are removed together")
    func duplicates() throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        let values: [Float] = (0..<200).flatMap { [Float($0 % 5), 1] }
        try index.insert(contentsOf: values, keys: (0..<200).map { $0 })
        #expect(try index.remove(keys: (0..<200).filter { $0 % 5 != 0 || $0 < 100 }) == 180)
        try index.checkInvariants()
        #expect(Set(try index.search([0, 1], k: 200).map(\.key)) == Set(index.keys))
        #expect(try index.removeAll() == 20 && index.search([0, 1], k: 1).isEmpty)
        try index.checkInvariants()
    }

    @Test("A search beside the removal of many finds all of them or none")
    func isolation() async throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        let values: [Float] = (0..<400).flatMap { [Float($0), Float($0 % 7)] }
        try index.insert(contentsOf: values, keys: (0..<400).map { $0 })
        async let changes: Void = Task.detached {
            for _ in 0..<20 {
                try index.remove(keys: (0..<200).map { $0 })
                try index.insert(contentsOf: Array(values[..<400]), keys: (0..<200).map { $0 })
            }
        }.value
        for _ in 0..<200 {
            let keys = Set(index.keys)
            #expect(keys.count == 400 || keys.count == 200 && keys.min() == 200)
            let vectors = try index.vectors(for: (0..<400).map { $0 })
            let present = vectors.prefix(200).count { $0 != nil }
            #expect((present == 200 || present == 0) && vectors.dropFirst(200).allSatisfy { $0 != nil })
            let found = try index.search([0, 0], k: 400).count { $0.key < 200 }
            #expect(found == 200 || found == 0)
        }
        try await changes
    }

    @Test("Statistics add up", arguments: [VectorCodes.automatic, .float32, .int8])
    func statistics(codes: VectorCodes) throws {
        var generator = SeededGenerator(seed: 702)
        let index = try HNSWIndex(
            dimensions: 24, metric: .cosine, options: HNSWOptions(m: 4, efConstruction: 30, codes: codes))
        #expect(index.statistics.nodeCountByLevel.isEmpty && index.statistics.count == 0)
        try index.insert(contentsOf: generator.vectors(count: 1000, dimensions: 24), keys: (0..<1000).map { $0 })
        try index.remove(keys: [1, 2, 3])
        let statistics = index.statistics
        #expect(statistics.count == 997 && statistics.removedCount == 3)
        #expect(statistics.codesInUse == index.codesInUse && statistics.codesInUse != .automatic)
        #expect((statistics.bytes.codes > 0) == (statistics.codesInUse != .float32))
        #expect(statistics.bytes.total == index.memoryBytes && statistics.bytes.vectors >= 1000 * 24 * 4)
        let levels = statistics.nodeCountByLevel
        #expect(levels.count > 2 && levels[0] == index.graph.nodeCount && levels == levels.sorted(by: >))
        let data = try JSONEncoder().encode(statistics)
        #expect(try JSONDecoder().decode(IndexStatistics.self, from: data) == statistics)

        let exact = try ExactIndex(dimensions: 24, metric: .cosine, usesCodes: codes != .float32)
        try exact.insert(contentsOf: generator.vectors(count: 100, dimensions: 24), keys: (0..<100).map { $0 })
        exact.remove(keys: [5])
        let plain = exact.statistics
        #expect(plain.count == 99 && plain.removedCount == 1 && plain.nodeCountByLevel.isEmpty)
        #expect(
            plain.codesInUse == (codes == .float32 ? .float32 : .int8) && (plain.bytes.codes > 0) == (codes != .float32)
        )
        #expect(plain.bytes.vectors >= 100 * 24 * 4 && plain.bytes.graph == 0)
    }
}
