// SPDX-License-Identifier: Apache-2.0

import Nearest
import Testing

@Suite("Many entries can be upserted in one change")
struct DatabaseUpsertTests {
    @Test("New entries are added, and those with known ids replaced; a refused vector changes nothing")
    func allOrNone() throws {
        let database = try VectorDatabase(dimensions: 2, metric: .squaredEuclidean)
        func entry(_ id: Int, _ round: Int) -> VectorEntry {
            VectorEntry(id: "\(id)", vector: [Float(id), Float(round)], metadata: ["round": .integer(Int64(round))])
        }
        #expect(try database.upsert(contentsOf: (0..<40).map { entry($0, 0) }) == 0)
        #expect(try database.upsert(contentsOf: (20..<60).map { entry($0, 1) }) == 20)
        #expect(database.count == 60 && Set(database.ids).count == 60)
        let bad = (0..<60).map { entry($0, 2) } + [VectorEntry(id: "bad", vector: [.nan, 0])]
        #expect(throws: VectorDatabaseError.self) { try database.upsert(contentsOf: bad) }
        #expect(throws: VectorDatabaseError.repeatedID("7")) {
            try database.upsert(contentsOf: [entry(7, 2), entry(7, 3)])
        }
        for (id, found) in try database.entries(for: (0..<60).map { "\($0)" }).enumerated() {
            let round = id < 20 ? 0 : 1
            #expect(found?.vector == [Float(id), Float(round)] && found?.metadata == ["round": .integer(Int64(round))])
        }
    }
}
