// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import HNSW
@testable import VectorIndex

@Suite("A batch that is cancelled")
struct CancellationTests {
    private static let dimensions = 6

    /// All that an index holds, as far as a later call can tell.
    private struct Contents: Equatable {
        let count: Int
        let keys: [UInt64?]
        let rows: [[UInt32]]
        let entryPoint: UInt32?
        let freeSlotCount: Int
        let deadNodeCount: Int
        let outliers: [UInt32]
        let codesAreLearnt: Bool
        let codes: [[UInt8]]
        let found: [Neighbor]

        init(_ index: HNSWIndex) throws {
            count = index.count
            let slots = 0..<UInt32(index.graph.slotCount)
            keys = slots.map { index.isRemoved(Slot($0)) ? nil : index.keyBySlot.base[Int($0)] }
            rows = index.allRows
            entryPoint = index.graph.entryPoint?.rawValue
            freeSlotCount = index.freeSlotCount
            deadNodeCount = index.tombstoneCount
            outliers = index.outliers.map(\.rawValue)
            codesAreLearnt = index.codes != nil
            codes =
                index.codes.map { codes in
                    slots.filter { !index.isRemoved(Slot($0)) }.map { slot in
                        let kernel = codes.kernel
                        return Array(UnsafeBufferPointer(start: kernel.row(slot).codes, count: kernel.prefetch.stride))
                    }
                } ?? []
            found = try index.search([Float](repeating: 0.5, count: index.dimensions), k: .max)
        }
    }

    /// Where a batch is cancelled: at the first call of `progress`, one in the middle, or the last.
    enum Moment: CaseIterable, Sendable { case first, middle, last }

    /// What is there before the batch.
    enum Before: CaseIterable, Sendable { case nothing, some, duplicates, removed, manyIslands }

    private static func index(_ before: Before, metric: Metric) throws -> HNSWIndex {
        var generator = SeededGenerator(seed: 211)
        // Small rows are pruned, and cut nodes off, often.
        let index = try HNSWIndex(
            dimensions: dimensions, metric: metric, options: HNSWOptions(m: 3, efConstruction: 16))
        if before == .nothing { return index }
        if before == .manyIslands {
            for island in 0..<70 {
                let center = generator.vector(dimensions: dimensions).map { $0 * 100 }
                let values = (0..<6).flatMap { _ in center.map { $0 + Float.random(in: -1..<1, using: &generator) } }
                try index.insert(contentsOf: values, keys: (0..<6).map { UInt64(island * 6 + $0) })
            }
            return index
        }
        var values = generator.vectors(count: 200, dimensions: dimensions)
        if before == .duplicates { values += values.prefix(40 * dimensions) }
        try index.insertAll(values, keys: 0..<UInt64(values.count / dimensions))
        if before == .removed {
            for key in 0..<90 as Range<UInt64> { try index.remove(key: key * 2) }
            try index.compact()
            for key in 0..<20 as Range<UInt64> { try index.remove(key: key * 2 + 1) }
        }
        return index
    }

    private static func batch(_ index: HNSWIndex, seed: UInt64) throws -> (values: [Float], keys: [UInt64]) {
        var generator = SeededGenerator(seed: seed)
        var values = generator.vectors(count: 90, dimensions: dimensions)
        // Equal to one another, and to some that are there.
        values += values.prefix(20 * dimensions)
        for key in 0..<20 as Range<UInt64> {
            values += try index.vector(for: key).map(Array.init) ?? generator.vector(dimensions: dimensions)
        }
        return (values, (0..<130).map { 10_000 + seed * 1000 + $0 })
    }

