// SPDX-License-Identifier: Apache-2.0

import CKernels
import CVNNITwins
import TestSupport

/// Every table on rows of codes that this machine can run, by name; AVX-VNNI's also in AVX-512's encoding.
let supportedCodeRowTables: [String] =
    ((0..<ck_code_row_table_count()).map { ck_code_row_table_at($0) } + [vnni_twin_of_rows()])
    .compactMap { $0?.pointee }
    .filter { $0.required_features & ~ck_features() == 0 }.map { String(cString: $0.name) }

/// The table of that name.
func codeRowTable(named name: String) -> UnsafePointer<ck_code_row_table>? {
    name == "evexvnni" ? vnni_twin_of_rows() : ck_code_row_table_named(name)
}

/// Dimensions around half a register, a register, a cache line and several of both kinds of codes, and the most there are.
let codeRowDimensions = [1, 2, 7, 8, 9, 15, 16, 17, 31, 63, 64, 65, 127, 128, 129, 384, 769, 65_536]

private let lineBytes = Int(CK_LINE_BYTES)

/// A kind of rows: its range, how codes lie in bytes, and its functions.
enum CodeRowKind: CaseIterable {
    case u4, u8

    var largestCode: Int { self == .u4 ? 15 : 255 }

    /// Bytes of a row's codes, without what lies behind them in the last line.
    func byteCount(_ n: Int) -> Int { self == .u4 ? (n + 1) / 2 : n }

    func lines(_ n: Int) -> Int { (byteCount(n) + lineBytes - 1) / lineBytes }

    /// The element of a padded query that belongs to code `i` of a row.
    func place(_ i: Int, n: Int) -> Int {
        let half = (n + 1) / 2
        return self == .u4 && i >= half ? lines(n) * lineBytes + i - half : i
    }

    /// Elements of a query, with their padding.
    func queryCount(_ n: Int) -> Int { lines(n) * lineBytes * (self == .u4 ? 2 : 1) }

    /// The largest magnitude of a query's codes: with 16 bits, so that no sum of products overflows.
    func largestQueryCode(_ n: Int) -> Int { self == .u4 ? 127 : min(2047, Int(Int32.max) / (255 * n)) }

    func bytes(ofCodes codes: [Int]) -> [UInt8] {
        guard self == .u4 else { return codes.map(UInt8.init) }
        let half = (codes.count + 1) / 2
        return (0..<half).map { UInt8(codes[$0] | (half + $0 < codes.count ? codes[half + $0] << 4 : 0)) }
    }

    func codes(ofBytes bytes: some Collection<UInt8>, n: Int) -> [Int] {
        guard self == .u4 else { return bytes.prefix(n).map(Int.init) }
        let packed = bytes.prefix((n + 1) / 2)
        return packed.map { Int($0 & 15) } + packed.prefix(n / 2).map { Int($0 >> 4) }
    }

    func encode(_ table: ck_code_row_table) -> ck_code_encode_fn { self == .u4 ? table.encode_u4 : table.encode_u8 }

    func kernels(_ table: ck_code_row_table, _ sum: CodeRowSum) -> ck_code_row_kernels {
        switch (self, sum) {
        case (.u4, .dot): table.u4_dot
        case (.u4, .l1): table.u4_l1
        case (.u8, .dot): table.u8_dot
        case (.u8, .l1): table.u8_l1
        }
    }
}

enum CodeRowSum: CaseIterable {
    case dot, l1
}

/// Rows of codes, each with terms, that end right before a page that may not be read, and so do the terms.
final class CodeRows {
    let kind: CodeRowKind
    let n: Int
    let codes: [[Int]]
    let terms: [ck_code_terms]
    private let rowBytes: GuardedArray<UInt8>
    private let termBytes: GuardedArray<ck_code_terms>
    private let stride: Int

