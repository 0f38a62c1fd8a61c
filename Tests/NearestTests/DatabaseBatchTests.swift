// SPDX-License-Identifier: Apache-2.0

import Nearest
import TestSupport
import Testing

@Suite("Edges of a database's batches")
struct DatabaseBatchTests {
    private static func entries(_ ids: Range<Int>, seed: UInt64) -> [VectorEntry] {
        var generator = SeededGenerator(seed: seed)
        return ids.map { VectorEntry(id: "\($0)", vector: generator.vector(dimensions: 4)) }
    }

    @Test("A number of threads outside 1 to 1,024 is refused", arguments: [0, -1, .min, 1025, 10_000, .max])
    func refusedThreads(threads: Int) throws {
        let database = try VectorDatabase(dimensions: 4, metric: .squaredEuclidean)
        func refusal(_ name: String) -> VectorDatabaseError {
            .index(.invalidParameter(name: name, value: threads, allowed: 1...1024))
        }
        let entries = Self.entries(0..<20, seed: 151)
        #expect(throws: refusal("threads")) { try database.insert(contentsOf: entries, threads: threads) }
        #expect(throws: refusal("threads")) { try database.calibrate(threads: threads) }
        #expect(database.isEmpty && !database.contains("0"))
        try database.insert(contentsOf: entries)
        #expect(database.count == 20)
    }

    @Test("1 and 1,024 threads take in a batch", arguments: [1, 1024])
    func allowedThreads(threads: Int) throws {
        let database = try VectorDatabase(dimensions: 4, metric: .squaredEuclidean)
        let entries = Self.entries(0..<300, seed: 152)
        try database.insert(contentsOf: entries, threads: threads)
        for entry in entries {
            #expect(try database.search(entry.vector, k: 1).map(\.id) == [entry.id])
        }
    }

    @Test("An id twice within a batch refuses the whole batch, wherever it stands", arguments: [0, 1, 98, 99])
    func duplicateWithinBatch(position: Int) throws {
        let database = try VectorDatabase(dimensions: 4, metric: .squaredEuclidean)
        try database.insert(contentsOf: Self.entries(1000..<1010, seed: 153))
        var entries = Self.entries(0..<99, seed: 154)
        entries.insert(VectorEntry(id: "50", vector: [1, 2, 3, 4]), at: position)
        #expect(throws: VectorDatabaseError.repeatedID("50")) { try database.insert(contentsOf: entries) }
        #expect(database.count == 10 && entries.allSatisfy { !database.contains($0.id) })
        #expect(try database.search([1, 2, 3, 4], k: 200).allSatisfy { $0.id.count == 4 })
        // What was refused leaves no id taken.
        entries.remove(at: position)
        try database.insert(contentsOf: entries)
        #expect(database.count == 109)
    }

    @Test("Removed to the last entry and filled again, twice, a database finds what it holds")
    func emptiedAndRefilledTwice() throws {
        let database = try VectorDatabase(dimensions: 4, metric: .cosine)
        for round in 0..<3 {
            let entries = Self.entries(0..<60, seed: 155 + UInt64(round))
            try database.insert(contentsOf: entries)
            for entry in entries { #expect(try database.search(entry.vector, k: 1).map(\.id) == [entry.id]) }
            for (i, entry) in (round == 1 ? entries.reversed() : entries).enumerated() {
                #expect(try database.remove(entry.id))
                #expect(try database.search(entry.vector, k: 100).count == 59 - i)
            }
            #expect(database.isEmpty)
        }
    }
}
