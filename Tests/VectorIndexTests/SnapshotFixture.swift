// SPDX-License-Identifier: Apache-2.0

import TestSupport
import VectorIndex

/// An index to be saved, and what has happened to it before.
struct SnapshotFixture: Sendable, CustomStringConvertible {
    enum History: CaseIterable, Sendable {
        /// One batch.
        case built

        /// Vectors one by one, some of them equal.
        case grown

        /// Dead nodes, a sweep under way, free slots and removed duplicates.
        case changed

        /// All is removed and unlinked.
        case emptied
    }

    var metric = Metric.squaredEuclidean
    var codes = VectorCodes.float32
    var keepsVectors = true
    var count = 300
    var m = 6
    var history = History.built
    var dimensions = 6
    var rows = VectorRows.float32

    /// Added to every value.
    var mean: Float = 0

    var description: String {
        "\(metric), codes \(codes.rawValue), \(keepsVectors ? "whole" : "compact"), \(rows), \(count) \(history), M \(m)"
    }

    func make() throws -> HNSWIndex {
        let index = try HNSWIndex(
            dimensions: dimensions, metric: metric,
            options: HNSWOptions(
                m: m, efConstruction: 24, efSearch: 30, seed: 7, codes: codes, keepsVectors: keepsVectors, rows: rows))
        var generator = SeededGenerator(seed: 601)
        let values = generator.vectors(count: count, dimensions: dimensions).map { $0 + mean }
        // Keys that are not slots.
        let keys = (0..<UInt64(count)).map { $0 * 3 + 1 }
        switch history {
        case .built: try index.insert(contentsOf: values, keys: keys)
        case .grown:
            for (i, key) in keys.enumerated() {
                try index.insert(values.vector(i % 5 == 4 ? i / 2 : i, dimensions), key: key)
            }
        case .changed:
            try index.insert(contentsOf: values, keys: keys)
            try index.insert(contentsOf: values, keys: keys.map { $0 + 1 })
            for key in keys.prefix(count / 3) { try index.remove(key: key) }
            try index.compact()
            for key in keys.dropFirst(count / 3).prefix(count / 4) {
                try index.remove(key: key)
                try index.remove(key: key + 1)
            }
        case .emptied:
            try index.insert(contentsOf: values, keys: keys)
            for key in keys { try index.remove(key: key) }
            try index.compact()
        }
        return index
    }

    /// The same changes to any index of this fixture: what comes of them depends on all that the index is.
    func change(_ index: HNSWIndex) throws {
        var generator = SeededGenerator(seed: 602)
        let values = generator.vectors(count: 60, dimensions: dimensions).map { $0 + mean }
        try index.insert(
            contentsOf: values.prefix(50 * dimensions).map { $0 }, keys: (0..<50).map { 1_000_000 + $0 }, threads: 2)
        for i in 50..<60 { try index.insert(values.vector(i, dimensions), key: 1_000_000 + UInt64(i)) }
        for key in 0..<40 as Range<UInt64> { try index.remove(key: key * 6 + 1) }
        try index.remove(key: 1_000_003)
    }

    /// Queries that are not stored.
    var queries: [[Float]] {
        var generator = SeededGenerator(seed: 603)
        return (0..<12).map { _ in generator.vector(dimensions: dimensions) }
    }

    /// All that can be asked of an index.
    func answers(_ index: HNSWIndex) throws -> [[Neighbor]] {
        var answers: [[Neighbor]] = []
        for query in queries {
            answers.append(try index.search(query, k: 10))
            answers.append(try index.search(query, k: .max, effort: .candidates(100)))
            answers.append(try index.search(query, k: 5, effort: .recall(0.9)))
        }
        answers += try index.search(each: queries.flatMap { $0 }, k: 7)
        return answers
    }
}
