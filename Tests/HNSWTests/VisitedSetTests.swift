// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import HNSW

@Suite("A visited set")
struct VisitedSetTests {
    @Test("A slot is new once after every reset, also when the stamps wrap around")
    func stampsWrapAround() {
        var visited = VisitedSet()
        var failures: [Int] = []
        for round in 0..<2 * 65_535 + 3 {
            visited.reset(slotCount: 4)
            // Slot 0 is marked every round, slot 1 only in the first: its old stamp comes up again after 65,535 rounds.
            if !visited.insert(0) || visited.insert(0) { failures.append(round) }
            if round == 0 { _ = visited.insert(1) }
            if round >= 65_533, round <= 65_537, !visited.insert(2) { failures.append(round) }
            if round == 65_535, !visited.insert(1) { failures.append(round) }
        }
        #expect(failures.isEmpty, "rounds \(failures.prefix(5))")
    }

    @Test("Growth keeps the set empty and the old slots usable")
    func grows() {
        var visited = VisitedSet()
        for slotCount in [1, 10, 1000, 10, 5000] {
            visited.reset(slotCount: slotCount)
            let newCount = (0..<UInt32(slotCount)).count { visited.insert(Node(rawValue: $0)) }
            #expect(newCount == slotCount)
            let newAgainCount = (0..<UInt32(slotCount)).count { visited.insert(Node(rawValue: $0)) }
            #expect(newAgainCount == 0, "\(slotCount) slots")
        }
    }

    @Test("Random use agrees with a set of slots", arguments: [1, 2, 3] as [UInt64])
    func agreesWithSet(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var visited = VisitedSet()
        for round in 0..<20 {
            let slotCount = Int.random(in: 1...200, using: &generator)
            visited.reset(slotCount: slotCount)
            var model: Set<UInt32> = []
            for _ in 0..<100 {
                let slot = UInt32.random(in: 0..<UInt32(slotCount), using: &generator)
                #expect(
                    visited.insert(Node(rawValue: slot)) == model.insert(slot).inserted, "seed \(seed), round \(round)")
            }
        }
    }
}
