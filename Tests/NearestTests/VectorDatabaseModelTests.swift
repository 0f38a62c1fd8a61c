// SPDX-License-Identifier: Apache-2.0

import Nearest
import TestSupport
import Testing

@Suite("VectorDatabase against a model")
struct VectorDatabaseModelTests {
    @Test("Any sequence of changes leaves what a dictionary would hold", arguments: 1...6 as ClosedRange<UInt64>)
    func randomOperations(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let metric = Metric.allCases[Int(seed) % Metric.allCases.count]
        let database = try VectorDatabase(dimensions: 4, metric: metric, options: HNSWOptions(m: 4, efConstruction: 20))
        var model: [String: VectorEntry] = [:]
        for step in 0..<300 {
            let id = "id\(Int.random(in: 0..<40, using: &random))"
            let metadata: Metadata = ["step": .integer(Int64(step))]
            let entry = VectorEntry(id: id, vector: random.vector(dimensions: 4), metadata: metadata)
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                if model[id] == nil {
                    try database.insert(entry)
                    model[id] = entry
                } else {
                    #expect(throws: VectorDatabaseError.duplicateID(id)) { try database.insert(entry) }
                }
            case 1:
                #expect(try database.upsert(entry) == (model.updateValue(entry, forKey: id) != nil))
            case 2:
                #expect(try database.remove(id) == (model.removeValue(forKey: id) != nil))
            case 3:
                let found = try database.entry(for: id)
                #expect(found?.metadata == model[id]?.metadata)
                if metric != .cosine { #expect(found?.vector == model[id]?.vector) }
            default:
                try compareSearch(database, model, metric: metric, random: &random)
            }
            #expect(database.count == model.count)
        }
    }

    /// With more candidates than entries, a search must be exact.
    private func compareSearch(
        _ database: VectorDatabase, _ model: [String: VectorEntry], metric: Metric, random: inout SeededGenerator
    ) throws {
        let query = random.vector(dimensions: 4)
        let k = Int.random(in: 1...12, using: &random)
        let results = try database.search(query, k: k, effort: .candidates(1000))
        let expected = model.values.map { DistanceOracle.distance(query, $0.vector, metric) }.sorted().prefix(k)
        #expect(results.count == expected.count)
        for (result, distance) in zip(results, expected) {
            #expect(abs(Double(result.distance) - distance) < 1e-5)
            #expect(model[result.id]?.metadata == result.metadata)
        }
    }

    @Test("Searches, changes and look-ups from many threads disturb nothing")
    func manyThreads() throws {
        var random = SeededGenerator(seed: 11)
        let database = try VectorDatabase(
            dimensions: 8, metric: .squaredEuclidean, options: HNSWOptions(m: 8, efConstruction: 40))
        let vectors = (0..<400).map { _ in random.vector(dimensions: 8) }
        try database.insert(contentsOf: (0..<200).map { VectorEntry(id: "\($0)", vector: vectors[$0]) })
        onThreads(4) { thread in
            for i in 0..<100 {
                switch thread {
                case 0: try? database.insert(VectorEntry(id: "\(200 + i)", vector: vectors[200 + i]))
                case 1: _ = try? database.upsert(VectorEntry(id: "\(i)", vector: vectors[300 + i]))
                case 2: _ = try? database.remove("\(100 + i)")
                default:
                    // Never two results of one id: an upsert is seen before or after.
                    let ids = (try? database.search(vectors[i], k: 20).map(\.id)) ?? []
                    #expect(Set(ids).count == ids.count)
                    #expect(throws: Never.self) { try database.entry(for: "\(i)") }
                }
            }
        }
        #expect(database.count == 200)
        for i in 0..<100 { #expect(try database.entry(for: "\(i)")?.vector == vectors[300 + i]) }
        for i in 100..<200 { #expect(!database.contains("\(i)")) }
        for i in 200..<300 { #expect(try database.entry(for: "\(i)")?.vector == vectors[i]) }
    }
}
