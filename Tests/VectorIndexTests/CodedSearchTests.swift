// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

/// Searches that codes speed up must give what searches without codes give, to the bit.
@Suite("Exact search by codes")
struct CodedSearchTests {
    /// Data on which bounds are wide, scores close together, or single precision at its end.
    private enum Data: CaseIterable {
        case uniform, clustered, outlierDimension, hugeNorms, nearTies, equal, farFromOrigin, tiny, opposite

        func vectors(count: Int, dimensions: Int, using generator: inout SeededGenerator) -> [Float] {
            switch self {
            case .uniform: return generator.vectors(count: count, dimensions: dimensions)
            case .clustered:
                return generator.clusteredVectors(count: count, dimensions: dimensions, clusters: 20, spread: 0.05)
            case .outlierDimension:
                var values = generator.vectors(count: count, dimensions: dimensions)
                for i in stride(from: 0, to: count, by: 7) { values[i * dimensions + i % dimensions] = 500 }
                return values
            case .hugeNorms:
                return (0..<count).flatMap { i in
                    let scale: Float = i % 50 == 0 ? 1e15 : i % 3 == 0 ? 1e-12 : 1
                    return generator.vector(dimensions: dimensions).map { $0 * scale }
                }
            case .nearTies:
                let one = generator.vector(dimensions: dimensions)
                return (0..<count).flatMap { _ in
                    one.map { Int.random(in: 0..<9, using: &generator) == 0 ? $0.nextUp : $0 }
                }
            case .equal:
                let one = generator.vector(dimensions: dimensions)
                return (0..<count).flatMap { _ in one }
            case .farFromOrigin: return generator.vectors(count: count, dimensions: dimensions).map { $0 + 300 }
            case .tiny: return generator.vectors(count: count, dimensions: dimensions).map { $0 * 1e-22 }
            case .opposite:
                let one = generator.vector(dimensions: dimensions)
                return (0..<count).flatMap { i in one.map { i % 2 == 0 ? $0 : -$0 } }
            }
        }
    }

    @Test(
        "Its results are those of comparing every vector, to the bit",
        arguments: InstructionSet.supported, [Metric.squaredEuclidean, .innerProduct, .cosine])
    func sameResults(set: InstructionSet, metric: Metric) throws {
        for data in Data.allCases {
            for (dimensions, count) in [(1, 200), (33, 500)] {
                let seed = UInt64(dimensions)
                var generator = SeededGenerator(seed: seed)
                let values = data.vectors(count: count, dimensions: dimensions, using: &generator)
                let coded = try ExactIndex(dimensions: dimensions, metric: metric, instructionSet: set)
                let plain = try ExactIndex(
                    dimensions: dimensions, metric: metric, instructionSet: set, usesCodes: false)
                for index in [coded, plain] {
                    try index.insertAll(values, keys: 0..<UInt64(count))
                    for key in stride(from: 5, to: UInt64(count), by: 11) { #expect(index.remove(key: key)) }
                }
                var queries = data.vectors(count: 10, dimensions: dimensions, using: &generator)
                queries += generator.vectors(count: 5, dimensions: dimensions)
                queries += values.prefix(5 * dimensions)
                for k in [1, 10, 100] {
                    let expected = try plain.answers(queries, k: k)
                    let comment: Comment = "\(data), \(dimensions) dimensions, k \(k), seed \(seed)"
                    #expect(try coded.answers(queries, k: k) == expected, comment)
                    for q in [0, 11, 16] {
                        #expect(try coded.search(queries.vector(q, dimensions), k: k) == expected[q], comment)
                    }
                }
            }
        }
    }

    @Test("Its nearest are the oracle's where distances differ by more than rounding")
    func agreesWithOracle() throws {
        let (dimensions, count) = (64, 2000)
        var generator = SeededGenerator(seed: 8)
        let values = generator.clusteredVectors(count: count, dimensions: dimensions, clusters: 10, spread: 0.2)
        for metric in [Metric.squaredEuclidean, .innerProduct, .cosine] {
            let index = try ExactIndex(dimensions: dimensions, metric: metric)
            try index.insertAll(values, keys: 0..<UInt64(count))
            for _ in 0..<20 {
                let query = generator.vector(dimensions: dimensions)
                let expected = DistanceOracle.nearest(to: query, in: values, k: 10, metric: metric)
                let found = try index.search(query, k: 10)
                for (a, b) in zip(found, expected) {
                    let vector = values.vector(b.position, dimensions)
                    #expect(
                        abs(Double(a.distance) - b.distance) <= DistanceOracle.tolerance(query, vector, metric))
                }
            }
        }
    }

    @Test("Where codes cannot tell the vectors apart, every vector is compared")
    func undecided() throws {
        // Vectors that differ by less than a step of their codes, which have a scale of 1000 / 127.
        let (dimensions, count) = (16, 3000)
        var generator = SeededGenerator(seed: 9)
        var values = generator.vectors(count: count, dimensions: dimensions)
        for i in 0..<count {
            values[i * dimensions] = 1000
            values[i * dimensions + 1] = -1000
        }
        let query = [1000, -1000] + generator.vector(dimensions: dimensions - 2)
        let coded = try ExactIndex(dimensions: dimensions, metric: .squaredEuclidean)
        let plain = try ExactIndex(dimensions: dimensions, metric: .squaredEuclidean, usesCodes: false)
        try coded.insertAll(values, keys: 0..<UInt64(count))
        try plain.insertAll(values, keys: 0..<UInt64(count))
        var selection = BoundedSelection(limit: 10, maximum: 1024)
        for slot in 0..<3000 as Range<UInt32> { selection.offer(slot: slot, least: -1, largest: 1) }
        #expect(selection.isOverfull && selection.candidates.isEmpty)
        #expect(try coded.search(query, k: 10) == plain.search(query, k: 10))
        #expect(try coded.answers(query + query, k: 10) == plain.answers(query + query, k: 10))
    }

    @Test("The bound is the limit-th largest of the least scores, and what it rules out is dropped")
    func selectionBound() {
        var generator = SeededGenerator(seed: 10)
        for limit in [1, 2, 3, 10, 100] {
            var selection = BoundedSelection(limit: limit, maximum: 2000)
            var offered: [(least: Float, largest: Float)] = []
            for slot in 0..<1000 as Range<UInt32> {
                let least = Float.random(in: -1...1, using: &generator)
                let largest = least + Float.random(in: 0...0.1, using: &generator)
                offered.append((least, largest))
                selection.offer(slot: slot, least: least, largest: largest)
                let leasts = offered.map(\.least).sorted(by: >)
                #expect(selection.bound == (leasts.count < limit ? -.infinity : leasts[limit - 1]))
            }
            selection.prune()
            let wanted = offered.indices.filter { offered[$0].largest >= selection.bound }.map(UInt32.init)
            #expect(selection.candidates.map(\.slot) == wanted)
        }
    }
}
