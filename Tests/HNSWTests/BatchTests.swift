// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing
import VectorStorage

@testable import HNSW

@Suite("A batch")
struct BatchTests {
    @Test("The graph is the same for 1, 2 and 3 threads", arguments: Metric.allCases, [3, 16])
    func doesNotDependOnThreads(metric: Metric, m: Int) throws {
        var generator = SeededGenerator(seed: 11)
        let first = generator.clusteredVectors(count: 700, dimensions: 8, clusters: 10)
        let second = generator.vectors(count: 300, dimensions: 8)
        let rows = try [1, 2, 3].map { threads in
            let fixture = try GraphFixture(dimensions: 8, metric: metric, m: m)
            try fixture.insert(first, threads: threads)
            try fixture.insert(second, threads: threads)
            return fixture.allRows
        }
        #expect(rows[0].count > 1000)
        #expect(rows[1] == rows[0])
        #expect(rows[2] == rows[0])
    }

    @Test("Another seed makes another graph")
    func dependsOnSeed() throws {
        var generator = SeededGenerator(seed: 12)
        let vectors = generator.vectors(count: 300, dimensions: 8)
        let rows = try ([1, 1, 2] as [UInt64]).map { seed in
            let fixture = try GraphFixture(dimensions: 8, seed: seed)
            try fixture.insert(vectors)
            return fixture.allRows
        }
        #expect(rows[0] == rows[1])
        #expect(rows[0] != rows[2])
    }

    @Test("A schedule names every node once, in few nodes at a time", arguments: [1, 2, 3] as [UInt64])
    func scheduleIsComplete(seed: UInt64) throws {
        let fixture = try GraphFixture(dimensions: 1, m: 3, seed: seed)
        let nodes = try fixture.add((0..<2000).map(Float.init))
        var schedule = BatchSchedule(nodes.map { Node(rawValue: $0) }, seed: seed)
        var named: [UInt32] = []
        while let part = schedule.next(in: fixture.graph) {
            #expect(part.count <= max(1, fixture.graph.nodeCount / 50), "seed \(seed)")
            #expect(part.count <= max(1, named.count / 10), "seed \(seed)")
            let isAbove = part.contains { fixture.graph.level(of: $0) > fixture.graph.topLevel }
            #expect(!isAbove || part.count == 1, "seed \(seed)")
            named += part.map(\.rawValue)
            fixture.writer.finishLinking(part)
        }
        #expect(named != nodes)
        #expect(named.sorted() == nodes)
    }

    // MARK: - Duplicates

    @Test("Equal vectors share a node, in one batch or many")
    func duplicatesShareNode() throws {
        var generator = SeededGenerator(seed: 13)
        let distinct = (0..<20).map { _ in generator.vector(dimensions: 5) }
        let copies = (0..<400).map { distinct[$0 % 20] }.shuffled(using: &generator)
        for parts in [1, 8, 400] {
            let fixture = try GraphFixture(dimensions: 5)
            for first in stride(from: 0, to: 400, by: 400 / parts) {
                try fixture.insert(copies[first..<first + 400 / parts].flatMap { $0 })
            }
            #expect(fixture.graph.nodeCount == 20)
            #expect(fixture.graph.slotCount == 400)
            try fixture.writer.checkInvariants()
            let found = fixture.search(distinct[3], ef: 400)
            #expect(found.count == 400)
            #expect(found.prefix(20).allSatisfy { copies[Int($0.slot)] == distinct[3] && $0.distance == 0 })
        }
    }

    @Test("A duplicate outlives the node that it hangs on, and the last one takes the node with it")
    func duplicatesOutliveNode() throws {
        let fixture = try GraphFixture(dimensions: 2)
        try fixture.insert([1, 1, 2, 2, 1, 1, 1, 1])
        fixture.remove(0)
        #expect(fixture.search([1, 1], ef: 4).map(\.slot) == [2, 3, 1])
        fixture.remove(3)
        #expect(fixture.search([1, 1], ef: 4).map(\.slot) == [2, 1])
        #expect(fixture.writer.tombstoneCount == 0)
        fixture.remove(2)
        #expect(fixture.search([1, 1], ef: 4).map(\.slot) == [1])
        #expect(fixture.writer.tombstoneCount == 1)
        try fixture.insert([1, 1])
        #expect(fixture.search([1, 1], ef: 4).map(\.slot) == [4, 1])
        #expect(fixture.writer.tombstoneCount == 0)
        try fixture.writer.checkInvariants()
    }

    @Test("A dead node still leads to the nodes behind it")
    func deadNodesRoute() throws {
        // A line of points: every path between the two halves leads through the middle.
        let fixture = try GraphFixture(dimensions: 1, m: 2)
        try fixture.insert((0..<200).map(Float.init))
        for slot in 20..<180 as Range<UInt32> { fixture.remove(slot) }
        try fixture.writer.checkInvariants()
        #expect(fixture.search([0], ef: 40).map(\.slot).sorted() == Array(0..<20) + Array(180..<200))
        #expect(
            fixture.search([100.25], ef: 4).map(\.slot)
                == [180, 181, 19, 182].sorted { a, b in
                    abs(Float(a) - 100.25) < abs(Float(b) - 100.25)
                })
    }
}
