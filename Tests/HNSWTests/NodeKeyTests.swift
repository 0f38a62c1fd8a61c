// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import HNSW

@Suite("A node key")
struct NodeKeyTests {
    static let distances: [Float] = [
        -.infinity, -.greatestFiniteMagnitude, -1e30, -2, -1.5, -1, -.leastNormalMagnitude, -.leastNonzeroMagnitude, 0,
        .leastNonzeroMagnitude, .leastNormalMagnitude, 1, 1.5, 2, 1e30, .greatestFiniteMagnitude, .infinity,
    ]

    @Test("Keys sort as their distances do, negative, zero, positive and infinite")
    func sortsByDistance() {
        for (i, a) in Self.distances.enumerated() {
            for (j, b) in Self.distances.enumerated() where i < j {
                #expect(NodeKey(distance: a, slot: 9) < NodeKey(distance: b, slot: 3), "\(a) and \(b)")
                #expect(!(NodeKey(distance: b, slot: 3) < NodeKey(distance: a, slot: 9)), "\(a) and \(b)")
            }
        }
    }

    @Test("Equal distances sort by slot, with any flags", arguments: distances)
    func tiesSortBySlot(distance: Float) {
        let slots: [UInt32] = [0, 1, 2, 1000, 1 << 29, (1 << 30) - 1]
        for (a, b) in zip(slots, slots.dropFirst()) {
            var expanded = NodeKey(distance: distance, slot: a, routesOnly: true)
            expanded.bits |= NodeKey.expandedBit
            #expect(NodeKey(distance: distance, slot: a) < NodeKey(distance: distance, slot: b))
            #expect(expanded < NodeKey(distance: distance, slot: b))
        }
    }

    @Test("A key gives back its distance and slot to the bit", arguments: distances)
    func roundTrips(distance: Float) {
        for slot in [0, 1, 77, (1 << 30) - 1] as [UInt32] {
            let key = NodeKey(distance: distance, slot: slot)
            #expect(key.distance.bitPattern == distance.bitPattern)
            #expect(key.slot == slot)
            #expect(!key.routesOnly && !key.isExpanded)
        }
    }

    @Test("Flags change neither distance nor slot, and can be taken off", arguments: distances)
    func flagsAreSeparate(distance: Float) {
        let plain = NodeKey(distance: distance, slot: 12345)
        var flagged = NodeKey(distance: distance, slot: 12345, routesOnly: true)
        flagged.bits |= NodeKey.expandedBit
        #expect(flagged.routesOnly && flagged.isExpanded)
        #expect(flagged.distance.bitPattern == distance.bitPattern)
        #expect(flagged.slot == 12345)
        #expect(flagged != plain)
        #expect(flagged.unflagged == plain)
    }

    @Test("Random keys sort as (distance, slot) pairs", arguments: [1, 2, 3] as [UInt64])
    func sortsLikePairs(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pairs = (0..<500).map { _ in
            (
                distance: Float(Int.random(in: -5...5, using: &generator)) / 2,
                slot: UInt32.random(in: 0..<1 << 30, using: &generator)
            )
        }
        let expected = pairs.sorted { ($0.distance, $0.slot) < ($1.distance, $1.slot) }.map(\.slot)
        let actual = pairs.map { NodeKey(distance: $0.distance, slot: $0.slot) }.sorted().map(\.slot)
        #expect(actual == expected)
    }
}
