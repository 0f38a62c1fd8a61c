// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import HNSW
import TestSupport
import Testing
import VectorStorage

@Suite("A kernel of balanced products")
struct BalancedKernelTests {
    /// Vectors about a mean, with one wide dimension.
    private static func vectors(dimensions: Int, count: Int = 30) -> [[Float]] {
        var generator = SeededGenerator(seed: UInt64(dimensions) + 81)
        return (0..<count).map { _ in
            generator.vector(dimensions: dimensions).enumerated().map { $0 == 0 ? 9 * $1 + 9 : $1 + 2 }
        }
    }

    private static func balance(_ vectors: [[Float]]) -> ProductBalance? {
        let dimensions = vectors[0].count
        return vectors.flatMap { $0 }.withUnsafeBufferPointer { values in
            ProductBalance(
                of: vectors.indices.map { values.baseAddress! + $0 * dimensions }, dimensions: dimensions)
        }
    }

    /// The vectors stored in half precision.
    private static func rounded(_ vectors: [[Float]]) throws -> StoredVectors {
        let stored = try StoredVectors(
            dimensions: vectors[0].count, metric: .innerProduct, instructionSet: try InstructionSet.resolve(),
            rows: .float16)
        try stored.ensure(additional: vectors.count, newSlots: vectors.count)
        for (slot, vector) in vectors.enumerated() {
            let padded = vector + [Float](repeating: 0, count: stored.stride - vector.count)
            stored.store(padded, at: Slot(UInt32(slot)))
        }
        return stored
    }

    private static func product(_ x: [Float], _ y: [Float], _ balance: ProductBalance) -> Double {
        x.indices.reduce(0) { sum, d in
            let center = Double(balance.center[d])
            return sum - (Double(x[d]) - center) * (Double(y[d]) - center) * Double(balance.weights[d])
        }
    }

    /// Compares a kernel's distances, from rows and from vectors, with those in double precision.
    private static func check<Base: DistanceKernel>(
        _ base: Base, _ stored: StoredVectors, _ vectors: [[Float]], tolerance: Double
    ) throws {
        let balance = try #require(Self.balance(vectors))
        let kernel = BalancedKernel(base, balance: balance, vectors: stored)
        let space = QuerySpace()
        let slots = Array(0..<UInt32(vectors.count))
        for (i, vector) in vectors.enumerated() {
            let padded = vector + [Float](repeating: 0, count: stored.stride - vector.count)
            let expected = vectors.map { product($0, vector, balance) }
            let scale = expected.reduce(0) { max($0, abs($1)) } + 1
            for isRow in [true, false] {
                let room: UnsafeMutablePointer<Base.Element> = space.elements(kernel.queryLength)
                let query =
                    isRow ? kernel.query(ofRow: UInt32(i), space: room) : kernel.query(of: padded, space: room)
                var (gathered, scanned) = (
                    [Float](repeating: .nan, count: slots.count), [Float](repeating: .nan, count: slots.count)
                )
                kernel.gather(query, slots: slots, count: slots.count, into: &gathered)
                kernel.scan(query, first: 0, count: slots.count, into: &scanned)
                #expect(gathered == scanned)
                for (found, expected) in zip(gathered, expected) {
                    #expect(abs(Double(found) - expected) <= tolerance * scale)
                }
            }
        }
    }

    @Test("Its distances are balanced products of floats, of halves, of codes, and of vectors given up for codes")
    func distances() throws {
        for dimensions in [1, 7, 16, 17, 128] {
            let vectors = Self.vectors(dimensions: dimensions)
            var fixture = try CodesOnlyFixture(.int8, metric: .innerProduct, vectors)
            guard case .float32(let floats)? = fixture.vectors.kernel else {
                Issue.record("no floats")
                return
            }
            try Self.check(floats, fixture.vectors, vectors, tolerance: 1e-5)
            try Self.check(StoredKernel(fixture.vectors), fixture.vectors, vectors, tolerance: 1e-5)
            try Self.check(fixture.codes.kernel, fixture.vectors, vectors, tolerance: 0.02)
            try fixture.dropVectors(keeping: [])
            try Self.check(fixture.codes.kernel, fixture.vectors, vectors, tolerance: 0.02)
            try Self.check(StoredKernel(fixture.vectors), fixture.vectors, vectors, tolerance: 0.02)
            let rounded = try Self.rounded(vectors)
            guard case .float16(let halves)? = rounded.kernel else {
                Issue.record("no halves")
                return
            }
            let stored = vectors.indices.map { Array(rounded.shared(version: 0)(Slot(UInt32($0)))) }
            try Self.check(halves, rounded, stored, tolerance: 1e-5)
            try Self.check(StoredKernel(rounded), rounded, stored, tolerance: 1e-5)
        }
    }
}
