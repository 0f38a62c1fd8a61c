// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

@Suite("What vectors are given as")
struct VectorInputTests {
    private static func index() throws -> HNSWIndex {
        let index = try HNSWIndex(dimensions: 3, metric: .squaredEuclidean)
        try index.insert([1, 2, 3], key: 1)
        try index.insert([4, 5, 6], key: 2)
        return index
    }

    @Test("Every kind of input finds the same")
    func oneVector() throws {
        let index = try Self.index()
        let query: [Float] = [1, 2, 4]
        let expected = [Neighbor(key: 1, distance: 1), Neighbor(key: 2, distance: 22)]
        #expect(try index.search(query, k: 2) == expected)
        #expect(try index.search([9, 1, 2, 4, 9][1..<4] as ArraySlice<Float>, k: 2) == expected)
        #expect(try index.search(query.map { Double($0) }, k: 2) == expected)
        #expect(try index.search([1, 2, 4], k: 2) == expected)
        #expect(try index.search([1, 2, 4.0], k: 2) == expected)
        #expect(try index.search(query.map { Int8($0) }, k: 2) == expected)
        #expect(try index.search(query.map { UInt8($0) }, k: 2) == expected)
        #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
            #expect(try index.search(query.map { Float16($0) }, k: 2) == expected)
        #endif
        #expect(try query.withUnsafeBufferPointer { try index.search($0, k: 2) } == expected)
        #expect(try index.search(query.span, k: 2) == expected)
        let stored = try #require(try index.vector(for: 2))
        #expect(try index.search(stored, k: 1) == [Neighbor(key: 2, distance: 0)])
        #expect(try index.distance(from: [1, 2, 4], to: 1) == 1)
    }

    @Test("Lists of vectors and values one after the other are the same")
    func manyVectors() throws {
        let index = try Self.index()
        let flat: [Float] = [1, 2, 3, 4, 5, 6]
        let expected = [[Neighbor(key: 1, distance: 0)], [Neighbor(key: 2, distance: 0)]]
        #expect(try index.search(each: flat, k: 1) == expected)
        #expect(try index.search(each: flat.span, k: 1) == expected)
        #expect(try index.search(each: flat[...], k: 1) == expected)
        #expect(try index.search(each: flat.map { Double($0) }, k: 1) == expected)
        #expect(try index.search(each: [[1, 2, 3], [4, 5, 6]], k: 1) == expected)
        #expect(try index.search(each: [[1.0, 2, 3], [4, 5, 6]], k: 1) == expected)
        #expect(try index.search(each: [flat[0..<3], flat[3..<6]], k: 1) == expected)
        let stored = [try #require(try index.vector(for: 1)), try #require(try index.vector(for: 2))]
        #expect(try index.search(each: stored, k: 1) == expected)
    }

    @Test("Values of no whole number of vectors, and a vector of another length, are refused")
    func lengths() throws {
        let index = try Self.index()
        #expect(throws: VectorIndexError.batchMismatch(keys: 2, values: 4, dimensions: 3)) {
            try index.search(each: [1, 2, 3, 4], k: 1)
        }
        let reason = VectorIndexError.dimensionMismatch(expected: 3, found: 2)
        #expect(throws: VectorIndexError.batchVector(position: 1, reason: reason)) {
            try index.search(each: [[1, 2, 3], [4, 5], [6]], k: 1)
        }
        #expect(throws: reason) { try index.search(each: [[1, 2]], k: 1) }
        #expect(throws: reason) { try index.search([1.0, 2], k: 1) }
    }

    @Test("Numbers beyond the range of 32-bit floats are refused")
    func range() throws {
        let index = try Self.index()
        #expect(throws: VectorIndexError.nonFiniteValue(position: 1)) { try index.search([0, 1e300, 0], k: 1) }
        #expect(throws: VectorIndexError.nonFiniteValue(position: 2)) { try index.search([0, 0, Double.nan], k: 1) }
    }
}

@Suite("Neighbors")
struct NeighborTests {
    @Test("They are ordered by distance, then by key")
    func order() {
        let ordered = [
            Neighbor(key: 9, distance: -1), Neighbor(key: 3, distance: 0), Neighbor(key: 4, distance: 0),
            Neighbor(key: 1, distance: 2),
        ]
        #expect(ordered.reversed().sorted() == ordered && ordered.max() == ordered[3])
        for (i, a) in ordered.enumerated() {
            for (j, b) in ordered.enumerated() { #expect((a < b) == (i < j) && (a == b) == (i == j)) }
        }
    }

    @Test("They are coded without their vectors")
    func coding() throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        try index.insert([3, 4], key: .max)
        let found = try index.search([0, 0], k: 1, including: .vectors)
        #expect(found[0].vector.map { Array($0) } == [3, 4])
        let data = try JSONEncoder().encode(found)
        let object = try JSONSerialization.jsonObject(with: data) as? [[String: Any]]
        #expect(object?[0].keys.sorted() == ["distance", "key"])
        let decoded = try JSONDecoder().decode([Neighbor].self, from: data)
        #expect(decoded == found && decoded[0].vector == nil)
    }
}
