// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing
import VectorIndex

@Suite("What a search sees of changes beside it")
struct IsolationTests {
    private static let dimensions = 4

    /// Runs `changes` once on one thread, and `search` on two others until it ends; returns what `search` found wrong.
    private func problems(
        beside changes: @escaping @Sendable () throws -> Void, search: @escaping @Sendable () throws -> String?
    ) -> [String] {
        let isDone = Atomic(false)
        let searches = Atomic(0)
        let problems = Guarded<[String]>([])
        onThreads(3) { thread in
            do {
                guard thread > 0 else {
                    defer { isDone.store(true, ordering: .releasing) }
                    return try changes()
                }
                repeat {
                    searches.add(1, ordering: .relaxed)
                    if let problem = try search() { problems.withLock { $0.append(problem) } }
                } while !isDone.load(ordering: .acquiring)
            } catch {
                problems.withLock { $0.append("thrown: \(error)") }
            }
        }
        #expect(searches.load(ordering: .relaxed) > 1)
        return problems.withLock { $0 }
    }

    private func index(codes: VectorCodes) throws -> HNSWIndex {
        try HNSWIndex(
            dimensions: Self.dimensions, metric: .squaredEuclidean,
            options: HNSWOptions(m: 6, efConstruction: 20, codes: codes))
    }

    @Test("It sees a batch wholly or not at all", arguments: [VectorCodes.float32, .automatic])
    func batches(codes: VectorCodes) throws {
        var generator = SeededGenerator(seed: 201)
        let index = try index(codes: codes)
        let values = (0..<16).map { _ in generator.vectors(count: 50, dimensions: Self.dimensions) }
        let query = generator.vector(dimensions: Self.dimensions)
        let problems = problems {
            for tag in 0..<16 as Range<UInt64> {
                let keys = Array(tag * 50..<tag * 50 + 50)
                try index.insert(contentsOf: values[Int(tag)], keys: keys, threads: 2)
            }
        } search: {
            let found = try index.search(query, k: .max)
            let counts = Dictionary(grouping: found) { $0.key / 50 }.mapValues(\.count)
            // Batches come one after the other: what is seen is the first of them.
            let isStorable = counts.allSatisfy { $0.value == 50 && $0.key < counts.count }
            return isStorable ? nil : "\(counts)"
        }
        #expect(problems.isEmpty)
        try index.checkInvariants()
    }

    @Test("It sees removals in their order")
    func removals() throws {
        var generator = SeededGenerator(seed: 202)
        let index = try index(codes: VectorCodes.float32)
        try index.insert(
            contentsOf: generator.vectors(count: 600, dimensions: Self.dimensions), keys: Array(0..<600))
        let query = generator.vector(dimensions: Self.dimensions)
        let problems = problems {
            for key in 0..<600 as Range<UInt64> { try index.remove(key: key) }
        } search: {
            let keys = try index.search(query, k: .max).map(\.key).sorted()
            return keys == Array((keys.first ?? 600)..<600) ? nil : "\(keys.count) keys from \(keys.first ?? 600) on"
        }
        #expect(problems.isEmpty)
        #expect(index.isEmpty)
    }

    @Test("It finds what there was when it began, also if it takes long to begin")
    func removalsBesideLongVectors() throws {
        // To make such a query ready takes as long as several removals.
        let dimensions = 10_000
        var generator = SeededGenerator(seed: 205)
        let index = try HNSWIndex(
            dimensions: dimensions, metric: .manhattan, options: HNSWOptions(codes: VectorCodes.float32))
        let values = generator.vectors(count: 60, dimensions: dimensions)
        let query = generator.vector(dimensions: dimensions)
        let problems = problems {
            for _ in 0..<4 {
                try index.insert(contentsOf: values, keys: Array(0..<60), threads: 1)
                for key in 0..<60 as Range<UInt64> { try index.remove(key: key) }
            }
        } search: {
            let keys = try index.search(query, k: .max).map(\.key).sorted()
            return keys == Array((keys.first ?? 60)..<60) ? nil : "\(keys)"
        }
        #expect(problems.isEmpty)
    }

