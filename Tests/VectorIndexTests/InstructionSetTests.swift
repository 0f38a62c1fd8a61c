// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("Instruction sets")
struct InstructionSetTests {
    @Test("Every supported set finds the same neighbors", arguments: Metric.allCases, [1, 15, 16, 17, 40])
    func agree(metric: Metric, dimensions: Int) throws {
        let seed = UInt64(dimensions)
        var generator = SeededGenerator(seed: seed)
        let vectors = generator.vectors(count: 300, dimensions: dimensions)
        let queries = (0..<5).map { _ in generator.vector(dimensions: dimensions) }
        for set in InstructionSet.supported {
            let exact = try ExactIndex(dimensions: dimensions, metric: metric, instructionSet: set)
            let options = HNSWOptions(instructionSet: set)
            let hnsw = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
            #expect(exact.instructionSet == set && hnsw.instructionSet == set)
            try exact.insertAll(vectors, keys: 0..<300)
            try hnsw.insertAll(vectors, keys: 0..<300)
            for query in queries {
                let place: Comment = "\(set), seed \(seed)"
                let expected = DistanceOracle.nearest(to: query, in: vectors, k: 10, metric: metric).map(\.distance)
                let batch = try exact.answers(query, k: 10)[0]
                for found in [
                    try exact.search(query, k: 10), try hnsw.search(query, k: 10, effort: .candidates(300)), batch,
                ] {
                    #expect(found.count == 10, place)
                    for (neighbor, distance) in zip(found, expected) {
                        #expect(abs(Double(neighbor.distance) - distance) < 1e-5, place)
                    }
                    expectTrueDistances(found, query: query, metric: metric, place) {
                        vectors.vector(Int($0), dimensions)
                    }
                }
            }
        }
    }

    @Test("The distance to a key is what a search reports", arguments: Metric.allCases)
    func distanceToKey(metric: Metric) throws {
        var generator = SeededGenerator(seed: 101)
        let vectors = generator.vectors(count: 50, dimensions: 19)
        let query = generator.vector(dimensions: 19)
        let index = try HNSWIndex(dimensions: 19, metric: metric)
        try index.insertAll(vectors, keys: 0..<50)
        for neighbor in try index.search(query, k: 50) {
            let distance = try #require(try index.distance(from: query.span, to: neighbor.key))
            #expect(abs(distance - neighbor.distance) < 1e-5)
        }
        try index.remove(key: 7)
        for key in [7, 50] as [UInt64] {
            let distance = try index.distance(from: query.span, to: key)
            #expect(distance == nil)
        }
    }
}
