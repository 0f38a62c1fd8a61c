// SPDX-License-Identifier: Apache-2.0

import Nearest
import TestSupport
import Testing

@Suite("VectorDatabase")
struct VectorDatabaseTests {
    private func colors() throws -> VectorDatabase {
        let database = try VectorDatabase(dimensions: 3, metric: .squaredEuclidean)
        try database.insert(contentsOf: [
            VectorEntry(id: "red", vector: [1, 0, 0], metadata: ["hex": "#f00", "warm": true]),
            VectorEntry(id: "green", vector: [0, 1, 0], metadata: ["hex": "#0f0", "warm": false]),
            VectorEntry(id: "blue", vector: [0, 0, 1]),
        ])
        return database
    }

    @Test("A result carries id, distance and metadata, and its vector only on request")
    func resultCarriesWhatWasInserted() throws {
        let database = try colors()
        let result = try #require(try database.search([0.9, 0, 0], k: 1).first)
        #expect(result.id == "red")
        #expect(abs(result.distance - 0.01) < 1e-6)
        #expect(result.metadata == ["hex": "#f00", "warm": true])
        #expect(result.vector == nil)
        let withVector = try #require(try database.search([0.9, 0, 0], k: 1, including: .vectors).first)
        #expect(withVector.vector.map { Array($0) } == [1, 0, 0])
    }

