// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

@Suite("Encoding of rows of codes")
struct CodeRowEncodingTests {
    /// What encoding gave, and what it stands for.
    private struct Encoded {
        let row: ck_encoded_row
        let codes: [Int]
        let bytes: [UInt8]
        let values: [Double]

        init(_ subject: EncodedSubject, _ table: ck_code_row_table, _ kind: CodeRowKind, unbiased: Bool) throws {
            let n = subject.vector.count
            let vector = try GuardedArray(subject.vector)
            let center = try GuardedArray(subject.center)
            let written = try GuardedArray([UInt8](repeating: 0xA5, count: kind.byteCount(n)))
            let row = kind.encode(table)(vector.base, center.base, n, unbiased ? 1 : 0, written.base)
            bytes = Array(UnsafeBufferPointer(start: written.base, count: kind.byteCount(n)))
            let codes = kind.codes(ofBytes: bytes, n: n)
            values = codes.map { Double(row.low) + Double(row.step) * Double($0) }
            (self.row, self.codes) = (row, codes)
        }
    }

    /// Calls the body for every vector and dimension.
    private func forEachSubject(_ body: (EncodedSubject, _ n: Int, _ context: String) throws -> Void) throws {
        for n in encodedDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            for subject in EncodedSubject.all(n, using: &generator) { try body(subject, n, "\(subject.name), n \(n)") }
        }
    }

    @Test(
        "No value is farther from its code than half a step, and the least and the greatest have codes of their own",
        arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func rounding(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        try forEachSubject { subject, n, context in
            let encoded = try Encoded(subject, table, kind, unbiased: false)
            let r = subject.remainder
            let step = Double(encoded.row.step)
            let rounding = 0x1p-22 * largest(r) + 0x1p-149
            let range = r.max()! - r.min()!
            let reach = range < leastDividedRange ? leastDividedRange : step * 0.5001 + rounding
            #expect(largest(differences(r, encoded.values)) <= reach, "\(context)")
            #expect(Double(encoded.row.low) == r.min()!, "\(context)")
            if range >= leastDividedRange {
                #expect(abs(step * Double(kind.largestCode) - range) <= 4 * rounding, "\(context)")
                #expect(encoded.codes[r.firstIndex(of: r.min()!)!] == 0, "\(context)")
                #expect(encoded.codes[r.firstIndex(of: r.max()!)!] == kind.largestCode, "\(context)")
            } else if range == 0 {
                #expect(step == 0, "\(context)")
            }
            if kind == .u4 && n % 2 == 1 { #expect(encoded.bytes.last! >> 4 == 0, "\(context)") }
        }
    }

    @Test(
        "What is found out about a row is so", arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func facts(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        for unbiased in [false, true] {
            try forEachSubject { subject, n, context in
                let encoded = try Encoded(subject, table, kind, unbiased: unbiased)
                let row = encoded.row
                let r = subject.remainder
                let center = subject.center.map(Double.init)
                let unit = Double(n + 8) * 0x1p-24
                let underflow = Double(n) * 0x1p-149
                #expect(
                    abs(Double(row.squared_norm) - dotProduct(r, r)) <= unit * dotProduct(r, r) + underflow,
                    "\(context)")
                #expect(
                    abs(Double(row.product) - dotProduct(r, encoded.values)) <= unit * magnitude(r, encoded.values)
                        + underflow,
                    "\(context)")
                #expect(
                    abs(Double(row.center_product) - dotProduct(r, center)) <= unit * magnitude(r, center) + underflow,
                    "\(context)")
                // A difference of two floats of this size is off by as much in every component.
                let difference = norm(differences(r, encoded.values))
                let rounding = 0x1p-22 * (largest(r) + largest(encoded.values)) * Double(n).squareRoot()
                #expect(
                    abs(Double(row.error) - difference) <= unit * difference + rounding + underflow.squareRoot(),
                    "\(context): \(row.error), not \(difference)")
            }
        }
    }

    @Test(
        "What rounding left of an unbiased row is orthogonal to the vector", arguments: supportedCodeRowTables,
        CodeRowKind.allCases)
    func unbiased(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        try forEachSubject { subject, n, context in
            let biased = try Encoded(subject, table, kind, unbiased: false)
            let encoded = try Encoded(subject, table, kind, unbiased: true)
            let r = subject.remainder
            #expect(encoded.codes == biased.codes, "\(context)")
            let scale = dotProduct(r, r) / dotProduct(r, biased.values)
            let hasLength = norm(r) > leastScaledLength
            guard hasLength, scale > 0.5, scale < 2 else {
                #expect(encoded.row.low == biased.row.low && encoded.row.step == biased.row.step, "\(context)")
                return
            }
            let left = differences(r, encoded.values)
            let tolerance = Double(n + 16) * 0x1p-23 * (dotProduct(r, r) + magnitude(r, encoded.values))
            #expect(abs(dotProduct(r, left)) <= tolerance, "\(context): \(dotProduct(r, left))")
        }
    }

    @Test("A row is not blown up where a single value has most of the range", arguments: supportedCodeRowTables)
    func largeFactors(table: String) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        // But for one, all values are less than half a step from the least, 0.
        let vector = [0, 15] + [Float](repeating: 0.49, count: 2046)
        let subject = EncodedSubject(name: "", vector: vector, center: [Float](repeating: 0, count: vector.count))
        let encoded = try Encoded(subject, table, .u4, unbiased: true)
        #expect(encoded.codes == [0, 15] + [Int](repeating: 0, count: 2046))
        #expect(dotProduct(subject.remainder, subject.remainder) > 2 * dotProduct(subject.remainder, encoded.values))
        #expect(encoded.row.low == 0 && encoded.row.step == 1)
    }

    @Test(
        "Every table encodes alike but for rounding", arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func parity(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        let portable = try #require(ck_code_row_table_named("portable")).pointee
        try forEachSubject { subject, n, context in
            let found = try Encoded(subject, table, kind, unbiased: true)
            let expected = try Encoded(subject, portable, kind, unbiased: true)
            #expect(zip(found.codes, expected.codes).allSatisfy { abs($0 - $1) <= 1 }, "\(context)")
            // One step more or less of a few codes, where they lie between two.
            let reach = Double(expected.row.step) * 1.001 + 0x1p-20 * largest(expected.values)
            #expect(largest(differences(found.values, expected.values)) <= reach, "\(context)")
            let difference = abs(Double(found.row.error) - Double(expected.row.error))
            #expect(difference <= 0.01 * Double(expected.row.error) + reach * Double(n).squareRoot(), "\(context)")
        }
    }

    @Test("Bytes behind the codes are left alone", arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func nothingBehindIsWritten(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        for n in encodedDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let vector = generator.vector(dimensions: n)
            var bytes = [UInt8](repeating: 0xA5, count: kind.byteCount(n) + 64)
            _ = kind.encode(table)(vector, [Float](repeating: 0, count: n), n, 1, &bytes)
            #expect(bytes.suffix(64).allSatisfy { $0 == 0xA5 }, "n \(n)")
            if kind == .u4 {
                bytes = [UInt8](repeating: 0xA5, count: kind.byteCount(n) + 64)
                let codes = [UInt8](repeating: 0x37, count: kind.byteCount(n))
                table.encode_remainders(vector, [Float](repeating: 0, count: n), n, 0, 0.1, codes, &bytes)
                #expect(bytes.suffix(64).allSatisfy { $0 == 0xA5 }, "n \(n)")
            }
        }
    }

    @Test(
        "No value of a query is clipped, and none is farther from its code than half the scale",
        arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func queries(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        try forEachSubject { subject, n, context in
            let vector = try GuardedArray(subject.vector)
            let center = try GuardedArray(subject.center)
            let r = subject.remainder
            let c = subject.center.map(Double.init)
            let q = subject.vector.map(Double.init)
            for sum in CodeRowSum.allCases {
                let query = try CodeRowQuery(kind, sum, n: n)
                kind.kernels(table, sum).encode_query(vector.base, center.base, n, kind.lines(n), query.head)
                let head = query.head.pointee
                let codes = query.codes
                #expect(query.paddingIsZero, "\(context)")
                #expect(head.constant == 0, "\(context)")
                let unit = Double(n + 8) * 0x1p-24
                let underflow = Double(n) * 0x1p-149
                #expect(
                    abs(Double(head.squared_norm) - dotProduct(r, r)) <= unit * dotProduct(r, r) + underflow,
                    "\(context)")
                #expect(
                    abs(Double(head.center_product) - dotProduct(q, c)) <= unit * magnitude(q, c) + underflow,
                    "\(context)")
                if sum == .l1 {
                    #expect(codes == r, "\(context)")
                    continue
                }
                let most = Double(kind.largestQueryCode(n))
                #expect(largest(codes) <= most, "\(context)")
                #expect(Double(head.code_sum) == codes.reduce(0, +), "\(context)")
                let scale = Double(head.scale)
                let reach = largest(r) < leastDividedRange ? leastDividedRange : scale * 0.5001 + 0x1p-22 * largest(r)
                #expect(largest(differences(r, codes.map { scale * $0 })) <= reach, "\(context)")
                if largest(r) >= leastDividedRange { #expect(largest(codes) == most, "\(context)") }
            }
        }
    }

    @Test("A row as a query has the row's values", arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func rowQueries(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        for n in codeRowDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let rows = try CodeRows(kind, count: 3, n: n, using: &generator)
            for (row, sum) in [(0, CodeRowSum.dot), (2, .dot), (1, .l1), (2, .l1)] {
                let query = try CodeRowQuery(kind, sum, n: n)
                withUnsafePointer(to: rows.view) { kind.kernels(table, sum).row_query($0, row, query.head) }
                let head = query.head.pointee
                let values = rows.values(row)
                let codes = query.codes
                let context = "\(sum), n \(n)"
                #expect(query.paddingIsZero, "\(context)")
                #expect(head.constant == 0 && head.squared_norm == 0 && head.center_product == 0, "\(context)")
                let ends = abs(rows.terms[row].low) + rows.terms[row].step * Float(kind.largestCode)
                let rounding = 0x1p-21 * Double(ends)
                if sum == .l1 {
                    #expect(largest(differences(codes, values)) <= rounding, "\(context)")
                } else {
                    #expect(Double(head.code_sum) == codes.reduce(0, +), "\(context)")
                    #expect(largest(codes) <= Double(kind.largestQueryCode(n)), "\(context)")
                    let reach = Double(head.scale) * 0.501 + rounding
                    #expect(largest(differences(codes.map { Double(head.scale) * $0 }, values)) <= reach, "\(context)")
                }
            }
        }
    }

    @Test("Every table gives a row of 4-bit codes the same codes as a query", arguments: supportedCodeRowTables)
    func rowQueryParity(table: String) throws {
        let tables = [
            try #require(codeRowTable(named: table)).pointee,
            try #require(ck_code_row_table_named("portable")).pointee,
        ]
        for n in codeRowDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let rows = try CodeRows(.u4, count: 9, n: n, using: &generator)
            for row in 0..<9 {
                let queries = try tables.map { table in
                    let query = try CodeRowQuery(.u4, .dot, n: n)
                    withUnsafePointer(to: rows.view) { table.u4_dot.row_query($0, row, query.head) }
                    return query
                }
                #expect(queries[0].codes == queries[1].codes, "n \(n)")
                #expect(queries[0].head.pointee.code_sum == queries[1].head.pointee.code_sum, "n \(n)")
            }
        }
    }

    @Test(
        "Of two rows, either may be the query", arguments: supportedCodeRowTables, CodeRowKind.allCases)
    func symmetry(table: String, kind: CodeRowKind) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        for n in codeRowDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let rows = try CodeRows(kind, count: 2, n: n, using: &generator)
            let values = [rows.values(0), rows.values(1)]
            for sum in CodeRowSum.allCases {
                let kernels = kind.kernels(table, sum)
                let queries = try (0..<2).map { row in
                    let query = try CodeRowQuery(kind, sum, n: n)
                    withUnsafePointer(to: rows.view) { kernels.row_query($0, row, query.head) }
                    return query
                }
                let found = try (0..<2).map { Double(try rows.gather(kernels, queries[$0], [UInt32(1 - $0)])[0]) }
                let absolute = values.map { $0.reduce(0.0) { $0 + abs($1) } }
                let unit = Double(n + 8) * 0x1p-22
                let ends = rows.terms.map { Double(abs($0.low) + $0.step * Float(kind.largestCode)) }
                switch sum {
                case .l1:
                    #expect(abs(found[0] - found[1]) <= unit * Double(n) * (ends[0] + ends[1]), "n \(n)")
                case .dot:
                    let products = (0..<2).map { Double(rows.terms[1 - $0].constant) - found[$0] }
                    let exact = dotProduct(values[0], values[1])
                    let rounding = 0x1p-20 * (9 + Double(n) * ends[0] * ends[1])
                    for i in 0..<2 {
                        let reach = Double(queries[i].head.pointee.scale) * 0.501 * absolute[1 - i] + rounding
                        #expect(abs(products[i] - exact) <= reach, "n \(n)")
                    }
                }
            }
        }
    }
}
