// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

@Suite("Norms")
struct NormTests {
    private static func norm(_ v: [Float]) -> Double {
        v.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    @Test("Squared norms have the bits of the inner product with oneself", arguments: InstructionSet.supported)
    func squaredNorms(set: InstructionSet) throws {
        let table = try #require(ck_table_named(set.rawValue))
        for n in boundaryDimensions {
            let seed = UInt64(n)
            var generator = SeededGenerator(seed: seed)
            let stride = n + 3
            let values = generator.vector(dimensions: 4 * stride + n)
            let rows = try GuardedArray(values)
            var out = [Float](repeating: -7, count: 6)
            ck_squared_norms(table, rows.base, stride, 5, n, &out)
            for i in 0..<5 {
                let row = rows.base + i * stride
                #expect(out[i] == ck_squared_norm(table, row, n), "seed \(seed), n \(n)")
                #expect(out[i] == table.pointee.dot.pair(row, row, n), "seed \(seed), n \(n)")
                let expected = values[i * stride..<i * stride + n]
                expectClose(-out[i], expected, expected, .innerProduct, "seed \(seed), n \(n)")
            }
            #expect(out[5] == -7)
        }
    }

    @Test(
        "A vector of any length is scaled to length 1, and the length it had is returned",
        arguments: InstructionSet.supported)
    func normalize(set: InstructionSet) throws {
        let table = try #require(ck_table_named(set.rawValue))
        // Denormal floats, squares that underflow, the usual, squares that overflow, a sum of squares that overflows.
        let scales: [Float] = [0x1p-140, 0x1p-126, 0x1p-70, 0x1p-33, 0x1p-31, 1, 0x1p60, 0x1p63, 0x1p70, 0x1p127]
        for n in boundaryDimensions where n > 0 {
            for scale in scales {
                let seed = UInt64(n)
                var generator = SeededGenerator(seed: seed)
                let vector = generator.vector(dimensions: n).map { $0 * scale }
                let length = Self.norm(vector)
                let scaled = try GuardedArray(vector)
                let returned = ck_normalize(table, scaled.base, n)
                let error = Double(n / 2 + 4) * 0x1p-24
                #expect(abs(returned - length) <= error * length, "seed \(seed), n \(n), scale \(scale)")
                for i in 0..<n {
                    let expected = Double(vector[i]) / length
                    let close = abs(Double(scaled.base[i]) - expected) <= error * abs(expected) + 0x1p-149
                    #expect(close, "seed \(seed), n \(n), scale \(scale), component \(i)")
                }
            }
        }
    }

    @Test("A vector without direction is left as it is", arguments: InstructionSet.supported)
    func noDirection(set: InstructionSet) throws {
        let table = try #require(ck_table_named(set.rawValue))
        for n in boundaryDimensions {
            let zeros = try GuardedArray([Float](repeating: 0, count: n))
            #expect(ck_normalize(table, zeros.base, n) == 0)
            #expect((0..<n).allSatisfy { zeros.base[$0] == 0 })
            guard n > 1 else { continue }
            for special: [Float] in [
                [.infinity, 1], [-.infinity, .infinity], [.nan, 1], [1, .nan], [.infinity, .nan],
            ] {
                let vector = special + [Float](repeating: 2, count: n - 2)
                let guarded = try GuardedArray(vector)
                let length = ck_normalize(table, guarded.base, n)
                #expect(special.contains(where: \.isNaN) ? length.isNaN : length == .infinity, "\(special), n \(n)")
                let same = (0..<n).allSatisfy { guarded.base[$0].bitPattern == vector[$0].bitPattern }
                #expect(same, "\(special), n \(n)")
            }
        }
    }

    @Test("The shortest and the longest vectors there are have a direction", arguments: InstructionSet.supported)
    func ends(set: InstructionSet) throws {
        let table = try #require(ck_table_named(set.rawValue))
        for value in [Float.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude] {
            for n in [1, 4, 16, 64] {
                var vector = [Float](repeating: -value, count: n)
                let length = Double(value) * Double(n).squareRoot()
                #expect(abs(ck_normalize(table, &vector, n) - length) <= 0x1p-48 * length, "\(value), n \(n)")
                #expect(vector.allSatisfy { $0 == -Float(1 / Double(n).squareRoot()) }, "\(value), n \(n)")
            }
        }
    }
}