    /// What lies behind a row's codes in its last line is random.
    init(
        _ kind: CodeRowKind, _ codes: [[Int]], terms: [ck_code_terms], using generator: inout SeededGenerator
    ) throws {
        self.kind = kind
        self.codes = codes
        self.terms = terms
        n = codes[0].count
        stride = kind.lines(n) * lineBytes
        var all: [UInt8] = []
        for row in codes {
            let bytes = kind.bytes(ofCodes: row)
            all += bytes + (bytes.count..<stride).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        rowBytes = try GuardedArray(all)
        termBytes = try GuardedArray(terms)
    }

    convenience init(_ kind: CodeRowKind, count: Int, n: Int, using generator: inout SeededGenerator) throws {
        let codes = (0..<count).map { _ in (0..<n).map { _ in Int.random(in: 0...kind.largestCode, using: &generator) }
        }
        let terms = (0..<count).map { _ in
            ck_code_terms(
                constant: Float.random(in: -9..<9, using: &generator), low: Float.random(in: -2..<1, using: &generator),
                step: Float.random(in: 0..<0.5, using: &generator), error: .nan)
        }
        try self.init(kind, codes, terms: terms, using: &generator)
    }

    var lines: Int { kind.lines(n) }

    var view: ck_code_rows {
        ck_code_rows(
            codes: rowBytes.base, stride: stride,
            terms: UnsafeRawPointer(termBytes.base).assumingMemoryBound(to: UInt8.self),
            terms_stride: MemoryLayout<ck_code_terms>.stride, n: n, lines: lines)
    }

    /// What the codes of a row stand for.
    func values(_ row: Int) -> [Double] {
        codes[row].map { Double(terms[row].low) + Double(terms[row].step) * Double($0) }
    }

    func gather(_ kernels: ck_code_row_kernels, _ query: CodeRowQuery, _ ids: [UInt32]) throws -> [Float] {
        let ids = (ids, try GuardedArray(ids))
        return try Self.results(ids.0.count) { out in
            withUnsafePointer(to: view) { kernels.gather(query.head, $0, ids.1.base, ids.0.count, out) }
        }
    }

    func scan(_ kernels: ck_code_row_kernels, _ query: CodeRowQuery, first: Int, count: Int) throws -> [Float] {
        try Self.results(count) { out in
            withUnsafePointer(to: view) { kernels.scan(query.head, $0, first, count, out) }
        }
    }

    private static func results(_ count: Int, _ write: (UnsafeMutablePointer<Float>) -> Void) throws -> [Float] {
        let out = try GuardedArray([Float](repeating: .nan, count: count))
        write(out.base)
        return Array(UnsafeBufferPointer(start: out.base, count: count))
    }
}

/// A query to rows of codes: a head and its codes, which end right before a page that may not be read.
final class CodeRowQuery {
    private let kind: CodeRowKind
    private let sum: CodeRowSum
    private let n: Int
    private let bytes: GuardedArray<UInt8>

    /// A query that is still to be written; its bytes are garbage.
    init(_ kind: CodeRowKind, _ sum: CodeRowSum, n: Int) throws {
        (self.kind, self.sum, self.n) = (kind, sum, n)
        let elementBytes = sum == .l1 ? 4 : kind == .u4 ? 1 : 2
        let count = MemoryLayout<ck_code_query>.size + kind.queryCount(n) * elementBytes
        bytes = try GuardedArray([UInt8](repeating: 0xA5, count: count))
    }

    convenience init(_ kind: CodeRowKind, codes: [Int], head: ck_code_query) throws {
        try self.init(kind, .dot, n: codes.count)
        self.head.pointee = head
        clearCodes()
        for (i, code) in codes.enumerated() {
            let place = kind.place(i, n: n)
            if kind == .u4 {
                elements(Int8.self)[place] = Int8(code)
            } else {
                elements(Int16.self)[place] = Int16(code)
            }
        }
    }

    convenience init(_ kind: CodeRowKind, values: [Float]) throws {
        try self.init(kind, .l1, n: values.count)
        head.pointee = ck_code_query()
        for i in 0..<kind.queryCount(n) { elements(Float.self)[i] = 0 }
        for (i, value) in values.enumerated() { elements(Float.self)[kind.place(i, n: n)] = value }
    }

    var head: UnsafeMutablePointer<ck_code_query> {
        UnsafeMutableRawPointer(bytes.base).assumingMemoryBound(to: ck_code_query.self)
    }

    private func elements<Element>(_: Element.Type) -> UnsafeMutablePointer<Element> {
        UnsafeMutableRawPointer(head + 1).assumingMemoryBound(to: Element.self)
    }

    private func clearCodes() {
        for i in 0..<kind.queryCount(n) {
            if kind == .u4 { elements(Int8.self)[i] = 0 } else { elements(Int16.self)[i] = 0 }
        }
    }

    /// The elements, padding included, in the order of a row's bytes.
    private var padded: [Double] {
        (0..<kind.queryCount(n)).map {
            switch (sum, kind) {
            case (.l1, _): Double(elements(Float.self)[$0])
            case (.dot, .u4): Double(elements(Int8.self)[$0])
            case (.dot, .u8): Double(elements(Int16.self)[$0])
            }
        }
    }

    /// Codes, or for l1 values, in the order of the vector's.
    var codes: [Double] {
        let padded = padded
        return (0..<n).map { padded[kind.place($0, n: n)] }
    }

    var paddingIsZero: Bool {
        let padded = padded
        let used = Set((0..<n).map { kind.place($0, n: n) })
        return padded.indices.allSatisfy { used.contains($0) || padded[$0] == 0 }
    }
}
