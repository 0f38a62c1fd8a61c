// SPDX-License-Identifier: Apache-2.0

import Nearest
import Synchronization
import TestSupport
import Testing

@Suite("Lookups beside changes")
struct LookupTests {
    @Test("An entry that is replaced over and over is there at every moment")
    func replacedEntryIsThere() throws {
        let database = try VectorDatabase(dimensions: 2, metric: .squaredEuclidean)
        try database.insert(VectorEntry(id: "a", vector: [0, 0]))
        let isDone = Atomic(false)
        let missing = Atomic(0)
        let lookups = Atomic(0)
        onThreads(3) { thread in
            if thread == 0 {
                for round in 1...2000 {
                    _ = try? database.upsert(VectorEntry(id: "a", vector: [Float(round), 0]))
                }
                isDone.store(true, ordering: .releasing)
                return
            }
            var last: Float = 0
            repeat {
                lookups.add(1, ordering: .relaxed)
                // What is read later is never older.
                if let first = try? database.entry(for: "a")?.vector[0], first >= last {
                    last = first
                } else {
                    missing.add(1, ordering: .relaxed)
                }
            } while !isDone.load(ordering: .acquiring)
        }
        #expect(lookups.load(ordering: .relaxed) > 0)
        #expect(missing.load(ordering: .relaxed) == 0)
        #expect(try database.entry(for: "a")?.vector == [2000, 0])
        #expect(try database.remove("a"))
        #expect(try database.entry(for: "a") == nil)
    }
}
