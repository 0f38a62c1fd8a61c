// SPDX-License-Identifier: Apache-2.0

import Nearest
import Synchronization
import TestSupport
import Testing

@Suite("Searches of a database")
struct DatabaseSearchTests {
    private static let dimensions = 6

    private let database: VectorDatabase
    private let queries: [[Float]]

    init() throws {
        var generator = SeededGenerator(seed: 301)
        database = try VectorDatabase(dimensions: Self.dimensions, metric: .cosine)
        let entries = (0..<1200).map { i in
            VectorEntry(
                id: "\(i)", vector: generator.vector(dimensions: Self.dimensions),
                metadata: ["number": .integer(Int64(i))])
        }
        try database.insert(contentsOf: entries)
        queries = (0..<30).map { _ in generator.vector(dimensions: Self.dimensions) }
    }

    @Test(
        "Many queries are answered as each alone is",
        arguments: [SearchEffort.automatic, .candidates(90), .recall(0.9), .exact])
    func batch(effort: SearchEffort) throws {
        for fields in [[], .vectors] as [SearchFields] {
            let request = SearchRequest(k: 8, effort: effort, including: fields)
            let all = try database.search(each: queries, request: request, threads: 2)
            #expect(try all == queries.map { try database.search($0, request: request) })
            #expect(all.allSatisfy { $0.allSatisfy { ($0.vector != nil) == (fields == .vectors) } })
            #expect(all.allSatisfy { $0.allSatisfy { $0.metadata["number"].map { "\($0)" } == $0.id } })
            let flat = queries.flatMap { $0 }
            #expect(try database.search(each: flat, k: 8, effort: effort, including: fields) == all)
        }
    }

    @Test("Bad queries are named, and progress cancels")
    func refusals() throws {
        let reason = VectorIndexError.dimensionMismatch(expected: 6, found: 1)
        #expect(throws: VectorDatabaseError.index(.batchVector(position: 1, reason: reason))) {
            try database.search(each: [queries[0], [1]], k: 1)
        }
        #expect(throws: VectorDatabaseError.index(.cancelled)) {
            try database.search(each: queries, k: 1) { (_) throws(CancellationError) in throw CancellationError() }
        }
        let most = Mutex(0)
        _ = try database.search(each: queries, k: 1) { count in most.withLock { $0 = max($0, count) } }
        #expect(most.withLock { $0 } == 30)
    }

    @Test("A batch beside removals finds entries that were there")
    func removals() async throws {
        let database = database
        let queries = queries
        async let removed: Void = Task.detached {
            for i in stride(from: 0, to: 1200, by: 2) { try database.remove("\(i)") }
        }.value
        for _ in 0..<10 {
            for found in try database.search(each: queries, k: 20, including: .vectors) {
                #expect(found.count == 20 && Set(found.map(\.id)).count == 20)
            }
        }
        try await removed
        for found in try database.search(each: queries, k: 20) { #expect(found.allSatisfy { Int($0.id)! % 2 == 1 }) }
    }
}

@Suite("A database and filters of keys")
struct DatabaseKeyFilterTests {
    @Test("A request that filters by keys, or goes on after some, is refused")
    func refused() throws {
        let database = try VectorDatabase(dimensions: 1, metric: .squaredEuclidean)
        for request in [SearchRequest(k: 1, filter: KeyFilter(only: [1])), SearchRequest(k: 1, after: SearchCursor())] {
            #expect(throws: VectorDatabaseError.keyFilter) { try database.search([0], request: request) }
            #expect(throws: VectorDatabaseError.keyFilter) { try database.search(each: [[0]], request: request) }
        }
    }

    @Test("A search finds all entries within a distance")
    func within() throws {
        let database = try VectorDatabase(dimensions: 1, metric: .squaredEuclidean)
        try database.insert(contentsOf: (0..<20).map { VectorEntry(id: "\($0)", vector: [Float($0)]) })
        let found = try database.search([0], request: SearchRequest(k: .max, within: 9))
        #expect(found.map(\.id) == ["0", "1", "2", "3"])
    }
}
