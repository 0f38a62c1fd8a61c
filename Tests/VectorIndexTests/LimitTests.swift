// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("Limits")
struct LimitTests {
    @Test("k = 0 finds nothing, and k above the count finds all, sorted", arguments: IndexKind.allCases)
    func extremesOfK(kind: IndexKind) throws {
        var generator = SeededGenerator(seed: 61)
        let index = try kind.make(dimensions: 4, metric: .squaredEuclidean)
        try index.insertAll(generator.vectors(count: 150, dimensions: 4), keys: 0..<150)
        let query = generator.vector(dimensions: 4)
        #expect(try index.search(query, k: 0).isEmpty)
        for k in [150, 151, 1_000_000, .max] {
            let found = try index.search(query, k: k)
            #expect(Set(found.map(\.key)) == Set(0..<150))
            #expect(found.map(\.distance) == found.map(\.distance).sorted())
        }
    }

    @Test("One candidate finds k, and Int.max of them find what exact search finds")
    func extremesOfEf() throws {
        var generator = SeededGenerator(seed: 62)
        let vectors = generator.vectors(count: 400, dimensions: 6)
        let index = try HNSWIndex(dimensions: 6, metric: .manhattan)
        let exact = try ExactIndex(dimensions: 6, metric: .manhattan)
        #expect(try index.search([1, 2, 3, 4, 5, 6], k: 3, effort: .candidates(.max)).isEmpty)
        try index.insertAll(vectors, keys: 0..<400)
        try exact.insertAll(vectors, keys: 0..<400)
        for _ in 0..<20 {
            let query = generator.vector(dimensions: 6)
            #expect(try index.search(query, k: 12, effort: .candidates(1)).count == 12)
            #expect(try index.search(query, k: 12, effort: .candidates(.max)) == exact.search(query, k: 12))
            #expect(try index.search(query, k: .max, effort: .candidates(.max)) == exact.search(query, k: .max))
        }
    }

    @Test("Options outside their ranges are refused", arguments: [-1, 0, 1, 513, .max])
    func badM(m: Int) {
        #expect(throws: VectorIndexError.invalidParameter(name: "M", value: m, allowed: 2...512)) {
            try HNSWIndex(dimensions: 4, metric: .cosine, options: HNSWOptions(m: m))
        }
    }

    @Test("An efConstruction or efSearch outside its range is refused")
    func badEf() {
        for ef in [0, -1, 65_537] {
            #expect(throws: VectorIndexError.invalidParameter(name: "efConstruction", value: ef, allowed: 1...65_536)) {
                try HNSWIndex(dimensions: 4, metric: .cosine, options: HNSWOptions(efConstruction: ef))
            }
        }
        for ef in [0, -1] {
            #expect(throws: VectorIndexError.invalidParameter(name: "efSearch", value: ef, allowed: 1...Int.max)) {
                try HNSWIndex(dimensions: 4, metric: .cosine, options: HNSWOptions(efSearch: ef))
            }
        }
    }

    @Test("The smallest and largest options work", arguments: [2, 512], [1, 65_536])
    func extremeOptions(m: Int, efConstruction: Int) throws {
        var generator = SeededGenerator(seed: 63)
        let options = HNSWOptions(m: m, efConstruction: efConstruction, efSearch: .max, seed: .max)
        let index = try HNSWIndex(dimensions: 3, metric: .squaredEuclidean, options: options)
        let vectors = generator.vectors(count: 300, dimensions: 3)
        try index.insertAll(Array(vectors.prefix(600)), keys: 0..<200)
        try index.insertEach(Array(vectors.suffix(300)), keys: 200..<300)
        try index.checkInvariants()
        let found = try index.search(vectors.vector(250, 3), k: 300)
        #expect(found.first == Neighbor(key: 250, distance: 0))
    }

    @Test("Dimensions below 1 or above 65,536 are refused", arguments: IndexKind.allCases, [0, -1, 65_537, .max, .min])
    func badDimensions(kind: IndexKind, dimensions: Int) {
        #expect(
            throws: VectorIndexError.invalidParameter(name: "dimensions", value: dimensions, allowed: 1...65_536)
        ) {
            try kind.make(dimensions: dimensions, metric: .cosine)
        }
    }

    @Test("1 and 65,536 dimensions work", arguments: IndexKind.allCases, Metric.allCases)
    func extremeDimensions(kind: IndexKind, metric: Metric) throws {
        for dimensions in [1, 65_536] {
            let index = try kind.make(dimensions: dimensions, metric: metric)
            for key in 1...3 as ClosedRange<UInt64> {
                var vector = [Float](repeating: 0, count: dimensions)
                vector[0] = 1
                vector[dimensions - 1] = Float(key)
                try index.insert(vector, key: key)
            }
            var query = [Float](repeating: 0, count: dimensions)
            query[dimensions - 1] = 3
            let found = try index.search(query, k: 3)
            #expect(found.count == 3)
            if dimensions > 1 || metric != .cosine { #expect(found.first?.key == 3) }
            let stored = try #require(try index.vector(for: 2))
            #expect(stored.count == dimensions)
        }
    }

    @Test("An instruction set that this machine lacks is refused", arguments: IndexKind.allCases)
    func unsupportedInstructionSet(kind: IndexKind) {
        for set in InstructionSet.allCases where !set.isSupported {
            #expect(throws: VectorIndexError.instructionSet(.unsupported(set))) {
                _ =
                    switch kind {
                    case .exact:
                        try ExactIndex(dimensions: 2, metric: .cosine, instructionSet: set) as any NearestNeighborIndex
                    case .hnsw:
                        try HNSWIndex(dimensions: 2, metric: .cosine, options: HNSWOptions(instructionSet: set))
                    }
            }
        }
    }
}
