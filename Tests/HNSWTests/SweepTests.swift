// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorStorage

@testable import HNSW

@Suite("A sweep")
struct SweepTests {
    private static func fixture(_ count: Int, m: Int = 6, seed: UInt64 = 41) throws -> GraphFixture {
        var generator = SeededGenerator(seed: seed)
        let fixture = try GraphFixture(dimensions: 5, m: m)
        try fixture.insert(generator.vectors(count: count, dimensions: 5))
        return fixture
    }

    /// Whether an edge of any level leads from a node to one of some slots.
    private static func leads(_ writer: borrowing GraphWriter, to slots: Set<UInt32>) -> Bool {
        let graph = writer.graph
        for slot in 0..<UInt32(graph.slotCount) where writer.ledger.flags.base[Int(slot)].isNode {
            for level in 0...graph.level(of: Slot(slot)) {
                let layer = graph.layer(level)
                let row = layer.row(Node(Slot(slot)))
                if (0..<layer.count(row)).contains(where: { slots.contains(row[$0].rawValue) }) { return true }
            }
        }
        return false
    }

    @Test(
        "It leaves no edge to a removed node, every other node reached, and the slots free in order",
        arguments: [3, 16])
    func unlinks(m: Int) throws {
        let fixture = try Self.fixture(300, m: m)
        let removed = Set((0..<300 as Range<UInt32>).filter { $0 % 3 == 0 })
        for slot in removed.sorted().reversed() { fixture.remove(slot) }
        let isDue = fixture.writer.isSweepDue
        #expect(isDue)
        fixture.sweep(rowsAtOnce: 40)
        #expect(fixture.writer.tombstoneCount == 0 && fixture.graph.nodeCount == 200)
        let leadsToRemoved = Self.leads(fixture.writer, to: removed)
        #expect(!leadsToRemoved)
        #expect(fixture.unreachedNodes.isEmpty)
        try fixture.writer.checkInvariants()
        #expect(fixture.writer.freeSlots(oldestReader: fixture.graph.version).map(\.rawValue) == removed.sorted())
        #expect(fixture.takeSlot(oldestReader: fixture.graph.version) == Slot(0))
        #expect(fixture.takeSlot(oldestReader: fixture.graph.version) == Slot(3))
    }

    @Test("Slots that a reader may still know are not taken")
    func waitsForReaders() throws {
        let fixture = try Self.fixture(100)
        for slot in 0..<50 as Range<UInt32> { fixture.remove(slot) }
        let reader = fixture.graph.version
        fixture.sweep()
        #expect(fixture.writer.freeSlotCount == 50)
        #expect(fixture.writer.freeSlots(oldestReader: reader) == [])
        #expect(fixture.takeSlot(oldestReader: reader) == Slot(100))
        #expect(fixture.writer.newSlotCount(additional: 60, oldestReader: reader) == 60)
        #expect(fixture.writer.newSlotCount(additional: 60, oldestReader: fixture.graph.version) == 10)
    }

    @Test("Nodes that a reader can still find are not unlinked")
    func sparesWhatReadersSee() throws {
        let fixture = try Self.fixture(100)
        for slot in 0..<20 as Range<UInt32> { fixture.remove(slot) }
        let reader = fixture.graph.version
        for slot in 20..<40 as Range<UInt32> { fixture.remove(slot) }
        fixture.sweep(oldestReader: reader)
        #expect(fixture.graph.nodeCount == 80 && fixture.writer.tombstoneCount == 20)
        fixture.sweep()
        #expect(fixture.graph.nodeCount == 60 && fixture.writer.tombstoneCount == 0)
        try fixture.writer.checkInvariants()
    }

    @Test("The graph is the same for 1, 2 and 3 threads")
    func doesNotDependOnThreads() throws {
        let rows = try [1, 2, 3].map { threads in
            let fixture = try Self.fixture(300, m: 4)
            for slot in 100..<220 as Range<UInt32> { fixture.remove(slot) }
            fixture.sweep(threads: threads)
            return fixture.allRows
        }
        #expect(rows[0] == rows[1] && rows[0] == rows[2])
    }

    @Test("Without the entry point another node of the highest level is entered by")
    func entryPointRemoved() throws {
        let fixture = try Self.fixture(200, m: 3)
        for _ in 0..<20 {
            let entryPoint = fixture.entryPoint
            fixture.remove(entryPoint)
            fixture.sweep()
            #expect(fixture.entryPoint != entryPoint)
            #expect(fixture.unreachedNodes.isEmpty)
            try fixture.writer.checkInvariants()
        }
        #expect(fixture.search([0, 0, 0, 0, 0], ef: 200).count == 180)
    }

    @Test("With everything removed the graph is empty, and takes vectors again")
    func everythingRemoved() throws {
        let fixture = try Self.fixture(80)
        for slot in 0..<80 as Range<UInt32> { fixture.remove(slot) }
        fixture.sweep()
        #expect(fixture.graph.entryPoint == nil && fixture.graph.nodeCount == 0 && fixture.writer.freeSlotCount == 80)
        #expect(fixture.search([0, 0, 0, 0, 0], ef: 10).isEmpty)
        try fixture.writer.checkInvariants()
        try fixture.insert([1, 2, 3, 4, 5])
        #expect(fixture.search([0, 0, 0, 0, 0], ef: 10).map(\.slot) == [80])
        try fixture.writer.checkInvariants()
    }

    @Test("Removed duplicates leave the chain of their node, wherever in it they are")
    func duplicatesLeave() throws {
        for removed in [[1], [2], [4], [1, 2], [2, 4], [1, 2, 3, 4], [0, 3], [0, 1, 2, 3]] as [[UInt32]] {
            let fixture = try Self.fixture(0)
            try fixture.insert((0..<5).flatMap { _ in [1, 1, 1, 1, 1] as [Float] } + [2, 2, 2, 2, 2])
            for slot in removed { fixture.remove(slot) }
            fixture.sweep()
            let live = (0..<5 as Range<UInt32>).filter { !removed.contains($0) }
            #expect(fixture.search([1, 1, 1, 1, 1], ef: 6).map(\.slot) == live + [5], "\(removed)")
            // The node stays as long as others hang on it.
            #expect(fixture.writer.freeSlotCount == removed.filter { $0 != 0 }.count, "\(removed)")
            try fixture.writer.checkInvariants()
            try fixture.insert([1, 1, 1, 1, 1])
            #expect(fixture.search([1, 1, 1, 1, 1], ef: 6).map(\.slot) == live + [6, 5], "\(removed)")
            for slot in live + [6] { fixture.remove(slot) }
            fixture.sweep()
            #expect(fixture.graph.nodeCount == 1 && fixture.writer.freeSlotCount == 6, "\(removed)")
            try fixture.writer.checkInvariants()
        }
    }
}