    @Test("It sees the old or the new of a replaced vector, never both and never neither", arguments: [2, Int.max])
    func replacements(k: Int) throws {
        var generator = SeededGenerator(seed: 203)
        let index = try HNSWIndex(
            dimensions: Self.dimensions, metric: .squaredEuclidean, options: HNSWOptions(codes: VectorCodes.float32))
        let others = generator.vectors(count: 100, dimensions: Self.dimensions)
        try index.insert(contentsOf: others, keys: Array(1000..<1100))
        // The two of a pair take turns.
        let pairs = 8 as UInt64
        let places = (0..<pairs).map { _ in generator.vector(dimensions: Self.dimensions) }
        for pair in 0..<pairs { try index.insert(places[Int(pair)], key: 2 * pair) }
        let asked = Atomic(0)
        let problems = problems {
            for turn in 0..<40 as Range<UInt64> {
                for pair in 0..<pairs {
                    var place = places[Int(pair)]
                    place[0] += Float(turn % 7) * 0.001
                    try index.replace(2 * pair + turn % 2, with: place.span, key: 2 * pair + (turn + 1) % 2)
                }
            }
        } search: {
            let pair = UInt64(asked.add(1, ordering: .relaxed).newValue) % pairs
            let keys = try index.search(places[Int(pair)], k: k, effort: .candidates(120)).map(\.key)
            let those = keys.filter { $0 / 2 == pair }
            if k == .max, keys.count != 108 { return "\(keys.count) vectors" }
            return those.count == 1 ? nil : "of pair \(pair): \(those)"
        }
        #expect(problems.isEmpty)
        #expect(index.count == 108)
        try index.checkInvariants()
    }

    @Test("No vector that a search reads is overwritten, also where all are replaced over and over")
    func nothingReadIsOverwritten() throws {
        // The distance from nothing tells what was read.
        let dimensions = 2048
        let count = 40 as UInt64
        func vector(_ key: UInt64) -> [Float] { [Float](repeating: Float(key % 500 + 1), count: dimensions) }
        let vectors = (0..<500).map(vector)
        let index = try HNSWIndex(
            dimensions: dimensions, metric: .manhattan,
            options: HNSWOptions(m: 6, efConstruction: 20, codes: VectorCodes.float32))
        try index.insert(contentsOf: (0..<count).flatMap { vectors[Int($0)] }, keys: Array(0..<count))
        let zeros = [Float](repeating: 0, count: dimensions)
        let problems = problems {
            for key in count..<count * 10 {
                let next = vectors[Int(key % 500)]
                try index.replace(key - count, with: next.span, key: key)
                if key % 16 == 0 { try index.compact() }
            }
        } search: {
            let found = try index.search(zeros, k: .max)
            let wrong = found.filter { $0.distance != Float(($0.key % 500 + 1) * UInt64(dimensions)) }
            return wrong.isEmpty && found.count == count ? nil : "of \(found.count) wrong: \(wrong)"
        }
        #expect(problems.isEmpty)
        #expect(index.count == 40)
    }

    @Test("What a batch that is cancelled was to add is never seen")
    func cancelledBatches() throws {
        var generator = SeededGenerator(seed: 204)
        let index = try index(codes: .automatic)
        try index.insert(contentsOf: generator.vectors(count: 300, dimensions: Self.dimensions), keys: Array(0..<300))
        let values = generator.vectors(count: 60, dimensions: Self.dimensions)
        let query = generator.vector(dimensions: Self.dimensions)
        let expected = try index.search(query, k: .max)
        let problems = problems {
            for turn in 0..<12 {
                #expect(throws: VectorIndexError.cancelled) {
                    try index.insert(contentsOf: values, keys: Array(1000..<1060), threads: 2) {
                        (linked) throws(CancellationError) in
                        if linked >= turn * 5 + 1 { throw CancellationError() }
                    }
                }
            }
        } search: {
            try index.search(query, k: .max) == expected ? nil : "another answer"
        }
        #expect(problems.isEmpty)
        try index.checkInvariants()
    }
}
