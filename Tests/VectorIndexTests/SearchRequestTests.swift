// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing
import VectorIndex

/// Many queries, each by itself and all together, with every effort.
@Suite("One search for every effort and field")
struct SearchRequestTests {
    private static let dimensions = 12

    private static let efforts: [SearchEffort] = [
        .automatic, .candidates(1), .candidates(300), .recall(0.5), .recall(0.95), .recall(1), .exact,
    ]

    private let vectors: [Float]
    private let queries: [Float]

    init() {
        var generator = SeededGenerator(seed: 91)
        vectors = generator.vectors(count: 1400, dimensions: Self.dimensions)
        queries = generator.vectors(count: 40, dimensions: Self.dimensions)
    }

    private func index(_ options: HNSWOptions = HNSWOptions(m: 8, efConstruction: 40)) throws -> HNSWIndex {
        let index = try HNSWIndex(dimensions: Self.dimensions, metric: .squaredEuclidean, options: options)
        try index.insert(contentsOf: vectors, keys: Array(0..<1400))
        for key in stride(from: 0, to: 1400 as UInt64, by: 9) { try index.remove(key: key) }
        return index
    }

    private func exactIndex() throws -> ExactIndex {
        let index = try ExactIndex(dimensions: Self.dimensions, metric: .squaredEuclidean)
        try index.insert(contentsOf: vectors, keys: Array(0..<1400))
        for key in stride(from: 0, to: 1400 as UInt64, by: 9) { index.remove(key: key) }
        return index
    }

    /// The search into the caller's memory.
    private static func write(
        _ index: some NearestNeighborIndex, _ query: [Float], _ request: SearchRequest, _ keys: inout [UInt64],
        _ distances: inout [Float]
    ) throws(VectorIndexError) -> Int {
        var keys = keys.mutableSpan
        var distances = distances.mutableSpan
        return try index.search(query, request: request, keys: &keys, distances: &distances)
    }

    /// What each form of a search says of all queries must be the same to the bit.
    private func expectOneAnswer(of index: some NearestNeighborIndex, _ request: SearchRequest) throws {
        let all = try index.search(each: queries, request: request, threads: 3)
        var withVectors = request
        withVectors.including = .vectors
        let allWithVectors = try index.search(each: queries, request: withVectors)
        #expect(all == allWithVectors)
        for q in 0..<40 {
            let query = queries.vector(q, Self.dimensions)
            let alone = try index.search(query, request: request)
            #expect(alone == all[q] && alone.allSatisfy { $0.vector == nil }, "\(request), query \(q)")
            let aloneWithVectors = try index.search(query, request: withVectors)
            #expect(aloneWithVectors == alone)
            for (a, b) in zip(aloneWithVectors, allWithVectors[q]) {
                #expect(try a.vector == index.vector(for: a.key) && a.vector == b.vector && a.vector != nil)
            }
            var keys = [UInt64](repeating: .max, count: alone.count)
            var distances = [Float](repeating: -1, count: alone.count)
            let written = try Self.write(index, query, request, &keys, &distances)
            #expect(written == alone.count && keys == alone.map(\.key) && distances == alone.map(\.distance))
        }
    }

    @Test("One answer alone, in a batch, with vectors and in the caller's memory", arguments: efforts)
    func oneAnswer(effort: SearchEffort) throws {
        let (index, exactIndex) = (try index(), try exactIndex())
        for k in [1, 10, 3000] {
            try expectOneAnswer(of: index, SearchRequest(k: k, effort: effort))
            try expectOneAnswer(of: exactIndex, SearchRequest(k: k, effort: effort))
        }
    }

    @Test("One answer of rows that are copied", arguments: [VectorRows.float16])
    func copiedRows(rows: VectorRows) throws {
        let options = HNSWOptions(m: 8, efConstruction: 40, codes: .int8, rows: rows)
        for effort in [SearchEffort.automatic, .exact] {
            try expectOneAnswer(of: index(options), SearchRequest(k: 5, effort: effort))
        }
    }

