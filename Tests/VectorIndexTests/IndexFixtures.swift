// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

/// The two indexes, for tests of what they have in common.
enum IndexKind: CaseIterable, Sendable {
    case exact
    case hnsw

    func make(dimensions: Int, metric: Metric) throws(VectorIndexError) -> any NearestNeighborIndex {
        switch self {
        case .exact: try ExactIndex(dimensions: dimensions, metric: metric)
        case .hnsw: try HNSWIndex(dimensions: dimensions, metric: metric)
        }
    }
}

extension NearestNeighborIndex {
    /// Adds many vectors by the index's own batch call.
    func insertAll(_ values: [Float], keys: some Sequence<UInt64>) throws(VectorIndexError) {
        switch self {
        case let index as ExactIndex: try index.insert(contentsOf: values.span, keys: Array(keys))
        case let index as HNSWIndex: try index.insert(contentsOf: values.span, keys: Array(keys))
        default: preconditionFailure("another index")
        }
    }

    /// Adds many vectors one by one.
    func insertEach(_ values: [Float], keys: some Sequence<UInt64>) throws(VectorIndexError) {
        for (i, key) in keys.enumerated() { try insert(values.vector(i, dimensions), key: key) }
    }
}

extension HNSWIndex {
    /// Removes a vector and adds another under a new key in one change.
    func replace(_ oldKey: UInt64, with vector: Span<Float>, key: UInt64) throws {
        let vector = vector.indices.map { vector[$0] }
        try change(threads: 1) { change in
            change.remove(key: oldKey)
            try change.insert(vector, key: key)
        }
    }
}

extension ExactIndex {
    /// The results of many queries.
    func answers(_ queries: [Float], k: Int, threads: Int? = nil) throws(VectorIndexError) -> [[Neighbor]] {
        try search(each: queries.span, k: k, threads: threads)
    }
}

extension [Float] {
    /// Vector `index` of vectors that lie one after the other.
    func vector(_ index: Int, _ dimensions: Int) -> [Float] {
        Array(self[index * dimensions..<(index + 1) * dimensions])
    }
}

/// What a caller can see of an index: equal before and after a call that is refused.
struct Observation: Equatable {
    let count: Int
    let contained: [UInt64]
    let found: [Neighbor]

    init(_ index: some NearestNeighborIndex, keys: Range<UInt64> = 0..<64) throws {
        count = index.count
        contained = keys.filter(index.contains)
        found = try index.search([Float](repeating: 0.5, count: index.dimensions), k: .max)
    }
}

/// The share of the `k` nearest by exact search that an index finds, over `queries` that are not stored.
func recall(
    of index: some NearestNeighborIndex, vectors: [Float], queries: [[Float]], k: Int = 10
) throws -> Double {
    let exact = try ExactIndex(dimensions: index.dimensions, metric: index.metric)
    try exact.insertAll(vectors, keys: 0..<UInt64(vectors.count / index.dimensions))
    var hits = 0
    for query in queries {
        let expected = try exact.search(query, k: k)
        let found = Set(try index.search(query, k: k).map(\.key))
        hits += expected.count { found.contains($0.key) }
    }
    return Double(hits) / Double(queries.count * k)
}

/// Checks that every result's distance is the oracle's, within rounding, and that results are sorted.
func expectTrueDistances(
    _ found: [Neighbor], query: [Float], metric: Metric, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation, vector: (UInt64) -> [Float]
) {
    for neighbor in found {
        let stored = vector(neighbor.key)
        let error = abs(Double(neighbor.distance) - DistanceOracle.distance(query, stored, metric))
        #expect(
            error <= DistanceOracle.tolerance(query, stored, metric), comment, sourceLocation: sourceLocation)
        if metric == .cosine { #expect((0...2).contains(neighbor.distance), comment, sourceLocation: sourceLocation) }
    }
    let distances = found.map(\.distance)
    #expect(distances == distances.sorted(), comment, sourceLocation: sourceLocation)
}
