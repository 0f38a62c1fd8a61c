// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing
import VectorStorage

@testable import HNSW

@Suite("Repair")
struct RepairTests {
    private static func fixture(m: Int, metric: Metric = .squaredEuclidean, seed: UInt64 = 6) throws -> GraphFixture {
        var generator = SeededGenerator(seed: seed)
        let fixture = try GraphFixture(dimensions: 4, metric: metric, m: m)
        try fixture.insert(generator.vectors(count: 300, dimensions: 4))
        return fixture
    }

    @Test("A node whose incoming edges were all cut is attached again", arguments: [2, 3, 4, 16])
    func attachesOneOrphan(m: Int) throws {
        let fixture = try Self.fixture(m: m)
        for node in [10, 57, 123, 299] as [UInt32] where node != fixture.entryPoint {
            fixture.cutEdges(to: node)
            #expect(fixture.unreachedNodes.contains(node))
            #expect(fixture.repair() >= 1)
            #expect(fixture.unreachedNodes.isEmpty, "node \(node)")
            try fixture.writer.checkInvariants()
        }
    }

    @Test("An orphan that the upper levels still lead to gets no edge to itself", arguments: [2, 3, 4, 16])
    func attachesOrphanOfUpperLevel(m: Int) throws {
        let fixture = try Self.fixture(m: m)
        let nodes = (0..<300 as Range<UInt32>).filter {
            fixture.level(of: $0) > 0 && $0 != fixture.entryPoint
        }
        try #require(!nodes.isEmpty)
        for node in nodes.prefix(20) {
            fixture.cutEdges(to: node)
            fixture.repair()
            try fixture.writer.checkInvariants()
            #expect(fixture.unreachedNodes.isEmpty, "node \(node)")
        }
    }

    @Test("An orphan is spliced into an edge where every row is full, and nothing reached is lost")
    func splicesIntoFullRows() throws {
        let fixture = try Self.fixture(m: 2)
        let orphan: UInt32 = fixture.entryPoint == 33 ? 34 : 33
        fixture.cutEdges(to: orphan)
        // Fill every row with edges that are legal: the next slots.
        for node in 0..<UInt32(300) where node != orphan {
            var row = fixture.row(node)
            var next = (node + 1) % 300
            while row.count < 4 {
                if next != node, next != orphan, !row.contains(next) { row.append(next) }
                next = (next + 1) % 300
            }
            fixture.setRow(node, to: row)
        }
        #expect(fixture.unreachedNodes == [orphan])
        #expect(fixture.repair() == 1)
        try fixture.writer.checkInvariants()
        #expect(fixture.unreachedNodes.isEmpty)
    }

    @Test("An island is attached as a whole", arguments: [1, 2, 3, 4] as [UInt64])
    func attachesIslands(seed: UInt64) throws {
        let fixture = try Self.fixture(m: 3, seed: seed)
        let entry = fixture.entryPoint
        let island = Set((100..<130 as Range<UInt32>).filter { $0 != entry })
        for node in 0..<UInt32(300) {
            let isInside = island.contains(node)
            fixture.setRow(node, to: fixture.row(node).filter { island.contains($0) == isInside })
        }
        #expect(fixture.unreachedNodes.count >= island.count, "seed \(seed)")
        #expect(fixture.repair() >= 1, "seed \(seed)")
        #expect(fixture.unreachedNodes.isEmpty, "seed \(seed)")
        try fixture.writer.checkInvariants()
    }

    @Test("A graph without edges on level 0 is made whole", arguments: Metric.allCases)
    func attachesEverything(metric: Metric) throws {
        let fixture = try Self.fixture(m: 4, metric: metric)
        for node in 0..<UInt32(300) { fixture.setRow(node, to: []) }
        #expect(fixture.repair() == 299)
        try fixture.writer.checkInvariants()
        #expect(fixture.unreachedNodes.isEmpty)
    }

    @Test("Single insertions cut hardly any node off, even without repair", arguments: Metric.allCases, [4, 16])
    func singleInsertionsKeepNodesReached(metric: Metric, m: Int) throws {
        for seed in [1, 2] as [UInt64] {
            var generator = SeededGenerator(seed: seed)
            let vectors = generator.clusteredVectors(count: 800, dimensions: 12, clusters: 20, spread: 0.05)
            let fixture = try GraphFixture(dimensions: 12, metric: metric, m: m, seed: seed)
            try fixture.insertEach(vectors, repairs: false)
            // Pruning alone cuts off more than a hundred under inner product, and several under the others.
            #expect(fixture.unreachedNodes.count <= (metric == .innerProduct ? 8 : 0), "seed \(seed)")
        }
    }

    @Test("A sound graph is not changed")
    func leavesSoundGraphAlone() throws {
        let fixture = try Self.fixture(m: 4)
        let before = fixture.allRows
        #expect(fixture.repair() == 0)
        #expect(fixture.allRows == before)
    }

    @Test("A search that begins where no edge leads out still finds every node")
    func searchLeavesDeadEnds() throws {
        var generator = SeededGenerator(seed: 8)
        let fixture = try GraphFixture(dimensions: 4, m: 4)
        try fixture.insert(generator.vectors(count: 300, dimensions: 4))
        let entry = fixture.entryPoint
        let sink = try #require(
            (0..<300 as Range<UInt32>).first { fixture.level(of: $0) > 0 && $0 != entry })
        fixture.setRow(sink, to: [])
        fixture.repair()
        let query = Array(UnsafeBufferPointer(start: fixture.matrix.row(Slot(sink)), count: 4))
        #expect(fixture.search(query, ef: 300).count == 300)
    }
}
