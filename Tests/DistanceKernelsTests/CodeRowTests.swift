// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

@Suite("Kernels on rows of codes")
struct CodeRowTests {
    private static let rowCount = 9

    /// Ids of nine rows for gathers of 0, 1, 2, 3, 4, 5 and 9 of them, some more than once.
    private static let idLists: [[UInt32]] = [
        [], [8], [8, 0], [7, 7, 7], [8, 0, 3, 1], [4, 8, 4, 2, 8], [8, 7, 6, 5, 4, 3, 2, 1, 0],
    ]

    /// Requires that gathers and scans of every count give these distances, to the same bits, where each is within its
    /// tolerance.
    private func expectDistances(
        _ rows: CodeRows, _ query: CodeRowQuery, _ kernels: ck_code_row_kernels, _ expected: [Double],
        tolerances: [Double], _ context: String
    ) throws {
        let all = try rows.scan(kernels, query, first: 0, count: Self.rowCount)
        for row in 0..<Self.rowCount {
            let difference = abs(Double(all[row]) - expected[row])
            #expect(
                difference <= tolerances[row], "row \(row): \(all[row]), not \(expected[row]), \(context)")
        }
        for ids in Self.idLists {
            let gathered = try rows.gather(kernels, query, ids)
            #expect(gathered == ids.map { all[Int($0)] }, "gather of \(ids), \(context)")
            let first = Self.rowCount - ids.count
            let scanned = try rows.scan(kernels, query, first: first, count: ids.count)
            #expect(scanned == Array(all[first...]), "scan of \(ids.count), \(context)")
        }
    }

    private static func products(_ query: [Int], _ rows: CodeRows) -> [Int] {
        rows.codes.map { codes in
            var sum = 0
            for i in codes.indices { sum += codes[i] * query[i] }
            return sum
        }
    }

    @Test("Sums of products are exact", arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func exactSums(table: String, kind: CodeRowKind) throws {
        let kernels = kind.kernels(try #require(codeRowTable(named: table)).pointee, .dot)
        for n in codeRowDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let largest = kind.largestQueryCode(n)
            let codes = (0..<Self.rowCount).map { _ in
                (0..<n).map { _ in Int.random(in: 0...kind.largestCode, using: &generator) }
            }
            // A distance that is the sum itself.
            let terms = [ck_code_terms](
                repeating: ck_code_terms(constant: 0, low: 0, step: -1, error: 0), count: Self.rowCount)
            let rows = try CodeRows(kind, codes, terms: terms, using: &generator)
            let queryCodes = (0..<n).map { _ in Int.random(in: -largest...largest, using: &generator) }
            var head = ck_code_query()
            head.scale = 1
            let query = try CodeRowQuery(kind, codes: queryCodes, head: head)
            let sums = Self.products(queryCodes, rows)
            // Each is a float.
            #expect(sums.allSatisfy { $0.magnitude < 1 << 24 }, "n \(n)")
            try expectDistances(
                rows, query, kernels, sums.map(Double.init), tolerances: [Double](repeating: 0, count: Self.rowCount),
                "n \(n)")
        }
    }

    @Test(
        "Distances are those of the definition, and nothing else is read or written", arguments: supportedCodeRowTables,
        CodeRowKind.allCases)
    func distances(table: String, kind: CodeRowKind) throws {
        let kernels = kind.kernels(try #require(codeRowTable(named: table)).pointee, .dot)
        for n in codeRowDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let rows = try CodeRows(kind, count: Self.rowCount, n: n, using: &generator)
            let largest = kind.largestQueryCode(n)
            let queryCodes = (0..<n).map { _ in Int.random(in: -largest...largest, using: &generator) }
            var head = ck_code_query()
            head.constant = 3.25
            head.scale = 0.0078
            head.code_sum = Float(queryCodes.reduce(0, +))
            let query = try CodeRowQuery(kind, codes: queryCodes, head: head)
            var expected: [Double] = []
            var tolerances: [Double] = []
            for (sum, terms) in zip(Self.products(queryCodes, rows), rows.terms) {
                let offset = Double(head.code_sum) * Double(terms.low)
                let product = Double(terms.step) * Double(sum)
                let constant = Double(head.constant) + Double(terms.constant)
                expected.append(constant - Double(head.scale) * (offset + product))
                tolerances.append(
                    0x1p-22 * (abs(Double(terms.constant)) + 3.25 + Double(head.scale) * (abs(offset) + abs(product))))
            }
            try expectDistances(rows, query, kernels, expected, tolerances: tolerances, "n \(n)")
        }
    }

    @Test(
        "Manhattan distances are those of the definition, and nothing else is read or written",
        arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func manhattan(table: String, kind: CodeRowKind) throws {
        let kernels = kind.kernels(try #require(codeRowTable(named: table)).pointee, .l1)
        for n in codeRowDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let rows = try CodeRows(kind, count: Self.rowCount, n: n, using: &generator)
            let values = generator.vector(dimensions: n)
            let query = try CodeRowQuery(kind, values: values)
            var expected: [Double] = []
            var tolerances: [Double] = []
            for row in 0..<Self.rowCount {
                var sum = 0.0
                var magnitude = 0.0
                for (value, decoded) in zip(values, rows.values(row)) {
                    sum += abs(Double(value) - decoded)
                    magnitude += abs(Double(value)) + abs(decoded) + abs(Double(rows.terms[row].low))
                }
                expected.append(sum)
                tolerances.append(0x1p-24 * Double(n + 4) * magnitude)
            }
            try expectDistances(rows, query, kernels, expected, tolerances: tolerances, "n \(n)")
        }
    }

    @Test("The ends of the range do not overflow a sum", arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func extremes(table: String, kind: CodeRowKind) throws {
        let kernels = kind.kernels(try #require(codeRowTable(named: table)).pointee, .dot)
        // 4,113 is the last dimension with query codes of 2,047.
        for n in codeRowDimensions + [4113, 4114, 65_535] {
            var generator = SeededGenerator(seed: UInt64(n))
            let codes = [[Int]](repeating: [Int](repeating: kind.largestCode, count: n), count: 5)
            let terms = [ck_code_terms](repeating: ck_code_terms(constant: 0, low: 0, step: -1, error: 0), count: 5)
            let rows = try CodeRows(kind, codes, terms: terms, using: &generator)
            for sign in [-1, 1] {
                let code = sign * kind.largestQueryCode(n)
                var head = ck_code_query()
                head.scale = 1
                let query = try CodeRowQuery(kind, codes: [Int](repeating: code, count: n), head: head)
                let expected = [Float](repeating: Float(n * code * kind.largestCode), count: 5)
                #expect(try rows.scan(kernels, query, first: 0, count: 5) == expected, "n \(n), \(sign)")
            }
        }
    }

    @Test("Every code counts once, wherever it stands", arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func everyPlace(table: String, kind: CodeRowKind) throws {
        let kernels = kind.kernels(try #require(codeRowTable(named: table)).pointee, .dot)
        var generator = SeededGenerator(seed: 1)
        let n = 259
        let term = ck_code_terms(constant: 0, low: 0, step: -1, error: 0)
        // Row d has one code, d's, and query code d is d - 100.
        let codes = (0..<n).map { d in (0..<n).map { $0 == d ? kind.largestCode : 0 } }
        let rows = try CodeRows(kind, codes, terms: [ck_code_terms](repeating: term, count: n), using: &generator)
        var head = ck_code_query()
        head.scale = 1
        let query = try CodeRowQuery(kind, codes: (0..<n).map { $0 % 128 - 100 }, head: head)
        let expected = (0..<n).map { Float(($0 % 128 - 100) * kind.largestCode) }
        #expect(try rows.scan(kernels, query, first: 0, count: n) == expected)
    }

    @Test(
        "A row's terms may lie behind its codes in the last line", arguments: supportedCodeRowTables,
        CodeRowKind.allCases)
    func termsInsideRows(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        // 96 codes of 8 bits, and 192 of 4, end half a line before the row does.
        let n = kind == .u4 ? 192 : 96
        let stride = kind.lines(n) * 64
        for offset in [stride - 16, stride - 32] {
            var generator = SeededGenerator(seed: UInt64(offset))
            let rows = try CodeRows(kind, count: 9, n: n, using: &generator)
            var bytes = [UInt8](repeating: 0, count: 9 * stride)
            for row in 0..<9 {
                let codes = kind.bytes(ofCodes: rows.codes[row])
                bytes.replaceSubrange(row * stride..<row * stride + codes.count, with: codes)
                withUnsafeBytes(of: rows.terms[row]) {
                    bytes.replaceSubrange(row * stride + offset..<row * stride + offset + 16, with: $0)
                }
            }
            let guarded = try GuardedArray(bytes)
            let inside = ck_code_rows(
                codes: guarded.base, stride: stride, terms: guarded.base + offset, terms_stride: stride, n: n,
                lines: kind.lines(n))
            for sum in CodeRowSum.allCases {
                let kernels = kind.kernels(table, sum)
                let query = try CodeRowQuery(kind, sum, n: n)
                let outside = try CodeRowQuery(kind, sum, n: n)
                withUnsafePointer(to: inside) { kernels.row_query($0, 5, query.head) }
                withUnsafePointer(to: rows.view) { kernels.row_query($0, 5, outside.head) }
                #expect(query.codes == outside.codes && query.paddingIsZero)
                var out = [Float](repeating: .nan, count: 9)
                withUnsafePointer(to: inside) { kernels.scan(query.head, $0, 0, 9, &out) }
                #expect(try out == rows.scan(kernels, outside, first: 0, count: 9), "\(sum), offset \(offset)")
                let ids: [UInt32] = [8, 8, 0, 3, 7]
                withUnsafePointer(to: inside) { kernels.gather(query.head, $0, ids, 5, &out) }
                #expect(try Array(out.prefix(5)) == rows.gather(kernels, outside, ids), "\(sum), offset \(offset)")
            }
        }
    }

    @Test(
        "A distance that is NaN or too large is the largest float", arguments: supportedCodeRowTables,
        CodeRowKind.allCases)
    func largestDistances(table: String, kind: CodeRowKind) throws {
        let kernels = kind.kernels(try #require(codeRowTable(named: table)).pointee, .dot)
        let most = Float.greatestFiniteMagnitude
        let constants: [Float] = [.nan, .infinity, -.nan, most, -most, .signalingNaN, 0, -1, 1]
        for (queryConstant, smallest) in [(Float(0), -most), (.infinity, most), (.nan, most), (most, 0)] {
            var generator = SeededGenerator(seed: 1)
            let n = 70
            let codes = (0..<9).map { _ in (0..<n).map { _ in Int.random(in: 0...kind.largestCode, using: &generator) }
            }
            let terms = constants.map { ck_code_terms(constant: $0, low: 0, step: 0, error: 0) }
            let rows = try CodeRows(kind, codes, terms: terms, using: &generator)
            var head = ck_code_query()
            head.constant = queryConstant
            head.scale = 1
            let query = try CodeRowQuery(kind, codes: [Int](repeating: 1, count: n), head: head)
            let expected = constants.map { $0 + queryConstant < most ? $0 + queryConstant : most }
            #expect(expected.min() == smallest)
            #expect(try rows.scan(kernels, query, first: 0, count: 9) == expected, "constant \(queryConstant)")
            #expect(
                try rows.gather(kernels, query, [8, 7, 6, 5, 4, 3, 2, 1, 0]) == expected.reversed(),
                "constant \(queryConstant)")
        }
    }
}

@Suite("Tables on rows of codes")
struct CodeRowTableTests {
    @Test("The tables are listed fastest first and require what their instructions need")
    func tables() {
        let tables = (0..<ck_code_row_table_count()).map { ck_code_row_table_at($0)!.pointee }
        let found = tables.map { "\(String(cString: $0.name)) \($0.required_features)" }
        #if arch(x86_64)
            let avx2 = UInt32(CK_FEATURE_AVX2)
            let avx512 = UInt32(CK_FEATURE_AVX512)
            let avx512vnni = UInt32(CK_FEATURE_AVX512VNNI)
            let avxvnni = UInt32(CK_FEATURE_AVXVNNI)
            let expected = [
                "avx512vnni \(avx2 | avx512 | avx512vnni)", "avxvnni \(avx2 | avxvnni)", "avx2 \(avx2)", "portable 0",
            ]
            #expect(found == expected)
        #else
            #expect(found == ["portable 0"])
        #endif
    }

    @Test("A table is found by its exact name only")
    func names() {
        for name in ["portable"] + supportedCodeRowTables where name != "evexvnni" {
            #expect(ck_code_row_table_named(name).map { String(cString: $0.pointee.name) } == name)
        }
        for name in ["", "avx512", "AVX2", "avx2 ", "neon"] { #expect(ck_code_row_table_named(name) == nil, "\(name)") }
    }
}
