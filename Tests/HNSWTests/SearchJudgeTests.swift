// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import HNSW

@Suite("A search that judges itself")
struct SearchJudgeTests {
    private static let dimensions = 8

    private func judge(late: Int, outlierLate: Int = 0, outlierRatio: Float = .greatestFiniteMagnitude) -> SearchJudge {
        SearchJudge(
            nearestCount: 10, maximumLate: late, outlierNearestCount: 20, outlierMaximumLate: outlierLate,
            outlierRatio: outlierRatio)
    }

    @Test("One that is content at once finds what a plain search finds", arguments: [10, 50, 200])
    func contentAtOnce(ef: Int) throws {
        var generator = SeededGenerator(seed: 5)
        let fixture = try GraphFixture(dimensions: Self.dimensions, m: 6)
        try fixture.insert(generator.vectors(count: 1500, dimensions: Self.dimensions))
        for _ in 0..<20 {
            let query = generator.vector(dimensions: Self.dimensions)
            let plain = fixture.search(query, budget: SearchBudget(efSearch: ef))
            let judged = fixture.search(query, budget: SearchBudget(efSearch: ef, judge: judge(late: 10)))
            // Candidates are expanded a few at a time, and half way that ends sooner.
            #expect(judged.prefix(5).map(\.slot) == plain.prefix(5).map(\.slot))
            let isUndecided = fixture.scratch.isUndecided
            #expect(!isUndecided)
        }
    }

    @Test("An outlier goes on until its nearest are stable, and no farther than comparing everything costs")
    func outlier() throws {
        var generator = SeededGenerator(seed: 6)
        let fixture = try GraphFixture(dimensions: Self.dimensions, m: 6)
        try fixture.insert(generator.vectors(count: 3000, dimensions: Self.dimensions))
        var (undecided, sums) = (0, (plain: 0, judged: 0))
        for _ in 0..<20 {
            let query = generator.vector(dimensions: Self.dimensions).map { $0 + 3 }
            fixture.scratch.distanceCount = 0
            _ = fixture.search(query, budget: SearchBudget(efSearch: 8))
            let plain = fixture.scratch.distanceCount
            fixture.scratch.distanceCount = 0
            _ = fixture.search(query, budget: SearchBudget(efSearch: 8, judge: judge(late: 10, outlierRatio: 2)))
            let judged = fixture.scratch.distanceCount
            sums.plain += plain
            sums.judged += judged
            undecided += fixture.scratch.isUndecided ? 1 : 0
            // The last doubling began below a quarter.
            #expect(judged < 3000)
        }
        #expect(undecided < 20 && sums.judged > sums.plain)
    }

    @Test("A search that came to all that edges lead to ends")
    func exhausted() throws {
        var generator = SeededGenerator(seed: 7)
        let fixture = try GraphFixture(dimensions: Self.dimensions)
        try fixture.insert(generator.vectors(count: 12, dimensions: Self.dimensions))
        let query = generator.vector(dimensions: Self.dimensions)
        let found = fixture.search(query, budget: SearchBudget(efSearch: 64, judge: judge(late: -1, outlierLate: -1)))
        let isUndecided = fixture.scratch.isUndecided
        #expect(found.count == 12 && !isUndecided)
        let reached = fixture.graph.reachedCount(in: fixture.scratch)
        #expect(reached == 12)
    }

    @Test("A query is an outlier where its nearest node's neighbors are nearer to that than it is")
    func ratio() throws {
        var generator = SeededGenerator(seed: 8)
        let fixture = try GraphFixture(dimensions: Self.dimensions)
        let vectors = generator.vectors(count: 500, dimensions: Self.dimensions)
        try fixture.insert(vectors)
        func ratio(_ query: [Float]) -> Float {
            _ = fixture.search(query, budget: SearchBudget(efSearch: 50, judge: judge(late: 10)))
            fixture.scratch.judged.measured = nil
            return fixture.graph.outlierRatio(kernel: fixture.kernel, scratch: &fixture.scratch)
        }
        #expect(ratio(Array(vectors.prefix(Self.dimensions)).map { $0 + 1e-3 }) < 0.1)
        #expect(ratio(generator.vector(dimensions: Self.dimensions).map { $0 + 10 }) > 10)
    }

    @Test("Stages show what searches with as many candidates find")
    func stages() throws {
        var generator = SeededGenerator(seed: 9)
        let fixture = try GraphFixture(dimensions: Self.dimensions, m: 6)
        try fixture.insert(generator.vectors(count: 2000, dimensions: Self.dimensions))
        let stages = [8, 16, 32, 64, 128, 256, 512]
        for _ in 0..<10 {
            let query = generator.vector(dimensions: Self.dimensions)
            var found: [Int] = []
            fixture.withPadded(query) { values in
                fixture.graph.searchStages(
                    values, stages: stages, stagesPerDoubling: 1, nearestCounts: [5], kernel: fixture.kernel,
                    scratch: &fixture.scratch
                ) { stage, scratch in
                    var slots: [UInt32] = []
                    fixture.graph.forEachResult(in: scratch, limit: 5) { slot, _ in slots.append(slot.rawValue) }
                    found.append(slots.count)
                    fixture.graph.keepingPool(of: &scratch) { $0.pool.reset(limit: 1) }
                    var kept: [UInt32] = []
                    fixture.graph.forEachResult(in: scratch, limit: 5) { slot, _ in kept.append(slot.rawValue) }
                    #expect(kept == slots)
                    #expect(stage.index == 0 || stage.late[0] <= 5)
                    return stage.index < 5
                }
            }
            #expect(found == [5, 5, 5, 5, 5, 5])
        }
    }
}