    @Test("A request is the same as its arguments, and exact is a recall of 1")
    func requests() throws {
        let index = try index()
        var request = SearchRequest(k: 7)
        let query = queries.vector(0, Self.dimensions)
        #expect(try index.search(query, request: request) == index.search(query, k: 7))
        request.effort = .exact
        #expect(try index.search(query, request: request) == index.search(query, k: 7, effort: .recall(1)))
        #expect(try index.search(query, request: request) == exactIndex().search(query, k: 7))
        #expect(request == SearchRequest(k: 7, effort: .exact, including: []))
        #expect(
            try index.search(each: queries, request: request)
                == index.search(each: queries, k: 7, effort: .exact, threads: 1))
    }

    @Test("As many are written as the shorter span holds")
    func shortSpans() throws {
        let query = queries.vector(1, Self.dimensions)
        for index in [try index(), try exactIndex()] as [any NearestNeighborIndex] {
            let expected = try index.search(query, k: 10)
            var keys = [UInt64](repeating: .max, count: 4)
            var distances = [Float](repeating: -1, count: 6)
            let request = SearchRequest(k: 10, including: .vectors)
            let written = try Self.write(index, query, request, &keys, &distances)
            #expect(written == 4 && keys == expected.prefix(4).map(\.key))
            #expect(distances == expected.prefix(4).map(\.distance) + [-1, -1])
        }
    }

    @Test(
        "What is outside its range is refused by every form",
        arguments: [
            SearchRequest(k: -1), SearchRequest(k: 1, effort: .candidates(0)), SearchRequest(k: 1, effort: .recall(0)),
            SearchRequest(k: 1, effort: .recall(1.1)), SearchRequest(k: 1, effort: .recall(.nan)),
        ])
    func refusals(request: SearchRequest) throws {
        let query = queries.vector(0, Self.dimensions)
        for index in [try index(), try exactIndex()] as [any NearestNeighborIndex] {
            #expect(throws: VectorIndexError.self) { try index.search(query, request: request) }
            #expect(throws: VectorIndexError.self) { try index.search(each: queries, request: request) }
            var keys = [0 as UInt64]
            var distances = [0 as Float]
            var failure: VectorIndexError?
            do throws(VectorIndexError) { _ = try Self.write(index, query, request, &keys, &distances) } catch {
                failure = error
            }
            #expect(failure != nil)
        }
    }

    @Test("Progress ends with the number of queries, and cancels", arguments: [1, 3])
    func progress(threads: Int) throws {
        for index in [try index(), try exactIndex()] as [any NearestNeighborIndex] {
            let most = Mutex(0)
            let all = try index.search(each: queries, k: 3, threads: threads) { count in
                most.withLock { $0 = max($0, count) }
            }
            #expect(most.withLock { $0 } == 40 && all.count == 40)
            #expect(throws: VectorIndexError.cancelled) {
                try index.search(each: queries, k: 3, effort: .recall(0.9), including: .vectors, threads: threads) {
                    (_) throws(CancellationError) in throw CancellationError()
                }
            }
        }
    }

    @Test("A search into the caller's memory allocates nothing", .enabled(if: AllocationCounter.works))
    func allocations() throws {
        let index = try index()
        let query = queries.vector(2, Self.dimensions)
        var keys = [UInt64](repeating: 0, count: 10)
        var distances = [Float](repeating: 0, count: 10)
        for effort in [SearchEffort.automatic, .candidates(100), .recall(0.9)] {
            let request = SearchRequest(k: 10, effort: effort)
            for _ in 0..<2 { _ = try index.search(query, request: request) }
            let before = try index.search(query, request: request)
            var written = 0
            let count = try AllocationCounter.count { () throws(VectorIndexError) in
                written = try Self.write(index, query, request, &keys, &distances)
            }
            #expect(count == 0 && written == before.count, "\(effort): \(count)")
        }
    }
}
