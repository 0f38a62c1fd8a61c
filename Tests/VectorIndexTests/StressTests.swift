// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing
import VectorIndex

@Suite("Everything at once")
struct StressTests {
    private static let dimensions = 8
    private static let baseCount = 1000

    /// The vector that belongs to a key, for ever.
    private static func vector(of key: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: key &* 0x9E37_79B9 ^ 301)
        return generator.vector(dimensions: dimensions)
    }

    private static func vectors(of keys: some Sequence<UInt64>) -> [Float] { keys.flatMap { vector(of: $0) } }

    /// Inserts, cancels, removes, replaces, compacts and erases keys from `first` on; returns those that are there at the end.
    private static func change(_ index: HNSWIndex, first: UInt64, rounds: Int) throws -> Set<UInt64> {
        var generator = SeededGenerator(seed: first)
        var live: Set<UInt64> = []
        var next = first
        func take(_ count: UInt64) -> [UInt64] {
            defer { next += count }
            return Array(next..<next + count)
        }
        for round in 0..<rounds {
            let keys = take(24)
            try index.insert(contentsOf: vectors(of: keys), keys: keys, threads: 2)
            live.formUnion(keys)
            let cancelled = take(20)
            do throws(VectorIndexError) {
                try index.insert(contentsOf: vectors(of: cancelled), keys: cancelled, threads: 2) {
                    (linked) throws(CancellationError) in
                    if linked >= 1 + round % 20 { throw CancellationError() }
                }
            } catch {
                if error != .cancelled { throw error }
            }
            for key in take(4) {
                try index.insert(vector(of: key), key: key)
                live.insert(key)
            }
            for key in live.sorted().shuffled(using: &generator).prefix(8) {
                let other = take(1)[0]
                try index.replace(key, with: vector(of: other).span, key: other)
                live.remove(key)
                live.insert(other)
            }
            for key in live.sorted().shuffled(using: &generator).prefix(live.count > 40 ? 36 : 12) {
                guard try index.remove(key: key) else { throw StressError.missing(key) }
                live.remove(key)
            }
            if round % 4 == 3 { try index.compact() }
            if round % 5 == 4 { try index.secureErase() }
        }
        return live
    }

    private enum StressError: Error {
        case missing(UInt64)
        case wrongVector(UInt64)
        case wrongAnswer(String)
    }

    /// Asks in every way that there is, and holds results for a while.
    private static func ask(_ index: HNSWIndex, thread: UInt64, until isDone: () -> Bool) throws -> Int {
        var generator = SeededGenerator(seed: 302 + thread)
        var held: [[Neighbor]] = []
        var asked = 0
        func check(_ results: [Neighbor]) throws {
            for each in results where each.vector.map({ Array($0) }) != vector(of: each.key) {
                throw StressError.wrongVector(each.key)
            }
        }
        func check(_ found: [Neighbor], query: [Float], k: Int) throws {
            for neighbor in found {
                let exact = DistanceOracle.distance(query, vector(of: neighbor.key), .squaredEuclidean)
                guard abs(exact - Double(neighbor.distance)) < 1e-4 else { throw StressError.wrongVector(neighbor.key) }
            }
            guard found.count == k, Set(found.map(\.key)).count == k else {
                throw StressError.wrongAnswer("\(found.count) of \(k)")
            }
        }
        repeat {
            asked += 1
            let query = generator.vector(dimensions: dimensions)
            try check(index.search(query, k: 10), query: query, k: 10)
            for found in try index.search(each: query + query, k: 5, threads: 1) {
                try check(found, query: query, k: 5)
            }
            held.append(try index.search(query, k: 6, including: .vectors))
            if held.count == 8 { try check(held.removeFirst()) }
            if asked % 16 == 0 { try check(index.search(query, k: 3, effort: .recall(0.9)), query: query, k: 3) }
            let key = UInt64.random(in: 0..<UInt64(baseCount), using: &generator)
            guard index.contains(key: key), let stored = try index.vector(for: key), Array(stored) == vector(of: key)
            else {
                throw StressError.missing(key)
            }
            _ = try index.distance(from: query.span, to: 10_000 + key)
            _ = (index.calibration, index.codesInUse, index.count)
        } while !isDone()
        for results in held { try check(results) }
        return asked
    }

    @Test(
        "Readers of every kind beside writers of every kind find true vectors only",
        arguments: [VectorCodes.float32, .automatic])
    func everything(codes: VectorCodes) throws {
        let index = try HNSWIndex(
            dimensions: Self.dimensions, metric: .squaredEuclidean,
            options: HNSWOptions(m: 6, efConstruction: 24, efSearch: 24, codes: codes))
        let base = Array(0..<UInt64(Self.baseCount))
        try index.insert(contentsOf: Self.vectors(of: base), keys: base)
        let writersLeft = Atomic(2)
        let problems = Guarded<[String]>([])
        let live = Guarded(Set(base))
        onThreads(5) { thread in
            do {
                if thread < 2 {
                    defer { writersLeft.subtract(1, ordering: .releasing) }
                    let left = try Self.change(index, first: 10_000 << UInt64(thread), rounds: 8)
                    live.withLock { $0.formUnion(left) }
                } else {
                    let asked = try Self.ask(index, thread: UInt64(thread)) {
                        writersLeft.load(ordering: .acquiring) == 0
                    }
                    if asked == 0 { problems.withLock { $0.append("nothing was asked") } }
                }
            } catch {
                problems.withLock { $0.append("\(thread < 2 ? "writer" : "reader"): \(error)") }
            }
        }
        #expect(problems.withLock { $0 }.isEmpty)
        try index.checkInvariants()
        let keys = live.withLock { $0 }
        #expect(Set(try index.search(Self.vector(of: 0), k: .max).map(\.key)) == keys)
        for key in keys {
            #expect(try index.search(Self.vector(of: key), k: 1, effort: .candidates(200)).first?.key == key)
        }
    }
}
