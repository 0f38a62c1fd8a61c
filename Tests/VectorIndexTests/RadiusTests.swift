// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("Searches within a distance")
struct RadiusTests {
    private static let dimensions = 16

    /// Vectors, queries and both indexes of the vectors; one vector in ten is there three times.
    private static func indexes(
        _ metric: Metric, _ codes: VectorCodes, seed: UInt64
    ) throws -> (index: HNSWIndex, exact: ExactIndex, queries: [Float], count: Int) {
        var generator = SeededGenerator(seed: seed)
        let count = 3000
        let all = generator.clusteredVectors(count: count + 20, dimensions: dimensions, clusters: 8)
        var values = Array(all.prefix(count * dimensions))
        for twin in 0..<count / 10 { values += values.vector(twin, dimensions) + values.vector(twin, dimensions) }
        let total = values.count / dimensions
        let index = try HNSWIndex(dimensions: dimensions, metric: metric, options: HNSWOptions(codes: codes))
        let exact = try ExactIndex(dimensions: dimensions, metric: metric)
        try index.insert(contentsOf: values, keys: Array(0..<UInt64(total)))
        try exact.insert(contentsOf: values, keys: Array(0..<UInt64(total)))
        return (index, exact, Array(all.suffix(20 * dimensions)), total)
    }

    @Test(
        "All within a distance are found, sorted, and none beyond", arguments: Metric.allCases,
        [VectorCodes.float32, .int8])
    func all(metric: Metric, codes: VectorCodes) throws {
        let (index, exact, queries, count) = try Self.indexes(metric, codes, seed: 91)
        let even = KeyFilter { $0 % 2 == 0 }
        for filter in [nil, even] {
            var (hits, wanted) = ([Int](repeating: 0, count: 5), [Int](repeating: 0, count: 5))
            for q in 0..<10 {
                let query = queries.vector(q, Self.dimensions)
                let ranked = try exact.search(query, k: count, filter: filter)
                for (i, place) in [0, 1, 9, 99, 700].enumerated() {
                    let distance = ranked[place].distance
                    let truth = ranked.filter { $0.distance <= distance }.map(\.key)
                    #expect(try exact.search(query, within: distance, filter: filter).map(\.key) == truth)
                    let all = try index.search(query, within: distance, effort: .exact, filter: filter)
                    #expect(Set(all.map(\.key)) == Set(truth))
                    let found = try index.search(query, within: distance, effort: .recall(0.99), filter: filter)
                    #expect(found.allSatisfy { $0.distance <= distance && (filter?.admits($0.key) ?? true) })
                    #expect(found.map(\.distance) == found.map(\.distance).sorted())
                    #expect(Set(found.map(\.key)).count == found.count)
                    hits[i] += Set(found.map(\.key)).intersection(truth).count
                    wanted[i] += truth.count
                    let few = try index.search(query, within: distance, limit: 5, effort: .exact, filter: filter)
                    #expect(few.map(\.distance) == all.prefix(5).map(\.distance))
                    let many = try index.search(
                        each: [query, query],
                        request: SearchRequest(k: .max, effort: .recall(0.99), filter: filter, within: distance))
                    #expect(many == [found, found])
                }
            }
            // The worst of near and far radii, not the mean.
            for i in hits.indices { #expect(Double(hits[i]) >= 0.97 * Double(wanted[i]) - 2, "\(hits) of \(wanted)") }
        }
    }

    @Test("Nothing, everything, and distances that are none")
    func limits() throws {
        let (index, exact, queries, count) = try Self.indexes(.squaredEuclidean, .int8, seed: 92)
        let query = queries.vector(0, Self.dimensions)
        for index in [index as any NearestNeighborIndex, exact] {
            #expect(try index.search(query, within: -1).isEmpty)
            #expect(try index.search(query, within: 0).isEmpty)
            #expect(try index.search(query, within: .infinity).count == count)
            #expect(try index.search(query, within: -.infinity).isEmpty)
            #expect(try index.search(query, within: 1e30, limit: 0).isEmpty)
            #expect(throws: VectorIndexError.invalidDistance) { try index.search(query, within: .nan) }
            let none = KeyFilter(only: [])
            #expect(try index.search(query, within: .infinity, filter: none).isEmpty)
        }
        let empty = try HNSWIndex(dimensions: 2, metric: .cosine)
        #expect(try empty.search([1, 0], within: 2).isEmpty)
        try empty.insert([-1, 0], key: 1)
        #expect(try empty.search([1, 0], within: 2).map(\.key) == [1])
    }
}

@Suite("Pages of a search")
struct PageTests {
    @Test("Pages repeat nothing and lose nothing, also where distances are equal", arguments: [3, 7, 50])
    func pages(size: Int) throws {
        var generator = SeededGenerator(seed: 93)
        let dimensions = 8
        let some = generator.vectors(count: 300, dimensions: dimensions)
        // Every vector four times.
        let values = some + some + some + some
        let index = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean)
        let exact = try ExactIndex(dimensions: dimensions, metric: .squaredEuclidean)
        try index.insert(contentsOf: values, keys: Array(0..<1200))
        try exact.insert(contentsOf: values, keys: Array(0..<1200))
        let query = generator.vector(dimensions: dimensions)
        let filter = KeyFilter { $0 % 3 != 0 }
        for index in [index as any NearestNeighborIndex, exact] {
            for effort in [SearchEffort.automatic, .exact] {
                var request = SearchRequest(k: size, effort: effort, filter: filter)
                var cursor = SearchCursor()
                var found: [Neighbor] = []
                while true {
                    let page = try index.search(query, request: request)
                    #expect(page.count == min(size, 800 - found.count))
                    if page.isEmpty { break }
                    found += page
                    cursor.advance(past: page)
                    request.after = cursor
                }
                #expect(cursor.count == 800 && Set(found.map(\.key)).count == 800)
                #expect(found.map(\.distance) == found.map(\.distance).sorted())
            }
        }
    }

