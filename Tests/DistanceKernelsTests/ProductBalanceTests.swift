// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DistanceKernels

@Suite("The balance of inner products")
struct ProductBalanceTests {
    private static func balance(_ vectors: [[Float]]) -> ProductBalance? {
        let dimensions = vectors[0].count
        return vectors.flatMap { $0 }.withUnsafeBufferPointer { values in
            ProductBalance(
                of: vectors.indices.map { values.baseAddress! + $0 * dimensions }, dimensions: dimensions)
        }
    }

    @Test("Only dimensions more than three times as wide as most have weights below 1")
    func weights() throws {
        var generator = SeededGenerator(seed: 71)
        let widths: [Float] = [1, 1, 2, 1, 12, 0.1, 48]
        let vectors = (0..<512).map { _ in zip(generator.vector(dimensions: 7), widths).map { $0 * $1 } }
        let balance = try #require(Self.balance(vectors))
        for (d, width) in widths.enumerated() where width <= 2 { #expect(balance.weights[d] == 1) }
        // A quarter and a sixteenth, on each side of a product.
        #expect(abs(balance.weights[4] * 16 - 1) < 0.3)
        #expect(abs(balance.weights[6] * 256 - 1) < 0.3)
        #expect(balance.center == [Float](repeating: 0, count: 7))
        #expect(Self.balance(vectors.map { Array($0.prefix(4)) }) == nil)
    }

    @Test("What it computes is the centered and weighted product", arguments: testedDimensions)
    func product(dimensions: Int) throws {
        var generator = SeededGenerator(seed: UInt64(dimensions))
        let vectors = (0..<40).map { _ in generator.vector(dimensions: dimensions).map { 3 * $0 + 4 } }
        let balance = try #require(Self.balance(vectors))
        for (x, y) in zip(vectors, vectors.dropFirst()) {
            var t = y
            let centerProduct = balance.apply(to: &t)
            let found = zip(x, t).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } - Double(centerProduct)
            let terms = x.indices.map { d in
                (Double(x[d]) - Double(balance.center[d])) * (Double(y[d]) - Double(balance.center[d]))
                    * Double(balance.weights[d])
            }
            let magnitude = 1 + x.indices.reduce(0) { $0 + abs(Double(x[$1] * t[$1])) }
            #expect(abs(found - terms.reduce(0, +)) <= 1e-5 * magnitude)
            let scaled = { (v: [Float]) in
                v.indices.map { Double((v[$0] - balance.center[$0]) * balance.scales[$0]) }
            }
            let byScales = zip(scaled(x), scaled(y)).reduce(0.0) { $0 + $1.0 * $1.1 }
            #expect(abs(byScales - found) <= 1e-5 * magnitude)
        }
    }

    @Test(
        "A mean is subtracted if it is large beside what vectors differ by",
        arguments: [0, 0.2, 0.4, 2, 50] as [Float])
    func mean(mean: Float) {
        var generator = SeededGenerator(seed: 73)
        let balance = Self.balance((0..<512).map { _ in generator.vector(dimensions: 32).map { $0 + mean } })
        // A third is the variance of values in [-1, 1).
        guard mean * mean > 0.25 / 3 else { return #expect(balance == nil) }
        #expect(balance?.center.allSatisfy { abs($0 - mean) < 0.1 } == true)
        #expect(balance?.weights == [Float](repeating: 1, count: 32))
    }

    @Test("Dimensions that do not vary, and vectors far from all others, do not decide")
    func degenerate() throws {
        var generator = SeededGenerator(seed: 72)
        var vectors = (0..<500).map { _ in generator.vector(dimensions: 8).enumerated().map { $0 == 3 ? 7 : $1 } }
        let clean = try #require(Self.balance(vectors))
        #expect(clean.weights == [Float](repeating: 1, count: 8))
        vectors[100] = [Float](repeating: 1e30, count: 8)
        let spoiled = try #require(Self.balance(vectors))
        #expect(spoiled.weights == clean.weights)
        for d in 0..<8 { #expect(abs(spoiled.center[d] - clean.center[d]) < 0.01) }
        // Most dimensions do not vary.
        let sparse = try #require(Self.balance((0..<100).map { i in (0..<40).map { $0 == 7 ? Float(i) : 0 } }))
        #expect(sparse.weights[7] < 1 && sparse.weights[8] == 1)
        let equal = try #require(Self.balance([[Float]](repeating: [1, 2, 3], count: 4)))
        #expect(equal.weights == [1, 1, 1])
        #expect(Self.balance([[0, 0], [0, 0]]) == nil)
        let huge = try #require(Self.balance([[0x1p62, 0x1p62, 1], [0x1p62, 0x1p61, 2], [0x1p61, 0x1p62, 3]]))
        #expect(huge.weights.allSatisfy { $0 > 0 && $0 <= 1 })
    }
}
