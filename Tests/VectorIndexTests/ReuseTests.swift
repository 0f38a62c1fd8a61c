// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import HNSW
@testable import VectorIndex

@Suite("The memory of removed vectors")
struct ReuseTests {
    private static let dimensions = 6

    private static func filled(
        _ count: Int, codes: VectorCodes = .automatic, rows: VectorRows = .float32, seed: UInt64
    ) throws -> (HNSWIndex, [Float]) {
        var generator = SeededGenerator(seed: seed)
        let values = generator.vectors(count: count, dimensions: dimensions)
        let options = HNSWOptions(m: 6, efConstruction: 24, codes: codes, rows: rows)
        let index = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean, options: options)
        try index.insert(contentsOf: values, keys: Array(0..<UInt64(count)))
        return (index, values)
    }

    @Test("It is used again after compact()", arguments: VectorRows.allCases)
    func isReused(rows: VectorRows) throws {
        let (index, values) = try Self.filled(120, rows: rows, seed: 221)
        for round in 1...4 as ClosedRange<UInt64> {
            for key in 0..<60 as Range<UInt64> { #expect(try index.remove(key: (round - 1) * 1000 + key)) }
            try index.compact()
            #expect(index.freeSlotCount == 60 && index.tombstoneCount == 0)
            try index.insert(
                contentsOf: Array(values.prefix(60 * Self.dimensions)), keys: (0..<60).map { round * 1000 + $0 })
            #expect(index.vectors.count == 120)
            try index.checkInvariants()
        }
    }

    @Test("It stays bounded when vectors are replaced for ever", arguments: VectorRows.allCases)
    func staysBounded(rows: VectorRows) throws {
        let (index, values) = try Self.filled(200, rows: rows, seed: 222)
        for turn in 0..<1000 as Range<UInt64> {
            let vector = values.vector(Int(turn * 7 % 200), Self.dimensions).map { $0 + Float(turn) * 0.0001 }
            try index.replace(turn, with: vector.span, key: turn + 200)
        }
        // An eighth is dead when a sweep begins, and a sixteenth more dies before it ends.
        #expect(index.vectors.count < 300)
        #expect(index.count == 200)
        try index.checkInvariants()
    }

    @Test("A vector that is held keeps its values through removal, reuse and growth, until it is dropped")
    func heldVectorsStay() throws {
        let (index, values) = try Self.filled(100, seed: 223)
        var generator = SeededGenerator(seed: 224)
        let query = values.vector(3, Self.dimensions)
        var held: [Neighbor] = try index.search(query, k: 20, including: .vectors)
        var other = try index.vector(for: 50)
        func expectUnchanged() {
            for each in held {
                #expect(each.vector.map { Array($0) } == values.vector(Int(each.key), Self.dimensions))
            }
            #expect(other.map(Array.init) == values.vector(50, Self.dimensions))
        }
        for key in 0..<100 as Range<UInt64> { try index.remove(key: key) }
        try index.compact()
        expectUnchanged()
        try index.insert(contentsOf: generator.vectors(count: 100, dimensions: Self.dimensions), keys: Array(200..<300))
        #expect(index.vectors.count == 200)
        expectUnchanged()
        #expect(try index.secureErase() == 100)
        expectUnchanged()
        held = []
        #expect(try index.secureErase() == 100)
        #expect(other.map(Array.init) == values.vector(50, Self.dimensions))
        other = nil
        #expect(try index.secureErase() == 0)
        try index.insert(contentsOf: generator.vectors(count: 100, dimensions: Self.dimensions), keys: Array(300..<400))
        #expect(index.vectors.count == 200)
        try index.checkInvariants()
    }

    @Test("A vector that is held outlives the index")
    func heldVectorOutlivesIndex() throws {
        var found: [Neighbor] = []
        let values: [Float]
        do {
            let (index, inserted) = try Self.filled(60, seed: 225)
            values = inserted
            found = try index.search(values.vector(1, Self.dimensions), k: 10, including: .vectors)
            for key in 0..<60 as Range<UInt64> { try index.remove(key: key) }
            try index.secureErase()
        }
        #expect(found.count == 10)
        for each in found { #expect(each.vector.map { Array($0) } == values.vector(Int(each.key), Self.dimensions)) }
    }

    @Test(
        "secureErase() leaves no value, code or key of what was removed", arguments: [VectorCodes.float32, .int8],
        VectorRows.allCases)
    func isErased(codes: VectorCodes, rows: VectorRows) throws {
        let (index, _) = try Self.filled(300, codes: codes, rows: rows, seed: 226)
        let space = AlignedBuffer<Float>(capacity: index.vectors.stride, zero: 0)
        #expect((index.codes != nil) == (codes != .float32))
        for key in 100..<200 as Range<UInt64> { try index.remove(key: key) }
        #expect(try index.secureErase() == 0)
        var erased = 0
        for slot in 0..<UInt32(index.vectors.count) {
            let row = index.vectors.vector(slot, space: space.base)
            let isZero = (0..<index.vectors.stride).allSatisfy { row[$0] == 0 }
            let areCodesZero = index.codes.map { codes in
                (0..<codes.kernel.prefetch.stride).allSatisfy { codes.kernel.row(slot).codes[$0] == 0 }
            }
            let isRemoved = index.isRemoved(Slot(slot))
            erased += isRemoved ? 1 : 0
            #expect(isZero == isRemoved && areCodesZero ?? isRemoved == isRemoved, "slot \(slot)")
            if isRemoved { #expect(index.keyBySlot.base[Int(slot)] == 0) }
        }
        #expect(erased == 100)
        try index.checkInvariants()
    }

    @Test("The graph is the same for 1, 2, 3 and 8 threads, through removals and reuse", arguments: VectorRows.allCases)
    func doesNotDependOnThreads(rows kind: VectorRows) throws {
        var generator = SeededGenerator(seed: 227)
        let batches = (0..<4).map { _ in generator.vectors(count: 150, dimensions: Self.dimensions) }
        let removed = (0..<4).map { batch in
            (0..<70).map { _ in UInt64(batch * 1000) + UInt64.random(in: 0..<150, using: &generator) }
        }
        let rows = try [1, 2, 3, 8].map { threads in
            let options = HNSWOptions(m: 5, efConstruction: 20, codes: VectorCodes.float32, rows: kind)
            let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean, options: options)
            for (batch, values) in batches.enumerated() {
                try index.insert(
                    contentsOf: values, keys: (0..<150).map { UInt64(batch * 1000 + $0) }, threads: threads)
                for key in removed[batch] { try index.remove(key: key) }
                if batch == 1 { try index.compact() }
            }
            #expect(index.vectors.count < 600)
            return index.allRows
        }
        for other in rows.dropFirst() { #expect(other == rows[0]) }
    }
}
