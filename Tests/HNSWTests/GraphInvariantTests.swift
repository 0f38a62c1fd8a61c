// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing

@testable import HNSW

@Suite("Graph invariants")
struct GraphInvariantTests {
    @Test("A batch leaves a sound graph that reaches every node", arguments: Metric.allCases, [2, 3, 16])
    func holdAfterBatches(metric: Metric, m: Int) throws {
        for seed in [1, 2] as [UInt64] {
            var generator = SeededGenerator(seed: seed)
            let fixture = try GraphFixture(dimensions: 12, metric: metric, m: m, seed: seed)
            for count in [1, 3, 200, 400] {
                try fixture.insert(generator.clusteredVectors(count: count, dimensions: 12, clusters: 20, spread: 0.05))
                try fixture.writer.checkInvariants()
                #expect(fixture.unreachedNodes.isEmpty, "seed \(seed)")
            }
            #expect(fixture.graph.nodeCount == 604)
        }
    }

    @Test("Insertion one by one with repair leaves a sound graph", arguments: Metric.allCases, [2, 3, 16])
    func holdAfterSingleInsertions(metric: Metric, m: Int) throws {
        var generator = SeededGenerator(seed: 3)
        let fixture = try GraphFixture(dimensions: 12, metric: metric, m: m)
        for _ in 0..<4 {
            try fixture.insertEach(
                generator.clusteredVectors(count: 75, dimensions: 12, clusters: 5, spread: 0.05), repairs: false)
            fixture.repair()
            try fixture.writer.checkInvariants()
            #expect(fixture.unreachedNodes.isEmpty)
        }
    }

    @Test("No row holds more neighbors than it may", arguments: [2, 3, 16])
    func rowsAreBounded(m: Int) throws {
        var generator = SeededGenerator(seed: 4)
        let fixture = try GraphFixture(dimensions: 8, m: m)
        try fixture.insert(generator.vectors(count: 600, dimensions: 8))
        var longest = [0, 0]
        for node in 0..<UInt32(600) {
            for level in 0...fixture.level(of: node) {
                longest[min(level, 1)] = max(longest[min(level, 1)], fixture.row(node, level: level).count)
            }
        }
        #expect(longest[0] <= 2 * m && longest[1] <= m)
        #expect(longest[0] > m, "no row of level 0 uses its second half")
    }

    // MARK: - Damage

    /// A sound graph of 300 nodes with several levels.
    private static func soundFixture() throws -> GraphFixture {
        var generator = SeededGenerator(seed: 6)
        let fixture = try GraphFixture(dimensions: 4, m: 4)
        try fixture.insert(generator.vectors(count: 300, dimensions: 4))
        try fixture.writer.checkInvariants()
        return fixture
    }

    /// What `checkInvariants` says of a sound graph after `damage`.
    private static func verdict(_ damage: (GraphFixture) throws -> Void) throws -> String? {
        let fixture = try soundFixture()
        try damage(fixture)
        do { try fixture.writer.checkInvariants() } catch { return error.description }
        return nil
    }

    @Test("A neighbor that is no slot is found, on level 0 and above")
    func findsSlotOutOfRange() throws {
        for slot in [300, 1 << 30, UInt32.max - 1] {
            let verdict = try Self.verdict { $0.graph.layer(0).row(7)[0] = Node(rawValue: slot) }
            #expect(verdict?.contains("no such slot") == true, "\(slot): \(verdict ?? "sound")")
        }
        let above = try Self.verdict { fixture in
            let node = try #require((0..<300 as Range<UInt32>).first { fixture.level(of: $0) > 0 })
            fixture.graph.layer(1).row(Node(rawValue: node))[0] = 300
        }
        #expect(above?.contains("no such slot") == true)
    }

    @Test("An edge from a node to itself is found")
    func findsSelfEdge() throws {
        let verdict = try Self.verdict { $0.graph.layer(0).row(7)[0] = 7 }
        #expect(verdict?.contains("the node itself") == true)
    }

    @Test("A neighbor named twice is found")
    func findsDoubleEdge() throws {
        let verdict = try Self.verdict { fixture in
            let row = fixture.row(7)
            try #require(row.count > 1)
            fixture.setRow(7, to: row.dropLast() + [row[0]])
        }
        #expect(verdict?.contains("named twice") == true)
    }

    @Test("A link to a node that is not on the level is found")
    func findsLevelTooLow() throws {
        let verdict = try Self.verdict { fixture in
            let low = try #require((0..<300 as Range<UInt32>).first { fixture.level(of: $0) == 0 })
            let high = try #require((0..<300 as Range<UInt32>).first { fixture.level(of: $0) > 0 })
            fixture.setRow(high, level: 1, to: [low])
        }
        #expect(verdict?.contains("only on level 0") == true)
    }

    @Test("A node that nothing reaches is found")
    func findsUnreachedNode() throws {
        let verdict = try Self.verdict { fixture in
            fixture.cutEdges(to: fixture.entryPoint == 7 ? 8 : 7)
        }
        #expect(verdict?.contains("not reached") == true)
    }

    @Test("An entry point below the top level, a wrong count and a lost duplicate are found")
    func findsWrongCounts() throws {
        let entry = try Self.verdict { $0.graph.setEntryPoint($0.graph.entryPoint, level: $0.graph.topLevel + 1) }
        #expect(entry?.contains("the entry point is on level") == true)
        let nodes = try Self.verdict { $0.graph.nodeCount += 1 }
        #expect(nodes?.contains("counted 301") == true)
        let dead = try Self.verdict { $0.writer.ledger.tombstoneCount += 1 }
        #expect(dead?.contains("counted 300, 1") == true)
        let noEntry = try Self.verdict { $0.graph.setEntryPoint(nil, level: 0) }
        #expect(noEntry?.contains("no entry point") == true)
        let duplicate = try Self.verdict { $0.writer.ledger.flags.base[5].insert(.duplicate) }
        #expect(duplicate?.contains("hangs on no node") == true)
    }
}
