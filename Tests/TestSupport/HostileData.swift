// SPDX-License-Identifier: Apache-2.0

import VectorIndex

/// Vectors that graphs lose: of many that are equal or cut off from others, some are never found.
public enum HostileData: String, CaseIterable, Sendable, Encodable {
    /// One vector over and over.
    case equal

    /// A fiftieth as many vectors, 50 times each.
    case fiftyTimesEach

    /// 20 islands, a hundred times as far apart as they are wide.
    case farIslands

    /// Numbers.
    case oneDimension

    /// Zeros only, which Euclidean distances allow.
    case zeros

    /// Values in every vector.
    public var dimensions: Int { self == .oneDimension ? 1 : 12 }

    /// The vectors in the order that suits a graph least: equal ones, islands and near numbers together.
    public func vectors(count: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        switch self {
        case .equal:
            let vector = generator.vector(dimensions: dimensions)
            return (0..<count).flatMap { _ in vector }
        case .fiftyTimesEach:
            let few = generator.vectors(count: count / 50, dimensions: dimensions)
            return few.vectors(at: (0..<count / 50 * 50).map { $0 / 50 }, dimensions: dimensions)
        case .farIslands:
            return (0..<20).flatMap { _ in
                let center = generator.vector(dimensions: dimensions).map { 100 * $0 }
                return (0..<count / 20).flatMap { _ in center.map { $0 + Float.random(in: -1..<1, using: &generator) } }
            }
        case .oneDimension:
            return generator.vector(dimensions: count).sorted()
        case .zeros:
            return [Float](repeating: 0, count: count * dimensions)
        }
    }
}

/// The order in which vectors arrive.
public enum ArrivalOrder: String, CaseIterable, Sendable, Encodable {
    case inOrder, shuffled

    /// Vectors that lie one after the other, in this order.
    public func arrange(_ vectors: [Float], dimensions: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        switch self {
        case .inOrder: return vectors
        case .shuffled:
            let positions = (0..<vectors.count / dimensions).shuffled(using: &generator)
            return vectors.vectors(at: positions, dimensions: dimensions)
        }
    }
}

extension HNSWIndex {
    /// Adds vectors under the keys 0, 1, ... in calls of up to `callSize`; a call of one is a single insertion.
    public func insert(_ values: [Float], callSize: Int, threads: Int? = nil) throws(VectorIndexError) {
        let count = values.count / dimensions
        for first in stride(from: 0, to: count, by: callSize) {
            let call = first..<min(first + callSize, count)
            let vectors = values.span.extracting(call.lowerBound * dimensions..<call.upperBound * dimensions)
            if callSize == 1 {
                try insert(vectors, key: UInt64(first))
            } else {
                try insert(contentsOf: vectors, keys: call.map(UInt64.init), threads: threads)
            }
        }
    }

    /// The keys that a search for their own vector does not return, asked for all vectors that equal it and `margin` more.
    ///
    /// - Parameter values: the vectors under the keys 0, 1, ..., one after the other.
    public func keysNotFound(_ values: [Float], efSearch: Int, margin: Int = 10) throws(VectorIndexError) -> [UInt64] {
        var keys: [[Float]: [UInt64]] = [:]
        for i in 0..<values.count / dimensions {
            keys[Array(values[i * dimensions..<(i + 1) * dimensions]), default: []].append(UInt64(i))
        }
        var lost: [UInt64] = []
        for (vector, equal) in keys {
            let found = Set(try search(vector, k: equal.count + margin, effort: .candidates(efSearch)).map(\.key))
            lost += equal.filter { !found.contains($0) }
        }
        return lost.sorted()
    }
}