    @Test(
        "It leaves the index as it was, and the next batch makes the same graph as without it",
        arguments: Before.allCases, [Metric.squaredEuclidean, .innerProduct])
    func leavesNothing(before: Before, metric: Metric) throws {
        let untouched = try Self.index(before, metric: metric)
        let next = try Self.batch(untouched, seed: 2)
        try untouched.insert(contentsOf: next.values, keys: next.keys)
        let expected = try Contents(untouched)
        for moment in Moment.allCases {
            let index = try Self.index(before, metric: metric)
            let contents = try Contents(index)
            let batch = try Self.batch(index, seed: 1)
            // As many calls as the batch makes when it is not cancelled.
            var calls = 0
            try Self.index(before, metric: metric).insert(contentsOf: batch.values, keys: batch.keys) { _ in calls += 1
            }
            let last =
                switch moment {
                case .first: 1
                case .middle: calls / 2
                case .last: calls
                }
            var call = 0
            #expect(throws: VectorIndexError.cancelled) {
                try index.insert(contentsOf: batch.values, keys: batch.keys) { (_) throws(CancellationError) in
                    call += 1
                    if call == last { throw CancellationError() }
                }
            }
            #expect(try Contents(index) == contents, "\(before), \(metric), \(moment)")
            try index.checkInvariants()
            #expect(batch.keys.allSatisfy { !index.contains(key: $0) })
            try index.insert(contentsOf: next.values, keys: next.keys)
            #expect(try Contents(index) == expected, "\(before), \(metric), \(moment)")
            try index.checkInvariants()
        }
    }

    @Test("It leaves the index as it was, also if it is of one vector, of equal ones or of known ones")
    func smallBatches() throws {
        let index = try Self.index(.some, metric: .squaredEuclidean)
        let contents = try Contents(index)
        let known = try #require(try index.vector(for: 7)).map { $0 }
        let new = [Float](repeating: 0.3, count: Self.dimensions)
        for values in [new, known, new + new, known + known, new + known] {
            #expect(throws: VectorIndexError.cancelled) {
                try index.insert(contentsOf: values, keys: Array(1000..<1000 + UInt64(values.count / Self.dimensions)))
                {
                    (_) throws(CancellationError) in throw CancellationError()
                }
            }
            #expect(try Contents(index) == contents)
            try index.checkInvariants()
        }
    }

    @Test("It takes the codes along that were learnt in it")
    func forgetsCodes() throws {
        var generator = SeededGenerator(seed: 212)
        let index = try HNSWIndex(
            dimensions: Self.dimensions, metric: .cosine, options: HNSWOptions(codes: .int8))
        try index.insert(contentsOf: generator.vectors(count: 200, dimensions: Self.dimensions), keys: Array(0..<200))
        #expect(index.codesInUse == VectorCodes.float32)
        var codesAmid = VectorCodes.float32
        #expect(throws: VectorIndexError.cancelled) {
            try index.insert(
                contentsOf: generator.vectors(count: 200, dimensions: Self.dimensions), keys: Array(1000..<1200)
            ) { (_) throws(CancellationError) in
                codesAmid = index.codesInUse
                throw CancellationError()
            }
        }
        #expect(codesAmid == .int8)
        #expect(index.codesInUse == VectorCodes.float32)
        #expect(index.count == 200)
        try index.checkInvariants()
    }

    @Test("Vectors that equal others count as linked: progress ascends and ends at the number of vectors")
    func progressEndsAtCount() throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        var calls: [Int] = []
        try index.insert(contentsOf: (0..<60).flatMap { [Float($0 % 30), 1] }, keys: Array(0..<60)) { calls.append($0) }
        #expect(calls == calls.sorted() && calls.last == 60)
        calls = []
        try index.insert(contentsOf: (0..<10).flatMap { [Float($0 % 5), 1] }, keys: Array(100..<110)) {
            calls.append($0)
        }
        #expect(calls == [10])
    }
}

extension HNSWIndex {
    /// Every row of every level that is a node's.
    var allRows: [[UInt32]] {
        graph.allSlots.flatMap { slot -> [[UInt32]] in
            guard isNode(slot) else { return [] }
            return (0...graph.level(of: slot)).map { level in
                let layer = graph.layer(level)
                let row = layer.row(Node(slot))
                return [slot.rawValue, UInt32(level)] + (0..<layer.count(row)).map { row[$0].rawValue }
            }
        }
    }
}
