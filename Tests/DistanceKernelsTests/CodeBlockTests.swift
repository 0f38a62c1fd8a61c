// SPDX-License-Identifier: Apache-2.0

import CKernels
import CVNNITwins
import TestSupport
import Testing

/// Every table on blocks of codes that this machine can run, by name; AVX-VNNI's also in AVX-512's encoding.
private let supportedBlockTables: [String] =
    ((0..<ck_code_block_table_count()).map { ck_code_block_table_at($0) } + [vnni_twin_of_blocks()])
    .compactMap { $0?.pointee }
    .filter { $0.required_features & ~ck_features() == 0 }.map { String(cString: $0.name) }

/// The table of that name.
private func codeBlockTable(named name: String) -> UnsafePointer<ck_code_block_table>? {
    name == "evexvnni" ? vnni_twin_of_blocks() : ck_code_block_table_named(name)
}

@Suite("Kernels on blocks of codes")
struct CodeBlockTests {
    private static let blockSize = Int(CK_BLOCK)

    /// A block, by the code of each vector and dimension.
    private static func block(quads: Int, code: (_ v: Int, _ d: Int) -> UInt8) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: quads * 4 * blockSize)
        for v in 0..<blockSize {
            for d in 0..<quads * 4 { block[(d / 4 * blockSize + v) * 4 + d % 4] = code(v, d) }
        }
        return block
    }

    /// A query's codes, cut to what the table's limit on the sums of a lane leaves for each.
    private static func limited(_ codes: [Int8], _ table: ck_code_block_table) -> [Int8] {
        guard table.largest_query_sum > 0 else { return codes }
        // By run, lane and sign.
        var sums: [[Int]: Int] = [:]
        return codes.enumerated().map { d, code in
            let lane = [d / Int(CK_QUAD * CK_RUN), d / 2 % 2, code.signum() < 0 ? 1 : 0]
            let magnitude = min(Int(code.magnitude), Int(table.largest_query_sum) - sums[lane, default: 0])
            sums[lane, default: 0] += magnitude
            return Int8(magnitude * Int(code.signum()))
        }
    }

    private static func products(_ queries: [Int8], _ block: [UInt8], quads: Int) -> [Int32] {
        let n = quads * 4
        return (0..<queries.count / n).flatMap { q in
            (0..<blockSize).map { v in
                var sum = 0
                for d in 0..<n { sum += Int(queries[q * n + d]) * Int(block[(d / 4 * blockSize + v) * 4 + d % 4]) }
                return Int32(sum)
            }
        }
    }

    @Test(
        "Products are those of the definition, and nothing else is read or written", arguments: supportedBlockTables)
    func exactProducts(table: String) throws {
        let table = try #require(codeBlockTable(named: table)).pointee
        let reach = Int8(table.largest_query_code)
        for quads in [1, 2, 3, 7, 24, 33] {
            var generator = SeededGenerator(seed: UInt64(quads))
            let codes = Self.block(quads: quads) { _, _ in UInt8.random(in: 0...table.largest_code, using: &generator) }
            let block = try GuardedArray(codes)
            for count in [0, 1, 2, 3, 5, 6, 7, 13] {
                let n = quads * 4
                let queryCodes = (0..<count).flatMap { _ in
                    Self.limited((0..<n).map { _ in Int8.random(in: -reach...reach, using: &generator) }, table)
                }
                let queries = try GuardedArray(queryCodes)
                let out = try GuardedArray([Int32](repeating: 7, count: count * Self.blockSize))
                table.products(queries.base, n, count, block.base, quads, out.base)
                let found = Array(UnsafeBufferPointer(start: out.base, count: count * Self.blockSize))
                #expect(found == Self.products(queryCodes, codes, quads: quads), "\(count) queries, \(quads) quads")
            }
        }
    }

    @Test("The ends of the range are exact up to 65,536 dimensions", arguments: supportedBlockTables)
    func extremes(table: String) throws {
        let table = try #require(codeBlockTable(named: table)).pointee
        let largest = Int(table.largest_code)
        let reach = Int(table.largest_query_code)
        for quads in [1, 2, 3, 5, 16_383, 16_384] {
            let block = [UInt8](repeating: table.largest_code, count: quads * 4 * Self.blockSize)
            for sign in [-1, 1] {
                let query = Self.limited([Int8](repeating: Int8(sign * reach), count: quads * 4), table)
                let product = Int32(query.reduce(0) { $0 + Int($1) } * largest)
                var out = [Int32](repeating: 0, count: Self.blockSize)
                table.products(query, quads * 4, 1, block, quads, &out)
                #expect(out == [Int32](repeating: product, count: Self.blockSize))
            }
        }
    }

    @Test(
        "Estimates are those of the definition, and a bit is set where they reach the bound",
        arguments: supportedBlockTables)
    func select(table: String) throws {
        let table = try #require(codeBlockTable(named: table)).pointee
        var generator = SeededGenerator(seed: 3)
        let count = 5
        let products = (0..<count * Self.blockSize).map { _ in Int32.random(in: -100_000...100_000, using: &generator) }
        let scales = generator.vector(dimensions: Self.blockSize)
        let sums = generator.vector(dimensions: Self.blockSize)
        let offsets = generator.vector(dimensions: Self.blockSize)
        let queries = (0..<count).map {
            ck_query_terms(scale: 1e-5 * Float($0 + 1), mean: Float($0) - 2, product_offset: Int32(1000 * $0))
        }
        let bounds: [Float] = [0, -0.5, .infinity, -.infinity, 1]
        var selected = [UInt64](repeating: 5, count: count)
        var estimates = [Float](repeating: .nan, count: count * Self.blockSize)
        scales.withUnsafeBufferPointer { scales in
            sums.withUnsafeBufferPointer { sums in
                offsets.withUnsafeBufferPointer { offsets in
                    var block = ck_block_terms(
                        scales: scales.baseAddress, sums: sums.baseAddress, offsets: offsets.baseAddress)
                    table.select(products, count, &block, queries, bounds, &selected, &estimates)
                }
            }
        }
        for q in 0..<count {
            for v in 0..<Self.blockSize {
                let query = queries[q]
                let product = Double(query.scale) * Double(products[q * Self.blockSize + v] - query.product_offset)
                let expected =
                    Double(query.mean) * Double(sums[v]) + product * Double(scales[v]) - Double(offsets[v])
                let isSelected = selected[q] >> v & 1 == 1
                if abs(expected - Double(bounds[q])) > 1e-5 { #expect(isSelected == (expected >= Double(bounds[q]))) }
                if isSelected { #expect(abs(Double(estimates[q * Self.blockSize + v]) - expected) < 1e-5) }
            }
        }
    }

    /// Vectors that codes represent badly or not at all.
    private static func hostileVectors(_ n: Int, using generator: inout SeededGenerator) -> [[Float]] {
        var outlier = generator.vector(dimensions: n)
        outlier[n / 2] = 1e6
        return [
            generator.vector(dimensions: n), outlier, generator.vector(dimensions: n).map { $0 + 1000 },
            generator.vector(dimensions: n).map { $0 * 0x1p-133 }, generator.vector(dimensions: n).map { $0 * 1e18 },
            [Float](repeating: 0, count: n), [Float](repeating: 3, count: n),
            [Float](repeating: Float.leastNonzeroMagnitude, count: n),
            (0..<n).map { $0 % 2 == 0 ? 1 : -1 },
        ]
    }

    @Test(
        "A vector's codes and terms are those of the definition, and its lengths no shorter",
        arguments: supportedBlockTables)
    func encodedVectors(table: String) throws {
        let table = try #require(codeBlockTable(named: table)).pointee
        let zeroPoint = (Int(table.largest_code) + 1) / 2
        for n in [1, 2, 4, 5, 100, 257] {
            var generator = SeededGenerator(seed: UInt64(n))
            for (i, vector) in Self.hostileVectors(n, using: &generator).enumerated() {
                var block = [UInt8](repeating: 0, count: ck_quads(n) * 4 * Self.blockSize)
                let place = 63 - i
                let encoded = ck_encode_vector(vector, n, table.largest_code, &block, place)
                let codes = (0..<n).map { block[($0 / 4 * Self.blockSize + place) * 4 + $0 % 4] }
                #expect(codes.allSatisfy { $0 >= 1 && $0 <= table.largest_code })
                let sum = vector.reduce(0) { $0 + Double($1) }
                #expect(abs(Double(encoded.sum) - sum) <= 1e-6 * vector.reduce(0) { $0 + abs(Double($1)) } + 1e-44)
                let mean = Double(Float(sum / Double(n)))
                var coded = 0.0
                var residual = 0.0
                for (value, code) in zip(vector, codes) {
                    let part = Double(encoded.scale) * Double(Int(code) - zeroPoint)
                    coded += part * part
                    residual += (Double(value) - mean - part) * (Double(value) - mean - part)
                }
                #expect(Double(encoded.coded_length) >= coded.squareRoot(), "vector \(i), n \(n)")
                #expect(Double(encoded.residual_length) >= residual.squareRoot(), "vector \(i), n \(n)")
                // No code is farther off than half a step, if the scale is not lost to underflow.
                if encoded.scale > 0 {
                    let most = Double(encoded.scale) * Double(n).squareRoot() * 0.501
                    #expect(
                        Double(encoded.residual_length) <= most + 1e-6 * abs(mean) * Double(n), "vector \(i), n \(n)")
                }
            }
        }
    }

    @Test(
        "A query's codes and terms are those of the definition, and its lengths no shorter",
        arguments: supportedBlockTables)
    func encodedQueries(table: String) throws {
        let table = try #require(codeBlockTable(named: table)).pointee
        for n in [1, 2, 4, 5, 100, 257] {
            var generator = SeededGenerator(seed: UInt64(n))
            for (i, query) in Self.hostileVectors(n, using: &generator).enumerated() {
                var codes = [Int8](repeating: 0, count: n)
                let encoded = ck_encode_query(
                    query, n, table.largest_query_code, table.largest_query_sum, &codes)
                #expect(codes.allSatisfy { $0.magnitude <= table.largest_query_code })
                #expect(codes == Self.limited(codes, table))
                #expect(encoded.code_sum == codes.reduce(0) { $0 + Int32($1) })
                var deviation = 0.0
                var residual = 0.0
                for (value, code) in zip(query, codes) {
                    let away = Double(value) - Double(encoded.mean)
                    let left = away - Double(encoded.scale) * Double(code)
                    deviation += away * away
                    residual += left * left
                }
                #expect(Double(encoded.deviation_length) >= deviation.squareRoot(), "query \(i), n \(n)")
                #expect(Double(encoded.residual_length) >= residual.squareRoot(), "query \(i), n \(n)")
            }
        }
    }
}
