// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import HNSW

/// What a pool promises, without its cleverness: all keys ever pushed, sorted, cut behind the `limit`-th live one.
private struct NaivePool {
    let limit: Int
    var keys: [NodeKey] = []
    var expanded: Set<UInt32> = []

    var isFull: Bool { keys.count { !$0.routesOnly } >= limit }

    var bound: Float { isFull ? keys.last?.distance ?? .infinity : .infinity }

    mutating func push(_ key: NodeKey) {
        var liveCount = 0
        keys = (keys + [key]).sorted().filter { key in
            defer { liveCount += key.routesOnly ? 0 : 1 }
            return liveCount < limit
        }
    }

    mutating func popNearest() -> UInt32? {
        guard let nearest = keys.first(where: { !expanded.contains($0.slot) }) else { return nil }
        expanded.insert(nearest.slot)
        return nearest.slot
    }
}

@Suite("A candidate pool")
struct CandidatePoolTests {
    @Test(
        "Keys merged some at a time leave what keys pushed one by one leave", arguments: 1...40 as ClosedRange<UInt64>)
    func mergesAsItPushes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed + 100)
        let limit = [1, 2, 3, 10, 64][Int(seed) % 5]
        let deadShare = [0, 0.1, 0.5, 0.95][Int(seed / 5) % 4]
        var pool = CandidatePool(capacity: 2)
        pool.reset(limit: limit)
        var naive = NaivePool(limit: limit)
        var slot: UInt32 = 0
        while slot < 300 {
            var fresh = (0..<UInt32.random(in: 0...20, using: &generator)).map { i in
                NodeKey(
                    distance: Float(Int.random(in: -40...40, using: &generator)) / 4, slot: (slot + i) ^ 0x155,
                    routesOnly: Double.random(in: 0..<1, using: &generator) < deadShare)
            }
            slot += UInt32(fresh.count)
            for key in fresh { naive.push(key) }
            let count = fresh.count
            fresh.withUnsafeMutableBufferPointer { keys in
                if let base = keys.baseAddress { pool.merge(base, count: count) }
            }
            #expect((0..<pool.count).map { pool[$0].slot } == naive.keys.map(\.slot), "seed \(seed), slot \(slot)")
            #expect(pool.bound == naive.bound, "seed \(seed), slot \(slot)")
            #expect(pool.isFull == naive.isFull, "seed \(seed), slot \(slot)")
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                #expect(pool.popNearest()?.rawValue == naive.popNearest(), "seed \(seed), slot \(slot)")
            }
        }
    }

    @Test("Pushes and pops agree with a naive pool", arguments: 1...40 as ClosedRange<UInt64>)
    func agreesWithNaivePool(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let limit = [1, 2, 3, 10, 64][Int(seed) % 5]
        let deadShare = [0, 0.1, 0.5, 0.95][Int(seed / 5) % 4]
        var pool = CandidatePool(capacity: 2)
        pool.reset(limit: limit)
        var naive = NaivePool(limit: limit)
        for slot in 0..<UInt32(300) {
            // Few different distances, so that there are ties.
            let distance = Float(Int.random(in: -40...40, using: &generator)) / 4
            let routesOnly = Double.random(in: 0..<1, using: &generator) < deadShare
            let key = NodeKey(distance: distance, slot: slot ^ 0x155, routesOnly: routesOnly)
            pool.push(key)
            naive.push(key)
            if Int.random(in: 0..<3, using: &generator) == 0 {
                #expect(pool.popNearest()?.rawValue == naive.popNearest(), "seed \(seed), slot \(slot)")
            }
            let content = (0..<pool.count).map { pool[$0].slot }
            #expect(content == naive.keys.map(\.slot), "seed \(seed), slot \(slot)")
            #expect(pool.bound == naive.bound, "seed \(seed), slot \(slot)")
            #expect(pool.isFull == naive.isFull, "seed \(seed), slot \(slot)")
        }
        while let nearest = naive.popNearest() { #expect(pool.popNearest()?.rawValue == nearest, "seed \(seed)") }
        #expect(pool.popNearest() == nil, "seed \(seed)")
    }

    @Test("Candidates leave nearest first, each once")
    func popsInOrder() {
        var pool = CandidatePool(capacity: 4)
        pool.reset(limit: 10)
        for (slot, distance) in [5, 1, 4, 2, 3].enumerated() {
            pool.push(NodeKey(distance: Float(distance), slot: UInt32(slot)))
        }
        var popped: [UInt32] = []
        while let slot = pool.popNearest() { popped.append(slot.rawValue) }
        #expect(popped == [1, 3, 4, 2, 0])
        #expect(pool.count == 5)
    }

    private func upcoming(_ pool: borrowing CandidatePool, limit: Int) -> [UInt32] {
        var slots: [UInt32] = []
        pool.forEachNearest(limit: limit) { slots.append($0.rawValue) }
        return slots
    }

    @Test("A nearer candidate pushed later is popped before those that wait")
    func popsLateArrival() {
        var pool = CandidatePool(capacity: 4)
        pool.reset(limit: 3)
        pool.push(NodeKey(distance: 2, slot: 0))
        pool.push(NodeKey(distance: 3, slot: 1))
        #expect(pool.popNearest() == 0)
        #expect(upcoming(pool, limit: 2) == [1])
        pool.push(NodeKey(distance: 1, slot: 2))
        #expect(upcoming(pool, limit: 1) == [2])
        #expect(upcoming(pool, limit: 2) == [2, 1])
        #expect(pool.popNearest() == 2)
        #expect(pool.popNearest() == 1)
        #expect(pool.popNearest() == nil)
    }

    @Test("Dead nodes do not count against the limit, and stay while they are nearer than the last live node")
    func deadNodesDoNotCount() {
        var pool = CandidatePool(capacity: 2)
        pool.reset(limit: 2)
        for slot in 0..<UInt32(50) { pool.push(NodeKey(distance: Float(slot), slot: slot, routesOnly: true)) }
        #expect(pool.count == 50)
        #expect(pool.bound == .infinity)
        pool.push(NodeKey(distance: 10.5, slot: 100))
        pool.push(NodeKey(distance: 20.5, slot: 101))
        #expect(pool.count == 23)
        #expect(pool.bound == 20.5)
        pool.push(NodeKey(distance: 0.5, slot: 102))
        #expect(pool.count == 13)
        #expect(pool.bound == 10.5)
    }

    @Test("A pool that is reset forgets everything")
    func resetForgets() {
        var pool = CandidatePool(capacity: 2)
        pool.reset(limit: 1)
        pool.push(NodeKey(distance: 1, slot: 1))
        _ = pool.popNearest()
        pool.reset(limit: 300)
        #expect(pool.count == 0)
        #expect(pool.bound == .infinity)
        #expect(pool.popNearest() == nil)
        for slot in 0..<UInt32(300) { pool.push(NodeKey(distance: Float(300 - slot), slot: slot)) }
        #expect(pool.count == 300)
        #expect(pool.popNearest() == 299)
    }
}

