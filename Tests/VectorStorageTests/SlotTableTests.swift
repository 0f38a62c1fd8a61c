// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorStorage

@Suite("Slot table")
struct SlotTableTests {
    @Test("It finds what a dictionary finds, after random insertions and removals", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var table = try SlotTable(capacity: 3000)
        var model: [UInt64: UInt32] = [:]
        var free = Array(0..<UInt32(3000))
        for step in 0..<20_000 {
            if step % 3 < 2, let slot = free.popLast() {
                // Keys that repeat, and such as lie close together.
                let key = generator.next() % (step % 2 == 0 ? 4000 : UInt64.max)
                guard model[key] == nil else {
                    free.append(slot)
                    continue
                }
                try table.ensure(slotCount: Int(slot) + 1, additional: 1)
                table.keys.base[Int(slot)] = key
                table.insert(Slot(slot))
                model[key] = slot
            } else if let key = model.keys.randomElement(using: &generator) {
                let removed = table.remove(key)?.rawValue
                #expect(removed == model[key], "seed \(seed), step \(step)")
                if let removed { free.append(removed) }
                model[key] = nil
            }
        }
        #expect(model.count > 500)
        let count = table.count
        #expect(count == model.count)
        for (key, slot) in model { #expect(table.slot(of: key)?.rawValue == slot, "seed \(seed), key \(key)") }
        for key in 0..<4000 as Range<UInt64> where model[key] == nil { #expect(table.slot(of: key) == nil) }
        let removed = table.remove(5_000_000)
        #expect(removed == nil)
    }
}
