// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import TestSupport
import Testing

@Suite("Many entries of a database")
struct DatabaseManyTests {
    private static func database(_ count: Int = 1500) throws -> VectorDatabase {
        var generator = SeededGenerator(seed: 801)
        let database = try VectorDatabase(dimensions: 3, metric: .squaredEuclidean)
        try database.insert(
            contentsOf: (0..<count).map {
                VectorEntry(id: "\($0)", vector: generator.vector(dimensions: 3), metadata: ["n": .integer(Int64($0))])
            })
        return database
    }

    @Test("Ids are those of all entries")
    func ids() throws {
        let database = try Self.database()
        #expect(Set(database.ids) == Set((0..<1500).map { "\($0)" }) && database.ids.count == 1500)
        try database.remove("7")
        try database.upsert(VectorEntry(id: "8", vector: [1, 1, 1]))
        #expect(!database.ids.contains("7") && database.ids.count { $0 == "8" } == 1)
        #expect(try VectorDatabase(dimensions: 1, metric: .cosine).ids.isEmpty)
    }

    @Test("Entries of many ids are those of each")
    func entries() throws {
        let database = try Self.database()
        let ids = ["3", "none", "3", "1499"]
        #expect(try database.entries(for: ids) == ids.map { try database.entry(for: $0) })
        #expect(try database.entries(for: []).isEmpty)
    }

    @Test("Many entries are removed, or all of them")
    func removal() throws {
        let database = try Self.database()
        #expect(try database.remove((0..<1200).map { "\($0)" } + ["0", "none"]) == 1200)
        #expect(database.count == 300 && !database.contains("0") && database.contains("1200"))
        #expect(try database.search([0, 0, 0], k: 1500).count == 300)
        #expect(try database.removeAll() == 300 && database.isEmpty && database.ids.isEmpty)
        #expect(try database.removeAll() == 0 && database.search([0, 0, 0], k: 3).isEmpty)
        try database.insert(VectorEntry(id: "0", vector: [1, 2, 3]))
        #expect(try database.entry(for: "0")?.vector == [1, 2, 3])
    }

    @Test("Metadata is changed alone")
    func metadata() throws {
        let database = try Self.database()
        let before = try #require(try database.entry(for: "5"))
        #expect(try database.updateMetadata(["new": true], for: "5"))
        #expect(try !database.updateMetadata([:], for: "none"))
        #expect(throws: VectorDatabaseError.invalidMetadata(id: "5", reason: .notFinite(name: "x"))) {
            try database.updateMetadata(["x": .double(.nan)], for: "5")
        }
        let after = try #require(try database.entry(for: "5"))
        #expect(after.vector == before.vector && after.metadata == ["new": true])
        #expect(try database.search(before.vector, k: 1).first?.metadata == ["new": true])
        #expect(database.statistics.removedCount == 0 && database.count == 1500)
    }

    @Test("Ids, entries and searches beside changes of many are whole")
    func isolation() async throws {
        let database = try Self.database()
        let all = (0..<1500).map { "\($0)" }
        let entries = try database.entries(for: all).compactMap { $0 }
        async let changes: Void = Task.detached {
            for _ in 0..<8 {
                try database.removeAll()
                try database.insert(contentsOf: entries)
            }
        }.value
        for _ in 0..<100 {
            let ids = Set(database.ids)
            #expect(ids.isEmpty || ids == Set(all))
            let found = try database.search([0, 0, 0], k: 1500, including: .vectors)
            #expect(found.isEmpty || found.count == 1500)
            for case let entry? in try database.entries(for: ["1", "2", "none"]) {
                #expect(entry == entries[Int(entry.id) ?? 0])
            }
        }
        try await changes
    }

    @Test("Results are coded with their vectors, or without")
    func coding() throws {
        let database = try Self.database(20)
        for fields in [[], .vectors] as [SearchFields] {
            let found = try database.search([0, 0, 0], k: 4, including: fields)
            let data = try JSONEncoder().encode(found)
            #expect(try JSONDecoder().decode([SearchResult].self, from: data) == found)
            let object = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
            #expect(object.allSatisfy { ($0["vector"] as? [Double])?.count == (fields == .vectors ? 3 : nil) })
        }
    }
}
