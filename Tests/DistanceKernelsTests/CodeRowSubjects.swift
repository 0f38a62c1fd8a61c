// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A vector, the center that is taken away from it, and what is left in the precision of the kernels.
struct EncodedSubject {
    let name: String
    let vector: [Float]
    let center: [Float]

    var remainder: [Double] { zip(vector, center).map { Double($0 - $1) } }

    /// Vectors that are easy and hard to encode.
    static func all(_ n: Int, using generator: inout SeededGenerator) -> [EncodedSubject] {
        let random = generator.vector(dimensions: n)
        let center = generator.vector(dimensions: n)
        let zeros = [Float](repeating: 0, count: n)
        var spike = random.map { $0 * 1e-3 }
        spike[n / 2] = 100
        // |r|^2 is to be finite.
        let huge = n > 300 ? Float(1e17) / Float(n).squareRoot() : 1e18
        return [
            EncodedSubject(name: "random", vector: random, center: center),
            EncodedSubject(name: "without a center", vector: random, center: zeros),
            EncodedSubject(name: "equal to its center", vector: center, center: center),
            EncodedSubject(name: "zero", vector: zeros, center: zeros),
            EncodedSubject(name: "constant", vector: [Float](repeating: -3, count: n), center: zeros),
            EncodedSubject(name: "constant but for rounding", vector: center.map { $0 + 1 }, center: center),
            EncodedSubject(name: "of two values", vector: (0..<n).map { $0 % 3 == 0 ? 1 : -1 }, center: zeros),
            EncodedSubject(name: "spike", vector: spike, center: zeros),
            EncodedSubject(name: "far from zero", vector: random.map { $0 * 1e-2 + 1000 }, center: zeros),
            EncodedSubject(
                name: "beside a far center", vector: random.map { $0 + 1e6 }, center: center.map { $0 + 1e6 }),
            EncodedSubject(name: "huge", vector: random.map { $0 * huge }, center: center.map { $0 * huge }),
            EncodedSubject(name: "2^-113", vector: random.map { $0 * 0x1p-113 }, center: zeros),
            EncodedSubject(name: "2^-115", vector: random.map { $0 * 0x1p-115 }, center: zeros),
            EncodedSubject(name: "2^-119", vector: random.map { $0 * 0x1p-119 }, center: zeros),
            EncodedSubject(name: "1e-38", vector: random.map { $0 * 1e-38 }, center: zeros),
            EncodedSubject(name: "denormal", vector: random.map { $0 * 0x1p-140 }, center: zeros),
            EncodedSubject(name: "1e-20", vector: random.map { $0 * 1e-20 }, center: zeros),
        ]
    }
}

func dotProduct(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
}

func norm(_ a: [Double]) -> Double { dotProduct(a, a).squareRoot() }

func magnitude(_ a: [Double], _ b: [Double]) -> Double { dotProduct(a.map(abs), b.map(abs)) }

func differences(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }

func largest(_ a: [Double]) -> Double { a.reduce(0) { max($0, abs($1)) } }

/// Rows that are shorter than this are not scaled.
let leastScaledLength = 0x1p-50

/// Ranges below this are not divided into steps.
let leastDividedRange = 0x1p-114

/// The largest dimension is the limit of sums, and left to their tests.
let encodedDimensions = codeRowDimensions.filter { $0 < 1000 }
