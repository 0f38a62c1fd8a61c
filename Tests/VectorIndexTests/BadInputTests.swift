// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

/// A vector that an index of 5 dimensions refuses, and why.
struct BadVector: Sendable, CustomTestStringConvertible {
    let values: [Float]
    let metric: Metric
    let error: VectorIndexError

    var testDescription: String { "\(values) under \(metric)" }

    static let all: [BadVector] = Metric.allCases.flatMap { metric in
        var bad = [Float.nan, .signalingNaN, .infinity, -.infinity].flatMap { value in
            [0, 2, 4].map { position in
                var values: [Float] = [1, 2, 3, 4, 5]
                values[position] = value
                return BadVector(values: values, metric: metric, error: .nonFiniteValue(position: position))
            }
        }
        bad.append(BadVector(values: [1, .infinity, .nan, 0, 0], metric: metric, error: .nonFiniteValue(position: 1)))
        for count in [0, 1, 4, 6, 10] {
            let values = [Float](repeating: 1, count: count)
            bad.append(
                BadVector(values: values, metric: metric, error: .dimensionMismatch(expected: 5, found: count)))
        }
        if metric == .cosine {
            bad.append(BadVector(values: [0, 0, 0, 0, 0], metric: metric, error: .zeroVector))
            bad.append(BadVector(values: [-0.0, 0, -0.0, 0, 0], metric: metric, error: .zeroVector))
        } else {
            for large in [1e30, -1e30, .greatestFiniteMagnitude] as [Float] {
                bad.append(BadVector(values: [0, large, 0, 0, 0], metric: metric, error: .magnitudeTooLarge))
            }
        }
        return bad
    }
}

@Suite("Bad input leaves an index unchanged")
struct BadInputTests {
    private static func filled(_ kind: IndexKind, _ metric: Metric) throws -> any NearestNeighborIndex {
        var generator = SeededGenerator(seed: 51)
        let index = try kind.make(dimensions: 5, metric: metric)
        try index.insertAll(generator.vectors(count: 40, dimensions: 5), keys: 0..<40)
        for key in [3, 17] as [UInt64] { #expect(try index.remove(key: key)) }
        return index
    }

    /// Checks that `call` throws `error` and that nothing observable has changed.
    private static func expectRefusal(
        _ error: VectorIndexError, by index: any NearestNeighborIndex,
        sourceLocation: SourceLocation = #_sourceLocation, _ call: () throws -> Void
    ) throws {
        let before = try Observation(index)
        #expect(throws: error, sourceLocation: sourceLocation, performing: call)
        #expect(try Observation(index) == before, sourceLocation: sourceLocation)
        if let index = index as? HNSWIndex { try index.checkInvariants() }
    }

    @Test("A vector that is refused, alone or in the middle of a batch", arguments: IndexKind.allCases, BadVector.all)
    func badVector(kind: IndexKind, bad: BadVector) throws {
        let index = try Self.filled(kind, bad.metric)
        try Self.expectRefusal(bad.error, by: index) { try index.insert(bad.values, key: 50) }
        try Self.expectRefusal(bad.error, by: index) { _ = try index.search(bad.values, k: 3) }
        guard bad.values.count == 5 else { return }
        let good: [Float] = [1, 2, 3, 4, 5]
        try Self.expectRefusal(.batchVector(position: 2, reason: bad.error), by: index) {
            try index.insertAll(good + good + bad.values + good, keys: [50, 51, 52, 53])
        }
    }

    @Test("A query that is refused on an empty index too", arguments: IndexKind.allCases)
    func badQueryOnEmptyIndex(kind: IndexKind) throws {
        let index = try kind.make(dimensions: 2, metric: .cosine)
        #expect(throws: VectorIndexError.zeroVector) { try index.search([0, 0], k: 1) }
        #expect(throws: VectorIndexError.dimensionMismatch(expected: 2, found: 3)) {
            try index.search([1, 2, 3], k: 1)
        }
        #expect(throws: VectorIndexError.nonFiniteValue(position: 0)) { try index.search([.nan, 0], k: 0) }
    }

    @Test("A key that is taken, alone, in a batch, and twice within the batch", arguments: IndexKind.allCases)
    func duplicateKey(kind: IndexKind) throws {
        let index = try Self.filled(kind, .squaredEuclidean)
        let good: [Float] = [1, 2, 3, 4, 5]
        try Self.expectRefusal(.duplicateKey(7), by: index) { try index.insert(good, key: 7) }
        try Self.expectRefusal(.duplicateKey(7), by: index) {
            try index.insertAll(good + good + good, keys: [50, 7, 51])
        }
        try Self.expectRefusal(.repeatedKey(51), by: index) {
            try index.insertAll(good + good + good + good, keys: [50, 51, 52, 51])
        }
        try index.insert(good, key: 3)
        #expect(index.contains(key: 3))
    }

    @Test("A batch whose keys and values do not match", arguments: IndexKind.allCases)
    func batchMismatch(kind: IndexKind) throws {
        let index = try Self.filled(kind, .squaredEuclidean)
        for (keys, values) in [(2, 9), (2, 11), (3, 10), (0, 5)] {
            try Self.expectRefusal(.batchMismatch(keys: keys, values: values, dimensions: 5), by: index) {
                let keys = 50..<50 + UInt64(keys)
                try index.insertAll([Float](repeating: 1, count: values), keys: keys)
            }
        }
    }

    @Test("A number of threads outside 1 to 1,024")
    func badThreads() throws {
        let index = try #require(try Self.filled(.hnsw, .manhattan) as? HNSWIndex)
        for threads in [0, -1, 1025, .min] {
            try Self.expectRefusal(
                .invalidParameter(name: "threads", value: threads, allowed: 1...1024), by: index
            ) {
                try index.insert(contentsOf: ([1, 2, 3, 4, 5] as [Float]).span, keys: [50], threads: threads)
            }
        }
    }

    @Test("A batch with more threads than vectors is taken in")
    func moreThreadsThanVectors() throws {
        let index = try #require(try Self.filled(.hnsw, .manhattan) as? HNSWIndex)
        try index.insert(contentsOf: ([1, 2, 3, 4, 5] as [Float]).span, keys: [50], threads: 1024)
        #expect(try index.search([1, 2, 3, 4, 5], k: 1) == [Neighbor(key: 50, distance: 0)])
    }

    @Test("Negative k and fewer than one candidate")
    func badSearchParameters() throws {
        for kind in IndexKind.allCases {
            let index = try Self.filled(kind, .cosine)
            for k in [-1, .min] {
                try Self.expectRefusal(.invalidParameter(name: "k", value: k, allowed: 0...Int.max), by: index) {
                    _ = try index.search([1, 2, 3, 4, 5], k: k)
                }
            }
        }
        let index = try #require(try Self.filled(.hnsw, .cosine) as? HNSWIndex)
        for ef in [0, -1, .min] {
            try Self.expectRefusal(
                .invalidParameter(name: "candidates", value: ef, allowed: 1...Int.max), by: index
            ) {
                _ = try index.search([1, 2, 3, 4, 5], k: 1, effort: .candidates(ef))
            }
        }
    }
}
