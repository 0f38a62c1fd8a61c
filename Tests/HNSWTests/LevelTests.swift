// SPDX-License-Identifier: Apache-2.0

import Testing
import VectorStorage

@testable import HNSW

@Suite("Levels")
struct LevelTests {
    private static func levels(m: Int, seed: UInt64, count: Int) throws -> [Int] {
        let fixture = try GraphFixture(dimensions: 1, m: m, seed: seed)
        return (0..<UInt32(count)).map { fixture.graph.drawLevel(Slot($0)) }
    }

    @Test("One node in M is above each level", arguments: [2, 3, 4, 16, 64], [1, 42] as [UInt64])
    func areExponential(m: Int, seed: UInt64) throws {
        let count = 40_000
        let levels = try Self.levels(m: m, seed: seed, count: count)
        for level in 1...3 {
            var share = 1.0
            for _ in 0..<level { share /= Double(m) }
            let expected = Double(count) * share
            // Five standard deviations of a binomial count.
            let tolerance = 5 * (expected * (1 - share)).squareRoot() + 1
            let found = Double(levels.count { $0 >= level })
            let place: Comment = "M \(m), seed \(seed), level \(level): \(found), not \(expected)"
            #expect(abs(found - expected) <= tolerance, place)
        }
    }

    @Test("The seed alone determines the levels")
    func areDeterministic() throws {
        let first = try Self.levels(m: 4, seed: 7, count: 1000)
        #expect(try Self.levels(m: 4, seed: 7, count: 1000) == first)
        #expect(try Self.levels(m: 4, seed: 8, count: 1000) != first)
    }

    @Test("A node has a row on each of its levels and the top level is the entry point's", arguments: [2, 16])
    func matchRows(m: Int) throws {
        let fixture = try GraphFixture(dimensions: 1, m: m)
        try fixture.insert((0..<500).map(Float.init))
        let levels = (0..<500 as Range<UInt32>).map { fixture.level(of: $0) }
        #expect(levels == (0..<500).map { fixture.graph.drawLevel(Slot($0)) })
        #expect(fixture.graph.topLevel == levels.max())
        #expect(fixture.graph.entryPoint.map { fixture.graph.level(of: $0) } == levels.max())
        #expect(fixture.graph.upperRowCount == levels.reduce(0, +))
    }
}
