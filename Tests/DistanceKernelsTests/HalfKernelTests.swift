// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

private let halfInfinity: UInt16 = 0x7C00
private let halfNaN: UInt16 = 0x7E00
private let negativeHalf: UInt16 = 0x8000

/// The value of a half (IEEE 754 binary16), which is a float exactly.
func float(fromHalf bits: UInt16) -> Float {
    let fraction = Float(bits & 0x3FF)
    let magnitude: Float =
        switch bits >> 10 & 31 {
        case 0: fraction * 0x1p-24
        case 31: fraction == 0 ? .infinity : .nan
        case let exponent: Float(sign: .plus, exponent: Int(exponent) - 25, significand: 1024 + fraction)
        }
    return bits & negativeHalf == 0 ? magnitude : -magnitude
}

/// Every table on half-precision rows that this machine can run, by name.
let supportedHalfTables: [String] = (0..<ck_half_table_count()).map { ck_half_table_at($0)!.pointee }
    .filter { $0.required_features & ~ck_features() == 0 }.map { String(cString: $0.name) }

private func halfKernels(_ name: String, _ metric: Metric) throws -> ck_half_kernels {
    let table = try #require(ck_half_table_named(name)).pointee
    switch metric {
    case .manhattan: return table.l1
    case .squaredEuclidean: return table.l2sq
    case .innerProduct, .cosine: return table.dot
    }
}

extension SeededGenerator {
    /// Halves in (-1, 1), of every exponent alike, denormal ones among them.
    fileprivate mutating func halves(_ count: Int) -> [UInt16] {
        (0..<count).map { _ in
            UInt16.random(in: 0..<0x3C00, using: &self) | (Bool.random(using: &self) ? negativeHalf : 0)
        }
    }
}

@Suite("Kernels on half-precision rows")
struct HalfKernelTests {
    @Test(
        "Every half is widened exactly, at the beginning, in the middle and at the end", arguments: supportedHalfTables)
    func widening(table: String) throws {
        let all = (0...UInt16.max).map { $0 }
        let expected = all.map(float(fromHalf:))
        let kernels = try halfKernels(table, .innerProduct)
        // Alone, in the last of several registers, and within the first.
        for (n, place) in [(1, 0), (37, 36), (37, 3)] {
            let values = n == 1 ? all : all.filter { $0 % 17 == 0 || $0 & 0x3FF < 2 || $0 & 0x7FFF < 64 }
            var query = [Float](repeating: 0, count: n)
            query[place] = 1
            var rows = [UInt16](repeating: 0, count: n * values.count)
            for (i, value) in values.enumerated() { rows[i * n + place] = value }
            var out = [Float](repeating: 7, count: values.count)
            kernels.scan(query, rows, n, values.count, n, &out)
            let wrong = zip(values, out).first { half, found in
                let value = expected[Int(half)]
                return !(found == value || found.isNaN && value.isNaN)
            }
            #expect(wrong == nil, "n \(n), place \(place)")
        }
    }

