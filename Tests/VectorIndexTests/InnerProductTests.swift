// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

@Suite("An index under the inner product")
struct InnerProductTests {
    private static func index(
        _ vectors: [[Float]], codes: VectorCodes, keepsVectors: Bool = true, threads: Int? = nil
    ) throws -> HNSWIndex {
        let options = HNSWOptions(m: 12, efConstruction: 64, codes: codes, keepsVectors: keepsVectors)
        let index = try HNSWIndex(dimensions: vectors[0].count, metric: .innerProduct, options: options)
        try index.insert(contentsOf: vectors.flatMap { $0 }, keys: Array(0..<UInt64(vectors.count)), threads: threads)
        return index
    }

    /// Codes, and whether vectors are kept beside them.
    private static let kinds: [(VectorCodes, Bool)] = [
        (.automatic, true), (.float32, true), (.int8, true), (.int4, true), (.int4, false),
    ]

    @Test("Queries of another kind find keys that share a mean and have wide dimensions", arguments: kinds)
    func attentionKeys(codes: VectorCodes, keepsVectors: Bool) throws {
        let sample = HardData.attentionKeys.sample(count: 4200, queryCount: 100, seed: 1101)
        let truth = try Truth(sample.vectors, queries: sample.queries, metric: .innerProduct)
        let index = try Self.index(sample.vectors, codes: codes, keepsVectors: keepsVectors)
        try index.checkInvariants()
        // Edges by plain products find .60 and .65.
        #expect(try truth.recall(of: index, efSearch: 64) >= 0.93)
        #expect(try truth.recall(of: index, efSearch: 256) >= 0.97)
    }

    @Test(
        "Wide dimensions of any magnitude hide nothing", arguments: kinds,
        [0x1p-60, 0x1p-30, 0x1p30, 0x1p50] as [Float])
    func hugeDimensions(kind: (codes: VectorCodes, keepsVectors: Bool), factor: Float) throws {
        var sample = HardData.attentionKeys.sample(count: 2000, queryCount: 60, seed: 1107)
        // Products stay as they are: what vectors are multiplied with, queries are divided by.
        for d in 0..<2 {
            for i in sample.vectors.indices { sample.vectors[i][d] *= factor }
            for i in sample.queries.indices { sample.queries[i][d] /= factor }
        }
        let truth = try Truth(sample.vectors, queries: sample.queries, metric: .innerProduct)
        let index = try Self.index(sample.vectors, codes: kind.codes, keepsVectors: kind.keepsVectors)
        try index.checkInvariants()
        #expect(try truth.recall(of: index, efSearch: 64) >= 0.95)
    }

    @Test("A wanted recall is delivered to queries of another kind, and to such as were asked before")
    func deliveredRecall() throws {
        let sample = HardData.attentionKeys.sample(count: 4200, queryCount: 300, seed: 1102)
        let (known, unknown) = (Array(sample.queries.prefix(200)), Array(sample.queries.suffix(100)))
        let truth = try Truth(sample.vectors, queries: unknown, metric: .innerProduct)
        let index = try Self.index(sample.vectors, codes: .automatic)
        let answers = { try unknown.map { try index.search($0, k: 10, effort: .recall(0.95)) } }
        #expect(try truth.recall(of: answers()) >= 0.9)
        try index.calibrate(queries: known.flatMap { $0 })
        #expect(try truth.recall(of: answers()) >= 0.93)
        var distanceCount = 0
        for query in unknown {
            var count = 0
            _ = try index.search(
                query.span, request: SearchRequest(k: 10, effort: .recall(0.95)), distanceCount: &count)
            distanceCount += count
        }
        #expect(distanceCount < unknown.count * sample.vectors.count / 2)
    }

    @Test("The graph does not depend on the number of threads", arguments: [VectorCodes.automatic, .float32])
    func threads(codes: VectorCodes) throws {
        let sample = HardData.attentionKeys.sample(count: 1500, queryCount: 0, seed: 1103)
        let rows = try [1, 2, 5].map { try Self.index(sample.vectors, codes: codes, threads: $0).allRows }
        #expect(rows[0] == rows[1])
        #expect(rows[0] == rows[2])
    }

    @Test("A cancelled batch leaves the balance of edges as it was")
    func cancelled() throws {
        let folder = try TemporaryFolder()
        let sample = HardData.attentionKeys.sample(count: 1500, queryCount: 0, seed: 1104)
        let index = try Self.index(Array(sample.vectors.prefix(300)), codes: .automatic)
        try index.save(to: folder.path("before"))
        let balance = index.balance
        #expect(balance != nil)
        let others = sample.vectors.dropFirst(300).flatMap { $0.map { 3 * $0 + 1 } }
        let keys = Array(300..<1500 as Range<UInt64>)
        #expect(throws: VectorIndexError.cancelled) {
            try index.insert(contentsOf: others, keys: keys) { (_: Int) throws(CancellationError) in
                throw CancellationError()
            }
        }
        #expect(index.balance == balance)
        try index.insert(contentsOf: others, keys: keys)
        #expect(index.balance != balance)
        try index.checkInvariants()
        let opened = try HNSWIndex(contentsOf: folder.path("before"))
        #expect(opened.balance == balance)
        try opened.insert(contentsOf: others, keys: keys)
        #expect(opened.balance == index.balance)
    }

    @Test("Removal and renewal keep what queries of another kind find", arguments: [VectorCodes.automatic, .float32])
    func renewed(codes: VectorCodes) throws {
        let sample = HardData.attentionKeys.sample(count: 3000, queryCount: 60, seed: 1105)
        let index = try Self.index(sample.vectors, codes: codes)
        for round in 0..<3 {
            for first in stride(from: 0, to: 3000, by: 500) {
                for i in first..<first + 500 { try index.remove(key: UInt64(3000 * round + i)) }
                try index.insert(
                    contentsOf: sample.vectors[first..<first + 500].flatMap { $0 },
                    keys: (first..<first + 500).map { UInt64(3000 * (round + 1) + $0) })
            }
        }
        try index.checkInvariants()
        let truth = try Truth(sample.vectors, queries: sample.queries, metric: .innerProduct)
        let answers = try index.search(each: sample.queries.flatMap { $0 }, k: 10, effort: .candidates(128))
        let found = answers.map { $0.map { Neighbor(key: $0.key - 9000, distance: $0.distance) } }
        #expect(truth.recall(of: found) >= 0.93)
    }

    @Test("Only the inner product is balanced, and only of many vectors with a large mean or wide dimensions")
    func unbalanced() throws {
        var generator = SeededGenerator(seed: 1106)
        for metric in Metric.allCases {
            for mean in [0, 2] as [Float] {
                let index = try HNSWIndex(dimensions: 4, metric: metric)
                for (first, count) in [(0, 255), (255, 45)] {
                    try index.insert(
                        contentsOf: generator.vectors(count: count, dimensions: 4).map { $0 + mean },
                        keys: (first..<first + count).map { UInt64($0) })
                    let isBalanced = metric == .innerProduct && first > 0 && mean > 0
                    #expect((index.balance != nil) == isBalanced)
                }
            }
        }
    }
}
