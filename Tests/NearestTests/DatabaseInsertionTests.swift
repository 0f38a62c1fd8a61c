// SPDX-License-Identifier: Apache-2.0

import Nearest
import Synchronization
import TestSupport
import Testing

@Suite("Insertions that tell how far they are, and changes beside searches")
struct DatabaseInsertionTests {
    private static func database() throws -> VectorDatabase {
        try VectorDatabase(
            dimensions: 4, metric: .squaredEuclidean, options: HNSWOptions(m: 6, efConstruction: 24))
    }

    private static func entries(_ count: Int, seed: UInt64, prefix: String = "") -> [VectorEntry] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { VectorEntry(id: "\(prefix)\($0)", vector: generator.vector(dimensions: 4)) }
    }

    @Test("Numbers ascend and end at the number of entries, equal ones included")
    func endsAtCount() async throws {
        let database = try Self.database()
        var entries = Self.entries(150, seed: 401)
        entries += entries.prefix(30).map { VectorEntry(id: "copy of \($0.id)", vector: $0.vector) }
        var numbers: [Int] = []
        for try await linked in database.insertions(of: entries) { numbers.append(linked) }
        #expect(numbers == numbers.sorted() && numbers.last == 180)
        #expect(database.count == 180)
        for entry in entries { #expect(try database.entry(for: entry.id)?.vector == entry.vector) }
    }

    @Test("Left before its end, a sequence adds every entry or none", arguments: [1, 3, 20])
    func leftEarly(after count: Int) async throws {
        let database = try Self.database()
        try database.insert(contentsOf: Self.entries(20, seed: 402, prefix: "old"))
        let entries = Self.entries(200, seed: 403)
        var left = 0
        for try await _ in database.insertions(of: entries) {
            left += 1
            if left == count { break }
        }
        // A change waits for the insertion to end, either way.
        try database.compact()
        try await Self.expectAllOrNone(of: entries, in: database, beside: 20)
    }

    @Test("Cancelled with its task, an insertion adds every entry or none")
    func cancelledTask() async throws {
        let database = try Self.database()
        try database.insert(contentsOf: Self.entries(20, seed: 404, prefix: "old"))
        let entries = Self.entries(200, seed: 405)
        let task = Task {
            for try await linked in database.insertions(of: entries) where linked > 5 {
                try? await Task.sleep(for: .seconds(9))
            }
        }
        try await Task.sleep(for: .milliseconds(5))
        task.cancel()
        _ = await task.result
        try database.compact()
        try await Self.expectAllOrNone(of: entries, in: database, beside: 20)
    }

    private static func expectAllOrNone(
        of entries: [VectorEntry], in database: VectorDatabase, beside oldCount: Int
    ) async throws {
        // The thread that inserts may not have begun when its sequence was left.
        for _ in 0..<3 {
            try await Task.sleep(for: .milliseconds(5))
            let there = entries.count { database.contains($0.id) }
            #expect(there == 0 || there == entries.count)
            let found = try database.search([0, 0, 0, 0], k: .max)
            #expect(found.count == oldCount || found.count == oldCount + entries.count)
        }
    }

    @Test("What is refused throws as it does from an insertion, and adds nothing")
    func throwsThrough() async throws {
        let database = try Self.database()
        try database.insert(contentsOf: Self.entries(3, seed: 406))
        await #expect(throws: VectorDatabaseError.duplicateID("0")) {
            for try await _ in database.insertions(of: Self.entries(9, seed: 407)) {}
        }
        let bad = [VectorEntry(id: "x", vector: [1, 2, 3, 4]), VectorEntry(id: "y", vector: [1, .nan, 3, 4])]
        await #expect(throws: VectorDatabaseError.invalidEntry(id: "y", reason: .nonFiniteValue(position: 1))) {
            for try await _ in database.insertions(of: bad) {}
        }
        #expect(database.count == 3 && !database.contains("x"))
    }

    @Test("A batch cancelled by progress adds nothing and leaves its ids free; ids come back in order")
    func cancelledByProgress() throws {
        let database = try Self.database()
        let entries = Self.entries(60, seed: 408)
        #expect(throws: VectorDatabaseError.index(.cancelled)) {
            try database.insert(contentsOf: entries) { (linked) throws(CancellationError) in
                if linked > 10 { throw CancellationError() }
            }
        }
        #expect(database.isEmpty && entries.allSatisfy { !database.contains($0.id) })
        #expect(try database.search([0, 0, 0, 0], k: 5).isEmpty)
        try database.insert(contentsOf: entries.reversed())
    }

    @Test("Beside upserts a search finds each entry once, with a vector and metadata that belong together")
    func upsertBesideSearches() throws {
        let database = try Self.database()
        try database.insert(contentsOf: Self.entries(60, seed: 409, prefix: "other"))
        let isDone = Atomic(false)
        let problems = Guarded<[String]>([])
        @Sendable func entry(_ i: Int, turn: Int) -> VectorEntry {
            let vector = [Float(i) * 0.1, Float(turn) * 0.001, 0, 0]
            return VectorEntry(id: "\(i)", vector: vector, metadata: ["turn": .integer(Int64(turn))])
        }
        for i in 0..<10 { try database.upsert(entry(i, turn: 0)) }
        onThreads(3) { thread in
            do {
                guard thread > 0 else {
                    defer { isDone.store(true, ordering: .releasing) }
                    for turn in 1...40 {
                        for i in 0..<10 { try database.upsert(entry(i, turn: turn)) }
                        if turn % 10 == 0 { try database.compact() }
                        if turn % 20 == 0 { try database.secureErase() }
                    }
                    return
                }
                repeat {
                    let found = try database.search([0, 0, 0, 0], k: .max, including: .vectors)
                    if found.count != 70 || Set(found.map(\.id)).count != 70 {
                        problems.withLock { $0.append("\(found.count) entries") }
                    }
                    for result in found {
                        guard let i = Int(result.id),
                            let turn = (0...40).first(where: {
                                result.metadata["turn"] == .integer(Int64($0))
                            }), result.vector.map(Array.init) != entry(i, turn: turn).vector
                        else { continue }
                        problems.withLock { $0.append("entry \(i) of turn \(turn)") }
                    }
                } while !isDone.load(ordering: .acquiring)
            } catch {
                problems.withLock { $0.append("\(error)") }
            }
        }
        #expect(problems.withLock { $0 }.isEmpty)
        #expect(database.count == 70)
    }

    @Test("compact() and secureErase() change no answer, and leave what results hold")
    func compactAndErase() throws {
        let database = try Self.database()
        let entries = Self.entries(100, seed: 410)
        try database.insert(contentsOf: entries)
        var held = try database.search(entries[0].vector, k: 30, including: .vectors)
        for entry in entries.prefix(60) { #expect(try database.remove(entry.id)) }
        let expected = try database.search([0, 0, 0, 0], k: .max).map(\.id)
        try database.compact()
        #expect(try database.search([0, 0, 0, 0], k: .max).map(\.id) == expected)
        #expect(try database.secureErase() == 60)
        for result in held {
            #expect(entries.contains { $0.id == result.id && result.vector.map(Array.init) == $0.vector })
        }
        held = []
        #expect(try database.secureErase() == 0)
        #expect(try database.search([0, 0, 0, 0], k: .max).map(\.id) == expected)
    }
}