    @Test("Pages of every form of a search are the same")
    func forms() throws {
        var generator = SeededGenerator(seed: 94)
        let index = try HNSWIndex(dimensions: 4, metric: .manhattan)
        try index.insert(contentsOf: generator.vectors(count: 500, dimensions: 4), keys: Array(0..<500))
        let query = generator.vector(dimensions: 4)
        var cursor = SearchCursor()
        cursor.advance(past: try index.search(query, k: 30))
        var request = SearchRequest(k: 20, after: cursor)
        let page = try index.search(query, request: request)
        let whole = try index.search(query, k: 50)
        #expect(page == Array(whole.suffix(20)))
        #expect(try index.search(each: [query], request: request) == [page])
        #expect(try index.explain(query, request: request).neighbors == page)
        var (keys, distances) = ([UInt64](repeating: 0, count: 30), [Float](repeating: 0, count: 30))
        var keySpan = keys.mutableSpan
        var distanceSpan = distances.mutableSpan
        let count = try index.search(query, request: request, keys: &keySpan, distances: &distanceSpan)
        #expect(count == 20 && Array(keys.prefix(20)) == page.map(\.key))
        request.k = 0
        #expect(try index.search(query, request: request).isEmpty)
        request.k = .max
        #expect(try index.search(query, request: request).count == 470)
    }
}

@Suite("Explained searches")
struct ExplanationTests {
    @Test("A search tells its plan, what it compared, and how many matched")
    func plans() throws {
        var generator = SeededGenerator(seed: 95)
        let index = try HNSWIndex(dimensions: 16, metric: .squaredEuclidean)
        try index.insert(contentsOf: generator.vectors(count: 5000, dimensions: 16), keys: Array(0..<5000))
        let query = generator.vector(dimensions: 16)
        let plain = try index.explain(query, request: SearchRequest(k: 10, effort: .candidates(64)))
        #expect(plain.plan == .graph && plain.candidates == 64 && plain.matches == nil && !plain.gaveUp)
        #expect(plain.hops > 1 && plain.distances > 64 && plain.distances < 5000)
        #expect(try plain.neighbors == index.search(query, k: 10, effort: .candidates(64)))
        let few = try index.explain(query, request: SearchRequest(k: 10, filter: KeyFilter(only: 0..<50)))
        #expect(few.plan == .matches && few.matches == 50 && few.candidates == nil && few.distances >= 50)
        #expect(few.hops == 0 && few.neighbors.count == 10)
        let every = try index.explain(query, request: SearchRequest(k: 10, effort: .exact))
        #expect(every.plan == .everything && every.distances == 5000 && every.duration > .zero)
        #expect(throws: VectorIndexError.nonFiniteValue(position: 0)) {
            try index.explain([Float.nan] + query.dropFirst(), request: SearchRequest(k: 1))
        }
    }
}
