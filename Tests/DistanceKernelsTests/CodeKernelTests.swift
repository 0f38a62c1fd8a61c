// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

@Suite("Kernels on integer codes")
struct CodeKernelTests {
    /// Query and nine rows of random codes, each ending right before a page that may not be read, with random bytes
    /// between the rows; and every row's sum by the definition.
    private struct Inputs {
        static let rowCount = 9
        let query: GuardedArray<UInt8>
        let rows: GuardedArray<UInt8>
        let stride: Int
        let expected: [UInt32]

        init(_ kind: CodeKind, n: Int, _ metric: Metric, seed: UInt64) throws {
            var generator = SeededGenerator(seed: seed)
            let bytes = kind.byteCount(n)
            let stride = bytes + n % 3
            let queryBytes = kind.randomBytes(bytes, using: &generator)
            let rowBytes = kind.randomBytes((Self.rowCount - 1) * stride + bytes, using: &generator)
            self.stride = stride
            query = try GuardedArray(queryBytes)
            rows = try GuardedArray(rowBytes)
            let queryCodes = kind.decoded(queryBytes[...], n)
            expected = (0..<Self.rowCount).map {
                codeSum(queryCodes, kind.decoded(rowBytes[($0 * stride)...], n), metric)
            }
        }
    }

    @Test(
        "Pair, gather and scan give the sum of the definition, and read and write nothing else",
        arguments: supportedCodeTables, CodeKind.allCases)
    func exactSums(table: String, kind: CodeKind) throws {
        let table = try #require(ck_code_table_named(table)).pointee
        let untouched: UInt32 = 0xDEAD_BEEF
        for metric in summedMetrics {
            let kernels = kind.kernels(table, metric)
            for n in boundaryDimensions {
                let seed = UInt64(n)
                let inputs = try Inputs(kind, n: n, metric, seed: seed)
                let (query, rows, stride) = (inputs.query.base, inputs.rows.base, inputs.stride)
                let pairs = (0..<9).map { kernels.pair(query, rows + $0 * stride, n) }
                let reversed = (0..<9).map { kernels.pair(rows + $0 * stride, query, n) }
                #expect(pairs == inputs.expected, "\(metric), seed \(seed), n \(n)")
                #expect(reversed == inputs.expected, "\(metric), seed \(seed), n \(n)")

                for count in 0...9 {
                    let rest = [UInt32](repeating: untouched, count: 9 - count)
                    var out = [UInt32](repeating: untouched, count: 9)
                    kernels.scan(query, rows + (9 - count) * stride, stride, count, n, &out)
                    #expect(
                        out == inputs.expected.suffix(count) + rest,
                        "scan of \(count), \(metric), seed \(seed), n \(n)")

                    let ids = try GuardedArray((0..<count).map { UInt32(8 - $0) })
                    out = [UInt32](repeating: untouched, count: 9)
                    kernels.gather(query, rows, stride, ids.base, count, n, &out)
                    #expect(
                        out == inputs.expected.reversed().prefix(count) + rest,
                        "gather of \(count), \(metric), seed \(seed), n \(n)")
                }
            }
        }
    }

    @Test(
        "The ends of the range are exact up to 65,536 codes", arguments: supportedCodeTables, CodeKind.allCases)
    func extremes(table: String, kind: CodeKind) throws {
        let table = try #require(ck_code_table_named(table)).pointee
        let largest = kind.byteCount(65_536)
        let full = [UInt8](repeating: kind.byte(filledWith: kind.maximum), count: 3 * largest)
        let empty = [UInt8](repeating: 0, count: largest)
        let highest = Int(kind.maximum)
        for metric in summedMetrics {
            let kernels = kind.kernels(table, metric)
            for n in boundaryDimensions + [4097, 65_535, 65_536] {
                let same = UInt32(n * codeTerm(highest, highest, metric))
                let opposite = UInt32(n * codeTerm(highest, 0, metric))
                #expect(kernels.pair(full, full, n) == same, "\(metric), n \(n)")
                #expect(kernels.pair(full, empty, n) == opposite, "\(metric), n \(n)")
                #expect(kernels.pair(empty, full, n) == opposite, "\(metric), n \(n)")

                // Four rows at once, and one alone.
                let stride = kind.byteCount(n)
                let rows = empty.prefix(stride) + full
                let ids: [UInt32] = [0, 1, 2, 1, 0]
                var out = [UInt32](repeating: 0, count: 5)
                kernels.gather(full, Array(rows), stride, ids, 5, n, &out)
                #expect(out == [opposite, same, same, same, opposite], "\(metric), n \(n)")
            }
        }
    }

    @Test(
        "A scan of more rows than a cache holds is exact and reads nothing behind them", arguments: supportedCodeTables,
        CodeKind.allCases)
    func longScans(table: String, kind: CodeKind) throws {
        let table = try #require(ck_code_table_named(table)).pointee
        // 1.2 MiB of rows of 129 bytes, and a number of them that is no multiple of four.
        let (n, count) = (kind == .u4 ? 257 : 129, 10_007)
        let stride = kind.byteCount(n)
        var generator = SeededGenerator(seed: 1)
        let queryBytes = kind.randomBytes(stride, using: &generator)
        let rowBytes = repeated(kind.randomBytes(1009, using: &generator), count: count * stride)
        let query = try GuardedArray(queryBytes)
        let rows = try GuardedArray(rowBytes)
        for metric in summedMetrics {
            let kernels = kind.kernels(table, metric)
            var scanned = [UInt32](repeating: 0, count: count)
            kernels.scan(query.base, rows.base, stride, count, n, &scanned)
            let pairs = (0..<count).map { kernels.pair(query.base, rows.base + $0 * stride, n) }
            #expect(scanned == pairs, "\(metric)")
            let last = kind.decoded(rowBytes[((count - 1) * stride)...], n)
            #expect(scanned[count - 1] == codeSum(kind.decoded(queryBytes[...], n), last, metric), "\(metric)")
        }
    }

    @Test("Every code counts once, wherever it stands", arguments: supportedCodeTables, CodeKind.allCases)
    func everyPlace(table: String, kind: CodeKind) throws {
        let table = try #require(ck_code_table_named(table)).pointee
        let n = 259
        let highest = Int(kind.maximum)
        let full = [UInt8](repeating: kind.byte(filledWith: kind.maximum), count: kind.byteCount(n))
        for metric in summedMetrics {
            let kernels = kind.kernels(table, metric)
            let others = codeTerm(highest, highest, metric) * (n - 1)
            for place in 0..<n {
                var row = full
                switch kind {
                case .u4: row[place / 2] &= place % 2 == 0 ? 0xF0 : 0x0F
                case .u8, .u7: row[place] = 0
                }
                let expected = UInt32(others + codeTerm(highest, 0, metric))
                #expect(kernels.pair(full, row, n) == expected, "\(metric), place \(place)")
            }
        }
    }

    @Test("The nibble behind an odd number of packed codes does not matter", arguments: supportedCodeTables)
    func lastNibble(table: String) throws {
        let table = try #require(ck_code_table_named(table)).pointee
        for metric in summedMetrics {
            let kernels = CodeKind.u4.kernels(table, metric)
            for n in [1, 63, 65, 127, 129, 255, 257] {
                var query = [UInt8](repeating: 0x73, count: (n + 1) / 2)
                var row = [UInt8](repeating: 0x95, count: (n + 1) / 2)
                let expected = kernels.pair(query, row, n)
                query[n / 2] ^= 0xF0
                row[n / 2] ^= 0x50
                var scanned: UInt32 = 0
                kernels.scan(query, row, 0, 1, n, &scanned)
                #expect(kernels.pair(query, row, n) == expected && scanned == expected, "\(metric), n \(n)")
            }
        }
    }
}

@Suite("Tables on codes")
struct CodeTableTests {
    @Test("The tables are listed fastest first and require what their instructions need")
    func tables() {
        let avx2 = UInt32(CK_FEATURE_AVX2)
        let avx512 = UInt32(CK_FEATURE_AVX512)
        let vnni = UInt32(CK_FEATURE_VNNI)
        let tables = (0..<ck_code_table_count()).map { ck_code_table_at($0)!.pointee }
        let found = tables.map { "\(String(cString: $0.name)) \($0.required_features)" }
        #if arch(x86_64)
            #expect(found == ["avx512vnni \(avx2 | avx512 | vnni)", "avx2 \(avx2)", "portable 0"])
        #else
            #expect(found == ["portable 0"])
        #endif
    }

    @Test("A table is found by its exact name only")
    func names() {
        for name in ["portable"] + supportedCodeTables {
            #expect(ck_code_table_named(name).map { String(cString: $0.pointee.name) } == name)
        }
        for name in ["", "avx512", "AVX2", "avx2 ", "neon"] { #expect(ck_code_table_named(name) == nil, "\(name)") }
    }
}
