// SPDX-License-Identifier: Apache-2.0

import VectorIndex

/// Everything that can be asked of an index and done to it, for one that may come from a damaged file: a call may throw a
/// ``VectorIndexError``, and a defect ends the process.
public struct IndexUse: Sendable {
    private let values: [Float]
    private let path: String

    /// - Parameters:
    ///   - values: what queries and vectors are made of, for any number of dimensions.
    ///   - path: where the index is saved to.
    public init(values: [Float], savingTo path: String) {
        self.values = values
        self.path = path
    }

    /// Asks everything.
    public func ask(_ index: HNSWIndex) throws {
        let queries = vectors(index.dimensions)
        let query = Array(queries.prefix(index.dimensions))
        var found: [Neighbor] = []
        try attempt {
            found = try index.search(query, k: 3)
            found += try index.search(query, k: .max, effort: .candidates(20))
        }
        try attempt { _ = try index.search(each: queries, k: 4, threads: 1) }
        try attempt {
            for found in try index.search(query, k: 5, including: .vectors) { _ = found.vector.map { Array($0) } }
        }
        for recall in [0.5, 0.99, 1] { try attempt { _ = try index.search(query, k: 2, effort: .recall(recall)) } }
        try attempt { _ = try index.search(query, k: 300, effort: .recall(0.9), including: .vectors) }
        for key in found.map(\.key).prefix(8) + [0, 7, 100, .max] {
            _ = index.contains(key: key)
            try attempt { _ = try index.vector(for: key).map { Array($0) } }
            try attempt { _ = try index.distance(from: query.span, to: key) }
        }
        _ = (index.count, index.memoryBytes, index.codesInUse, index.calibration)
        try attempt { try index.calibrate(threads: 1) }
        try attempt { try index.calibrate(queries: queries, threads: 1) }
        try? index.checkInvariants()
    }

    /// Changes the index in every way and saves it; what is saved can be opened.
    public func change(_ index: HNSWIndex) throws {
        let dimensions = index.dimensions
        let vectors = vectors(dimensions)
        func keys(from first: UInt64) -> [UInt64] { (0..<UInt64(Self.count)).map { first + $0 } }
        let newKey = 1 << 40 as UInt64
        try attempt { try index.insert(Array(vectors.prefix(dimensions)), key: newKey) }
        // The same vectors over and over, in new slots and in those that were free.
        for round in 1..<4 as Range<UInt64> {
            try attempt { try index.insert(contentsOf: vectors, keys: keys(from: newKey + round * 64), threads: 1) }
            for key in (0..<12 as Range<UInt64>).map({ $0 * round }) { try attempt { try index.remove(key: key) } }
            try attempt { try index.remove(key: newKey + 64 + round) }
        }
        try attempt {
            try index.insert(contentsOf: vectors, keys: keys(from: newKey + 512), threads: 1) {
                (linked) throws(CancellationError) in
                if linked > 1 { throw CancellationError() }
            }
        }
        try attempt { try index.compact() }
        try attempt { try index.insert(contentsOf: vectors, keys: keys(from: newKey + 1024), threads: 2) }
        try attempt { _ = try index.secureErase() }
        var isSaved = false
        try attempt { isSaved = try index.save(to: path) > 0 }
        if isSaved { _ = try HNSWIndex(contentsOf: path) }
    }

    private static let count = 6

    /// Vectors one after the other.
    private func vectors(_ dimensions: Int) -> [Float] {
        (0..<Self.count * dimensions).map { values[$0 % values.count] }
    }

    private func attempt(_ body: () throws -> Void) throws {
        do { try body() } catch is VectorIndexError {}
    }
}
