// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing
import VectorStorage

@testable import HNSW

@Suite("Neighbor selection")
struct NeighborSelectionTests {
    /// Slot 0 is the node; the others are its candidates. Coordinates are small integers, so that every distance is
    /// exact and ties are frequent.
    private static func fixture(
        seed: UInt64, count: Int, metric: Metric, selection: NeighborSelection
    ) throws -> (fixture: GraphFixture, vectors: [[Float]], candidates: [NodeKey]) {
        var generator = SeededGenerator(seed: seed)
        let vectors = (0...count).map { _ in (0..<3).map { _ in Float(Int.random(in: -9...9, using: &generator)) } }
        let fixture = try GraphFixture(dimensions: 3, metric: metric, selection: selection)
        _ = try fixture.add(vectors.flatMap { $0 })
        let candidates = (1...count).map { i in
            NodeKey(distance: Float(DistanceOracle.distance(vectors[0], vectors[i], metric)), slot: UInt32(i))
        }
        return (fixture, vectors, candidates.sorted())
    }

    /// Algorithm 4 as the paper states it, without its two options; fewer candidates than `limit` are all kept.
    private static func naiveHeuristic(
        _ candidates: [NodeKey], limit: Int, distance: (UInt32, UInt32) -> Float
    ) -> [UInt32] {
        guard candidates.count >= limit else { return candidates.map(\.slot) }
        var result: [UInt32] = []
        for candidate in candidates where result.count < limit {
            let isNearer = result.allSatisfy { candidate.distance <= distance(candidate.slot, $0) }
            if isNearer { result.append(candidate.slot) }
        }
        return result
    }

    private static let cases = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as [UInt64]

    @Test("The simple selection is the nearest candidates (Algorithm 3)", arguments: cases)
    func simple(seed: UInt64) throws {
        for limit in [1, 2, 5, 16, 32] {
            let (fixture, _, candidates) = try Self.fixture(
                seed: seed, count: 24, metric: .squaredEuclidean, selection: .simple)
            fixture.scratch.candidates = candidates
            fixture.graph.selectNeighbors(limit: limit, kernel: fixture.kernel, scratch: &fixture.scratch)
            #expect(fixture.scratch.selected == Array(candidates.prefix(limit)), "seed \(seed), limit \(limit)")
        }
    }

    @Test(
        "The heuristic keeps what is nearer to the node than to any neighbor kept before (Algorithm 4)",
        arguments: cases, [Metric.manhattan, .squaredEuclidean, .innerProduct])
    func heuristic(seed: UInt64, metric: Metric) throws {
        for (count, limit) in [(40, 1), (40, 3), (40, 8), (40, 32), (8, 8), (7, 8)] {
            let (fixture, vectors, candidates) = try Self.fixture(
                seed: seed, count: count, metric: metric, selection: .heuristic)
            fixture.scratch.candidates = candidates
            fixture.graph.selectNeighbors(limit: limit, kernel: fixture.kernel, scratch: &fixture.scratch)
            let expected = Self.naiveHeuristic(candidates, limit: limit) { a, b in
                Float(DistanceOracle.distance(vectors[Int(a)], vectors[Int(b)], metric))
            }
            let found = fixture.scratch.selected.map(\.slot)
            #expect(found == expected, "seed \(seed), \(metric), \(count) candidates, limit \(limit)")
        }
    }

    @Test("The heuristic keeps a far candidate in a new direction before a near one behind a neighbor")
    func heuristicSpreads() throws {
        let fixture = try GraphFixture(dimensions: 2)
        _ = try fixture.add([0, 0, 1, 0, 1.5, 0, 0, 4])
        fixture.scratch.candidates = [(1, 1), (2.25, 2), (16, 3)].map { NodeKey(distance: $0.0, slot: $0.1) }
        fixture.graph.selectNeighbors(limit: 2, kernel: fixture.kernel, scratch: &fixture.scratch)
        #expect(fixture.scratch.selected.map(\.slot) == [1, 3])
    }

    @Test("A graph built with either selection finds the nearest", arguments: [NeighborSelection.simple, .heuristic])
    func bothBuild(selection: NeighborSelection) throws {
        var generator = SeededGenerator(seed: 5)
        let vectors = generator.vectors(count: 400, dimensions: 6)
        let fixture = try GraphFixture(dimensions: 6, m: 8, selection: selection)
        try fixture.insert(vectors)
        try fixture.writer.checkInvariants()
        var hits = 0
        for _ in 0..<20 {
            let query = generator.vector(dimensions: 6)
            let expected = DistanceOracle.nearest(to: query, in: vectors, k: 10, metric: .squaredEuclidean)
            let found = Set(fixture.search(query, ef: 80).prefix(10).map(\.slot))
            hits += expected.count { found.contains(UInt32($0.position)) }
        }
        #expect(hits >= 196, "\(hits) of 200")
    }
}