@Suite("A candidate pool of a search with a filter or a radius")
struct AdaptivePoolTests {
    @Test("Where all are results, it is the pool of a search without a filter", arguments: [1, 10, 64])
    func sameWithoutRouting(limit: Int) {
        var generator = SeededGenerator(seed: 7)
        var pool = CandidatePool(capacity: 2)
        var plain = CandidatePool(capacity: 2)
        pool.reset(limit: limit, keeping: 1, within: nil)
        plain.reset(limit: limit)
        for slot in 0..<500 as Range<UInt32> {
            let key = NodeKey(distance: Float.random(in: 0...1, using: &generator), slot: slot)
            var (one, other) = (key, key)
            pool.merge(&one, count: 1)
            plain.merge(&other, count: 1)
            #expect((0..<pool.count).map { pool[$0].slot } == (0..<plain.count).map { plain[$0].slot })
            #expect(pool.bound == plain.bound && pool.isFull == plain.isFull)
            #expect(pool.popNearest() == plain.popNearest())
        }
    }

    @Test("It keeps all within the radius, and the results that must be kept", arguments: [0.02, 0.3, 1] as [Float])
    func kept(radius: Float) {
        var generator = SeededGenerator(seed: 8)
        var pool = CandidatePool(capacity: 2)
        pool.reset(limit: 8, keeping: 4, within: radius)
        var near: [Float] = []
        for slot in 0..<800 as Range<UInt32> {
            let distance = Float.random(in: 0...1, using: &generator)
            if distance <= radius { near.append(distance) }
            var key = NodeKey(distance: distance, slot: slot, routesOnly: slot % 3 == 0)
            if distance <= pool.bound { pool.merge(&key, count: 1) }
            let kept = (0..<pool.count).map { pool[$0].distance }
            #expect(kept == kept.sorted() && kept.filter { $0 <= radius } == near.sorted())
        }
        while pool.popNearest() != nil {}
        #expect(pool.count >= near.count)
    }

    @Test("Where few nodes are admitted, it keeps enough results, and not many more keys")
    func fewAdmitted() {
        var generator = SeededGenerator(seed: 9)
        var pool = CandidatePool(capacity: 2)
        pool.reset(limit: 64, keeping: 26, within: nil)
        for slot in 0..<20_000 as Range<UInt32> {
            var key = NodeKey(
                distance: Float.random(in: 0...1, using: &generator), slot: slot, routesOnly: slot % 10 != 0)
            if key.distance <= pool.bound { pool.merge(&key, count: 1) }
        }
        var results = 0
        pool.forEachResultKey(limit: .max) { _ in results += 1 }
        #expect(results >= 26 && pool.count < 400, "\(results) results, \(pool.count) keys")
    }
}