    @Test(
        "Pair, gather and scan give the distance of the definition and read nothing else",
        arguments: supportedHalfTables, summedMetrics)
    func shapesAgreeWithOracle(table: String, metric: Metric) throws {
        let kernels = try halfKernels(table, metric)
        let untouched = Float(bitPattern: 0x7FC0_1234)
        for n in boundaryDimensions {
            let seed = UInt64(n)
            var generator = SeededGenerator(seed: seed)
            let queryValues = generator.vector(dimensions: n)
            let stride = n + n % 3
            let rowValues = generator.halves(8 * stride + n)
            let query = try GuardedArray(queryValues)
            let rows = try GuardedArray(rowValues)
            var all = [Float](repeating: untouched, count: 9)
            kernels.scan(query.base, rows.base, stride, 9, n, &all)
            for i in 0..<9 {
                let row = rowValues[i * stride..<i * stride + n].map(float(fromHalf:))
                let pair = kernels.pair(query.base, rows.base + i * stride, n)
                let context = "seed \(seed), n \(n), row \(i)"
                expectClose(distance(fromSum: pair, metric), queryValues, row, metric, "pair, \(context)")
                expectClose(distance(fromSum: all[i], metric), queryValues, row, metric, "scan, \(context)")
            }
            // In any place, among any others, gathered or scanned, a row has the same bits; nothing else is written.
            let expected = all.map(\.bitPattern)
            for count in 0...9 {
                let rest = [UInt32](repeating: untouched.bitPattern, count: 9 - count)
                var out = [Float](repeating: untouched, count: 9)
                kernels.scan(query.base, rows.base + (9 - count) * stride, stride, count, n, &out)
                #expect(out.map(\.bitPattern) == expected.suffix(count) + rest, "seed \(seed), n \(n), count \(count)")

                let ids = try GuardedArray((0..<count).map { UInt32(8 - $0) })
                out = [Float](repeating: untouched, count: 9)
                kernels.gather(query.base, rows.base, stride, ids.base, count, n, &out)
                #expect(
                    out.map(\.bitPattern) == expected.reversed().prefix(count) + rest,
                    "seed \(seed), n \(n), count \(count)")
            }
        }
    }

    @Test(
        "A scan of more rows than a cache holds has the bits of gather and reads nothing behind them",
        arguments: supportedHalfTables, summedMetrics)
    func longScans(table: String, metric: Metric) throws {
        let kernels = try halfKernels(table, metric)
        let n = 129
        // 0.25 MiB and 16 MiB of rows, and numbers of them that are no multiples of four.
        for count in [1027, 65_551] {
            let seed = UInt64(count)
            var generator = SeededGenerator(seed: seed)
            let query = try GuardedArray(generator.vector(dimensions: n))
            let rows = try GuardedArray(repeated(generator.halves(10_007), count: count * n))
            var scanned = [Float](repeating: .nan, count: count)
            kernels.scan(query.base, rows.base, n, count, n, &scanned)
            let ids = stride(from: 0, to: count, by: 89).map(UInt32.init) + (UInt32(count - 9)..<UInt32(count))
            var gathered = [Float](repeating: .nan, count: ids.count)
            kernels.gather(query.base, rows.base, n, ids, ids.count, n, &gathered)
            #expect(gathered.map(\.bitPattern) == ids.map { scanned[Int($0)].bitPattern }, "seed \(seed)")
        }
    }

    @Test("Denormal halves count with their value", arguments: supportedHalfTables, summedMetrics)
    func denormals(table: String, metric: Metric) throws {
        let kernels = try halfKernels(table, metric)
        for n in boundaryDimensions {
            let seed = UInt64(700 + n)
            var generator = SeededGenerator(seed: seed)
            let query = generator.vector(dimensions: n).map { $0 * 0x1p-14 }
            let row = (0..<n).map { i in UInt16.random(in: 0..<0x400, using: &generator) | UInt16(i % 2) << 15 }
            let pair = kernels.pair(query, row, n)
            expectClose(
                distance(fromSum: pair, metric), query, row.map(float(fromHalf:)), metric, "seed \(seed), n \(n)")
        }
    }

    @Test("Infinity and NaN give what plain C gives for floats", arguments: supportedHalfTables, summedMetrics)
    func specialValues(table: String, metric: Metric) throws {
        let kernels = try halfKernels(table, metric)
        let specification = try cKernels(.portable, metric)
        let cases: [(query: Float, row: UInt16)] = [
            (1, halfInfinity), (1, halfInfinity | negativeHalf), (.infinity, 0x3C00), (.infinity, halfInfinity),
            (-.infinity, halfInfinity), (0, halfInfinity), (.infinity, 0), (1, halfNaN), (.nan, 0x3C00), (0, 0x7C01),
        ]
        for n in [1, 7, 8, 9, 16, 17, 33, 65] {
            for place in Set([0, 7, 8, n / 2, n - 1]).filter({ $0 < n }).sorted() {
                for (inQuery, inRow) in cases {
                    var query = [Float](repeating: 0.5, count: n)
                    var row = [UInt16](repeating: 0x3400, count: n)
                    (query[place], row[place]) = (inQuery, inRow)
                    let expected = specification.pair(query, row.map(float(fromHalf:)), n)
                    let others = [UInt16](repeating: 0x3C00, count: n)
                    var scanned = [Float](repeating: 0, count: 5)
                    var gathered = scanned
                    let rows = others + row + others + others + row
                    kernels.scan(query, rows, n, 5, n, &scanned)
                    kernels.gather(query, rows, n, [0, 0, 1, 0, 4], 5, n, &gathered)
                    let found = [kernels.pair(query, row, n), scanned[1], scanned[4], gathered[2], gathered[4]]
                    #expect(
                        found.allSatisfy { $0 == expected || $0.isNaN && expected.isNaN },
                        "n \(n), place \(place), \(inQuery) and \(inRow): \(found), not \(expected)")
                    #expect(!expected.isFinite)
                }
            }
        }
    }
}

@Suite("Tables on half-precision rows")
struct HalfTableTests {
    @Test("The tables are listed fastest first and require what their instructions need")
    func tables() {
        let avx2 = UInt32(CK_FEATURE_AVX2)
        let f16c = UInt32(CK_FEATURE_F16C)
        let avx512 = UInt32(CK_FEATURE_AVX512)
        let tables = (0..<ck_half_table_count()).map { ck_half_table_at($0)!.pointee }
        let found = tables.map { "\(String(cString: $0.name)) \($0.required_features)" }
        #if arch(x86_64)
            #expect(found == ["avx512 \(avx2 | f16c | avx512)", "avx2 \(avx2 | f16c)", "portable 0"])
        #else
            #expect(found == ["portable 0"])
        #endif
    }

    @Test("A table is found by its exact name only")
    func names() {
        for name in ["portable"] + supportedHalfTables {
            #expect(ck_half_table_named(name).map { String(cString: $0.pointee.name) } == name)
        }
        for name in ["", "avx", "AVX2", "avx2 ", "neon"] { #expect(ck_half_table_named(name) == nil, "\(name)") }
    }
}
