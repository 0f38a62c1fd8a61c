// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import TestSupport
import Testing
import VectorIndex

@Suite("Data that graphs lose")
struct HostileDataTests {
    private static let seed: UInt64 = 121

    /// Inserts the vectors, and checks that each finds itself and that queries beside them find what exact search finds.
    private static func expectAllFound(
        _ data: HostileData, count: Int, order: ArrivalOrder, callSize: Int
    ) throws {
        let place: Comment = "seed \(seed), \(data), \(order), calls of \(callSize)"
        let dimensions = data.dimensions
        let vectors = order.arrange(
            data.vectors(count: count, seed: seed), dimensions: dimensions, seed: seed + 1)
        let index = try HNSWIndex(
            dimensions: dimensions, metric: .squaredEuclidean, options: HNSWOptions(efConstruction: 64))
        try index.insert(vectors, callSize: callSize)
        try index.checkInvariants()
        #expect(index.count == count, place)
        let lost = try index.keysNotFound(vectors, efSearch: 200)
        #expect(lost.isEmpty, place)

        let exact = try ExactIndex(dimensions: dimensions, metric: .squaredEuclidean)
        try exact.insertAll(vectors, keys: 0..<UInt64(count))
        var generator = SeededGenerator(seed: seed + 2)
        let queries = (0..<50).map { _ in
            vectors.vector(Int.random(in: 0..<count, using: &generator), dimensions).map {
                $0 + Float.random(in: -0.1..<0.1, using: &generator)
            }
        }
        let truth = try queries.map { try exact.search($0, k: 10).last?.distance ?? .infinity }
        let found = try queries.map { try index.search($0, k: 10, effort: .candidates(200)).map(\.distance) }
        #expect(Recall.mean(of: found, kthTrueDistances: truth, k: 10) >= 0.99, place)
    }

    @Test("10,000 equal vectors are all found", arguments: ArrivalOrder.allCases, [1, 1000])
    func equal(order: ArrivalOrder, callSize: Int) throws {
        try Self.expectAllFound(.equal, count: 10_000, order: order, callSize: callSize)
    }

    @Test("100 vectors 50 times each are all found", arguments: ArrivalOrder.allCases, [1, 1000])
    func fiftyTimesEach(order: ArrivalOrder, callSize: Int) throws {
        try Self.expectAllFound(.fiftyTimesEach, count: 5000, order: order, callSize: callSize)
    }

    @Test(
        "20 far islands of 50 vectors are all found, shuffled, and one after the other in one call",
        arguments: [(ArrivalOrder.shuffled, 1), (.shuffled, 100), (.shuffled, 1000), (.inOrder, 1000)])
    func farIslands(order: ArrivalOrder, callSize: Int) throws {
        try Self.expectAllFound(.farIslands, count: 1000, order: order, callSize: callSize)
    }

    @Test("20 far islands of 50 vectors that arrive one after the other are all found", arguments: [1, 50, 100])
    func farIslandsInOrder(callSize: Int) throws {
        try Self.expectAllFound(.farIslands, count: 1000, order: .inOrder, callSize: callSize)
    }

    @Test("1,000 vectors of one dimension are all found", arguments: ArrivalOrder.allCases, [1, 1000])
    func oneDimension(order: ArrivalOrder, callSize: Int) throws {
        try Self.expectAllFound(.oneDimension, count: 1000, order: order, callSize: callSize)
    }

    @Test("10,000 zero vectors are all found", arguments: ArrivalOrder.allCases, [1, 1000])
    func zeros(order: ArrivalOrder, callSize: Int) throws {
        try Self.expectAllFound(.zeros, count: 10_000, order: order, callSize: callSize)
    }

    @Test(
        "2,000 vectors that arrive cluster by cluster are found as well as the same shuffled", arguments: [1000, 2000])
    func clusterByCluster(callSize: Int) throws {
        let seed: UInt64 = 131
        let dimensions = 16
        let data = GaussianClusters(count: 2300, dimensions: dimensions, clusters: 40, directions: 12, seed: seed)
        let stored = 0..<2000
        let queries = data.vectors.vectors(at: 2000..<2300, dimensions: dimensions)
        let exact = try ExactIndex(dimensions: dimensions, metric: .squaredEuclidean)
        try exact.insertAll(data.vectors.vectors(at: stored, dimensions: dimensions), keys: 0..<2000)
        let truth = try exact.answers(queries, k: 10).map { $0[9].distance }

        var generator = SeededGenerator(seed: seed + 1)
        let sorted = stored.sorted { (data.clusters[$0], $0) < (data.clusters[$1], $1) }
        let recalls = try [sorted, stored.shuffled(using: &generator)].map { positions in
            let index = try HNSWIndex(
                dimensions: dimensions, metric: .squaredEuclidean, options: HNSWOptions(efConstruction: 80))
            try index.insert(data.vectors.vectors(at: positions, dimensions: dimensions), callSize: callSize)
            try index.checkInvariants()
            let found = try index.search(each: queries, k: 10, effort: .candidates(64)).map { $0.map(\.distance) }
            return Recall.mean(of: found, kthTrueDistances: truth, k: 10)
        }
        #expect(recalls[0] >= recalls[1] - 0.005, "seed \(seed), \(recalls)")
        #expect(recalls[1] > 0.9, "seed \(seed)")
    }
}
