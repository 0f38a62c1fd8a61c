// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import Testing

@Suite("Ids")
struct IDTests {
    /// The same character, and other bytes.
    private static let composed = "\u{E9}"
    private static let decomposed = "e\u{301}"

    @Test("Ids that look alike and differ in UTF-8 are two ids")
    func canonicalEquivalence() throws {
        let (one, other) = (Self.composed, Self.decomposed)
        #expect(one == other)
        let database = try VectorDatabase(dimensions: 2, metric: .squaredEuclidean)
        try database.insert(contentsOf: [
            VectorEntry(id: one, vector: [1, 0], metadata: ["form": "composed"]),
            VectorEntry(id: other, vector: [0, 1], metadata: ["form": "decomposed"]),
        ])
        #expect(database.count == 2)
        #expect(try database.entry(for: one)?.metadata == ["form": "composed"])
        #expect(try !database.upsert(VectorEntry(id: "e", vector: [5, 5])))
        #expect(try database.upsert(VectorEntry(id: other, vector: [0, 2])))
        #expect(try database.entry(for: one)?.vector == [1, 0])
        let nearest = try database.search([0, 2], k: 1)
        #expect(nearest.map { Array($0.id.utf8) } == [Array(other.utf8)])
        #expect(try database.remove(one))
        #expect(!database.contains(one) && database.contains(other))
    }

    @Test("Entries whose ids differ in UTF-8 are not equal")
    func entries() {
        let one = VectorEntry(id: Self.composed, vector: [1])
        let other = VectorEntry(id: Self.decomposed, vector: [1])
        #expect(one != other && Set([one, other, one]).count == 2)
    }

    @Test("A long id is shortened in messages, and whole in the error")
    func longID() throws {
        let id = String(repeating: "x", count: 1 << 20)
        let database = try VectorDatabase(dimensions: 1, metric: .squaredEuclidean)
        try database.insert(VectorEntry(id: id, vector: [1]))
        let refusals: [(VectorDatabaseError, [VectorEntry])] = [
            (.duplicateID(id), [VectorEntry(id: id, vector: [1])]),
            (.repeatedID(id + "y"), [VectorEntry](repeating: VectorEntry(id: id + "y", vector: [1]), count: 2)),
            (
                .invalidEntry(id: id + "y", reason: .nonFiniteValue(position: 0)),
                [VectorEntry(id: id + "y", vector: [.nan])]
            ),
        ]
        for (refusal, entries) in refusals {
            #expect(throws: refusal) { try database.insert(contentsOf: entries) }
            #expect(refusal.description.count < 300)
        }
    }
}
