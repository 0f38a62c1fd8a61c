// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import HNSW

@Suite("Lifetimes")
struct LifetimeTests {
    @Test("The version after one skips the short forms 0 and 1, which mean ever")
    func nextSkipsReserved() {
        var version = GraphVersion(1 << 32 - 3)
        var shorts: [UInt32] = []
        for _ in 0..<4 {
            let next = version.next
            #expect(version < next)
            shorts.append(next.short)
            version = next
        }
        #expect(shorts == [.max - 1, .max, 2, 3])
        #expect(GraphVersion.first.short == 2 && GraphVersion(1 << 32).next.short >= 2)
    }

    @Test(
        "A lifetime holds from birth to before death, also where 32 bits wrap around",
        arguments: [100, .max - 3] as [UInt32])
    func containsVersions(born: UInt32) {
        let lifetime = Lifetime(born: born, died: born &+ 8)
        for offset in -20...20 {
            let version = born &+ UInt32(bitPattern: Int32(offset))
            #expect(lifetime.contains(version) == (0..<8).contains(offset), "\(offset)")
            #expect(Lifetime(born: born, died: Lifetime.notDied).contains(version) == (offset >= 0), "\(offset)")
        }
        #expect(Lifetime(born: Lifetime.everBorn, died: Lifetime.notDied).contains(born))
        #expect(!Lifetime(born: Lifetime.everBorn, died: Lifetime.everDead).contains(born))
    }

    @Test(
        "Aged, a lifetime says the same of the present, for 2^30 versions more",
        arguments: [5, 1 << 31, .max - 9] as [UInt32])
    func agedSaysTheSame(present: UInt32) {
        let ages: [UInt32] = [0, 1, 1000, 1 << 28 - 1, 1 << 28, 1 << 29, 1 << 30]
        for bornAgo in ages {
            for diedAgo in ages.filter({ $0 <= bornAgo }).map(Optional.some) + [nil] {
                let died = diedAgo.map { present &- $0 } ?? Lifetime.notDied
                let lifetime = Lifetime(born: present &- bornAgo, died: died)
                if died < Lifetime.firstVersion, diedAgo != nil || lifetime.born < Lifetime.firstVersion { continue }
                let aged = lifetime.aged(at: present)
                for later in [0, 1, 1 << 29, 1 << 30] as [UInt32] {
                    #expect(aged.contains(present &+ later) == (diedAgo == nil), "\(bornAgo), \(died), \(later)")
                }
            }
        }
    }

    @Test("A graph works on while its versions wrap around")
    func graphWrapsAround() throws {
        var generator = SeededGenerator(seed: 31)
        let vectors = (0..<60).map { _ in generator.vector(dimensions: 4) }
        let fixture = try GraphFixture(dimensions: 4, version: GraphVersion(1 << 32 - 30))
        var live: Set<UInt32> = []
        for (i, vector) in vectors.enumerated() {
            try fixture.insert(vector)
            live.insert(UInt32(i))
            if i % 3 == 2 {
                fixture.remove(UInt32(i - 1))
                live.remove(UInt32(i - 1))
            }
            #expect(Set(fixture.search(vector, ef: 100).map(\.slot)) == live, "after \(i)")
            try fixture.writer.checkInvariants()
        }
        #expect(fixture.graph.version.number > 1 << 32)
    }
}