    @Test("A wanted recall is taken, and one that is none refused")
    func recall() throws {
        var generator = SeededGenerator(seed: 12)
        let vectors = generator.clusteredVectors(count: 1200, dimensions: 12, clusters: 20)
        let database = try VectorDatabase(dimensions: 12, metric: .cosine)
        try database.insert(
            contentsOf: (0..<1200).map { VectorEntry(id: "\($0)", vector: Array(vectors[$0 * 12..<($0 + 1) * 12])) })
        let query = generator.vector(dimensions: 12)
        let all = try database.search(query, k: 10, effort: .recall(1), including: .vectors)
        #expect(all.count == 10 && all.allSatisfy { $0.vector != nil })
        let expected = DistanceOracle.nearest(to: query, in: vectors, k: 10, metric: .cosine)
        #expect(Set(all.map(\.id)) == Set(expected.map { "\($0.position)" }))
        #expect(try database.search(query, k: 10, effort: .recall(0.9)).count == 10)
        try database.calibrate(queries: (0..<120).map { _ in generator.vector(dimensions: 12) })
        #expect(database.calibration?.source == .queries)
        #expect(
            throws: VectorDatabaseError.index(
                .batchVector(position: 1, reason: .dimensionMismatch(expected: 12, found: 11)))
        ) {
            try database.calibrate(queries: [query, Array(query.dropLast()), query + [1]])
        }
        #expect(throws: VectorDatabaseError.index(.invalidRecall(1.5))) {
            try database.search(query, k: 1, effort: .recall(1.5))
        }
    }

    @Test("get returns the entry that was inserted, and nil for an unknown id")
    func getReturnsEntry() throws {
        let database = try colors()
        #expect(
            try database.entry(for: "green")
                == VectorEntry(id: "green", vector: [0, 1, 0], metadata: ["hex": "#0f0", "warm": false]))
        #expect(try database.entry(for: "mauve") == nil)
        #expect(database.contains("blue") && !database.contains("mauve"))
        #expect(database.count == 3)
    }

    @Test("An upsert replaces vector and metadata, and the old ones are never found again")
    func upsertReplaces() throws {
        let database = try colors()
        #expect(try database.upsert(VectorEntry(id: "red", vector: [0, 0, 5], metadata: ["hex": "#00f"])))
        #expect(try !database.upsert(VectorEntry(id: "black", vector: [0, 0, 0])))
        #expect(database.count == 4)
        #expect(try database.entry(for: "red")?.vector == [0, 0, 5])
        let results = try database.search([1, 0, 0], k: 10)
        #expect(results.map(\.id).sorted() == ["black", "blue", "green", "red"])
        #expect(results.first { $0.id == "red" }?.distance == 26)
        #expect(results.first { $0.id == "red" }?.metadata == ["hex": "#00f"])
    }

    @Test("An upsert with the same vector keeps one entry")
    func upsertOfTheSameVector() throws {
        let database = try colors()
        for round in 0..<5 {
            try database.upsert(VectorEntry(id: "red", vector: [1, 0, 0], metadata: ["round": .integer(Int64(round))]))
        }
        let results = try database.search([1, 0, 0], k: 10)
        #expect(results.map(\.id).sorted() == ["blue", "green", "red"])
        #expect(results[0].metadata == ["round": 4])
    }

    @Test("A removed entry is never found, and its id is free again")
    func removedIsGone() throws {
        let database = try colors()
        #expect(try database.remove("red"))
        #expect(try !database.remove("red"))
        #expect(try database.entry(for: "red") == nil && !database.contains("red"))
        #expect(try database.search([1, 0, 0], k: 10).map(\.id).sorted() == ["blue", "green"])
        try database.insert(VectorEntry(id: "red", vector: [2, 0, 0]))
        #expect(try database.search([1, 0, 0], k: 1).map(\.id) == ["red"])
    }

    @Test("A refused batch changes nothing and names the entry at fault")
    func refusedBatchChangesNothing() throws {
        let database = try colors()
        let good = VectorEntry(id: "white", vector: [1, 1, 1])
        let nan = VectorEntry(id: "bad", vector: [0, .nan, 0])
        #expect(throws: VectorDatabaseError.invalidEntry(id: "bad", reason: .nonFiniteValue(position: 1))) {
            try database.insert(contentsOf: [good, nan])
        }
        let short = VectorEntry(id: "short", vector: [1])
        #expect(
            throws: VectorDatabaseError.invalidEntry(
                id: "short", reason: .dimensionMismatch(expected: 3, found: 1))
        ) {
            try database.insert(contentsOf: [good, short])
        }
        #expect(throws: VectorDatabaseError.duplicateID("red")) {
            try database.insert(contentsOf: [good, VectorEntry(id: "red", vector: [1, 1, 0])])
        }
        #expect(throws: VectorDatabaseError.repeatedID("white")) { try database.insert(contentsOf: [good, good]) }
        #expect(throws: VectorDatabaseError.duplicateID("red")) {
            try database.insert(VectorEntry(id: "red", vector: [1, 1, 0]))
        }
        #expect(throws: VectorDatabaseError.invalidEntry(id: "red", reason: .nonFiniteValue(position: 0))) {
            try database.upsert(VectorEntry(id: "red", vector: [.infinity, 0, 0]))
        }
        #expect(throws: VectorDatabaseError.index(.invalidParameter(name: "threads", value: 0, allowed: 1...1024))) {
            try database.insert(contentsOf: [good], threads: 0)
        }
        #expect(database.count == 3 && !database.contains("white"))
        #expect(try database.entry(for: "red")?.vector == [1, 0, 0])
        #expect(try database.search([1, 1, 1], k: 10).map(\.id).sorted() == ["blue", "green", "red"])
    }

    @Test("Odd questions get an empty answer, all entries, or a typed error")
    func oddQuestions() throws {
        let database = try colors()
        #expect(try database.search([1, 0, 0], k: 0).isEmpty)
        #expect(try database.search([1, 0, 0], k: .max).count == 3)
        #expect(try database.search([1, 0, 0], k: 2, effort: .candidates(.max)).count == 2)
        #expect(throws: VectorDatabaseError.index(.invalidParameter(name: "k", value: -1, allowed: 0...Int.max))) {
            try database.search([1, 0, 0], k: -1)
        }
        #expect(
            throws: VectorDatabaseError.index(.invalidParameter(name: "candidates", value: 0, allowed: 1...Int.max))
        ) {
            try database.search([1, 0, 0], k: 1, effort: .candidates(0))
        }
        #expect(throws: VectorDatabaseError.index(.dimensionMismatch(expected: 3, found: 0))) {
            try database.search([Float](), k: 1)
        }
        #expect(throws: VectorDatabaseError.index(.nonFiniteValue(position: 2))) {
            try database.search([0, 0, .nan], k: 1)
        }
        let empty = try VectorDatabase(dimensions: 3, metric: .cosine)
        #expect(empty.isEmpty)
        #expect(try empty.search([1, 0, 0], k: 5).isEmpty)
        #expect(throws: VectorDatabaseError.index(.zeroVector)) { try empty.search([0, 0, 0], k: 5) }
        #expect(throws: VectorDatabaseError.index(.invalidParameter(name: "M", value: 0, allowed: 2...512))) {
            try VectorDatabase(dimensions: 3, metric: .cosine, options: HNSWOptions(m: 0))
        }
        try database.insert(contentsOf: [])
        #expect(database.count == 3)
    }

    @Test("Ids may be any string")
    func anyID() throws {
        let database = try VectorDatabase(dimensions: 1, metric: .manhattan)
        let ids = ["", " ", "ä", "日本語", "'; drop table", "a\u{0}b", String(repeating: "x", count: 10_000)]
        try database.insert(contentsOf: ids.enumerated().map { VectorEntry(id: $1, vector: [Float($0)]) })
        for (i, id) in ids.enumerated() {
            #expect(try database.search([Float(i)], k: 1).map(\.id) == [id])
        }
    }
}
