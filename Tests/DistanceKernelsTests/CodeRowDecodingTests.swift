// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

@Suite("Decoding of rows of codes")
struct CodeRowDecodingTests {
    @Test("A vector of 8-bit codes is within half a step", arguments: supportedCodeRowTables)
    func eightBits(table: String) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        for n in encodedDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            for subject in EncodedSubject.all(n, using: &generator) {
                var bytes = [UInt8](repeating: 0, count: n)
                let row = table.encode_u8(subject.vector, subject.center, n, 0, &bytes)
                let codes = try GuardedArray(bytes)
                let center = try GuardedArray(subject.center)
                let out = try GuardedArray([Float](repeating: .nan, count: n))
                table.decode_u8(codes.base, center.base, n, row.low, row.step, out.base)
                let rounding =
                    0x1p-21 * Double(max(largest(subject.remainder), largest(subject.vector.map(Double.init))))
                let reach = Double(row.step) * 0.5001 + rounding + leastDividedRange
                let decoded = (0..<n).map { Double(out.base[$0]) }
                #expect(
                    largest(differences(decoded, subject.vector.map(Double.init))) <= reach, "\(subject.name), n \(n)")
            }
        }
    }

    @Test(
        "A vector of 4-bit codes and remainders is within half a sixteenth of their width",
        arguments: supportedCodeRowTables,
        [false, true])
    func eightBitsOfTwoPlanes(table: String, unbiased: Bool) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        let width = Double(CK_REMAINDER_WIDTH)
        for n in encodedDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            for subject in EncodedSubject.all(n, using: &generator) {
                let context = "\(subject.name), n \(n)"
                let r = subject.remainder
                var bytes = [UInt8](repeating: 0, count: (n + 1) / 2)
                let row = table.encode_u4(subject.vector, subject.center, n, unbiased ? 1 : 0, &bytes)
                let codes = try GuardedArray(bytes)
                let vector = try GuardedArray(subject.vector)
                let center = try GuardedArray(subject.center)
                let remainders = try GuardedArray([UInt8](repeating: 0xA5, count: (n + 1) / 2))
                let out = try GuardedArray([Float](repeating: .nan, count: n))
                table.encode_remainders(vector.base, center.base, n, row.low, row.step, codes.base, remainders.base)
                table.decode_u4(codes.base, remainders.base, center.base, n, row.low, row.step, out.base)
                let step = Double(row.step)
                let rounding = 0x1p-21 * max(largest(r), largest(subject.vector.map(Double.init))) + leastDividedRange
                if n % 2 == 1 { #expect(remainders.base[n / 2] >> 4 == 0, "\(context)") }
                let isRight = CodeRowKind.u4.codes(ofBytes: bytes, n: n).enumerated().allSatisfy { i, code in
                    let away = r[i] - Double(row.low) - step * Double(code)
                    // The remainders of the largest values of a row that is scaled may lie beyond the ends.
                    let isWithin = away >= -step * width * 8.5 / 16 && away <= step * width * 7.5 / 16
                    let reach = isWithin ? step * width / 32 * 1.001 : abs(away)
                    let isAtEnd = unbiased || abs(away) <= step * 0.5001 + rounding
                    return abs(Double(out.base[i] - subject.vector[i])) <= reach + rounding && (isWithin || isAtEnd)
                }
                #expect(isRight, "\(context)")
            }
        }
    }

    @Test("Every table gives the same remainders and vectors but for rounding", arguments: supportedCodeRowTables)
    func parity(table: String) throws {
        let table = try #require(codeRowTable(named: table)).pointee
        let portable = try #require(ck_code_row_table_named("portable")).pointee
        for n in encodedDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let (vector, center) = (generator.vector(dimensions: n), generator.vector(dimensions: n))
            var codes = [UInt8](repeating: 0, count: (n + 1) / 2)
            let row = portable.encode_u4(vector, center, n, 1, &codes)
            let decoded = [table, portable].map { table in
                var remainders = [UInt8](repeating: 0, count: (n + 1) / 2)
                table.encode_remainders(vector, center, n, row.low, row.step, codes, &remainders)
                var out = [Float](repeating: .nan, count: n)
                table.decode_u4(codes, remainders, center, n, row.low, row.step, &out)
                return out
            }
            // A remainder between two may be either.
            let reach = row.step * CK_REMAINDER_WIDTH / 16 + 0x1p-20
            #expect(zip(decoded[0], decoded[1]).allSatisfy { abs($0 - $1) <= reach }, "n \(n)")
        }
    }
}
