// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport

/// A kind of code: its range, how codes lie in bytes, and its kernels.
enum CodeKind: CaseIterable {
    case u8, u7, u4

    var maximum: UInt8 {
        switch self {
        case .u8: 255
        case .u7: 127
        case .u4: 15
        }
    }

    func byteCount(_ n: Int) -> Int { self == .u4 ? (n + 1) / 2 : n }

    /// A byte whose codes have that value.
    func byte(filledWith code: UInt8) -> UInt8 { self == .u4 ? code << 4 | code : code }

    /// Random bytes of codes in the range; with an odd number of packed codes, the nibble left over is random too.
    func randomBytes(_ count: Int, using generator: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...byte(filledWith: maximum), using: &generator) }
    }

    func decoded(_ bytes: ArraySlice<UInt8>, _ n: Int) -> [Int] {
        guard self == .u4 else { return bytes.prefix(n).map(Int.init) }
        return (0..<n).map { Int(bytes[bytes.startIndex + $0 / 2] >> ($0 % 2 == 0 ? 0 : 4) & 15) }
    }

    func kernels(_ table: ck_code_table, _ metric: Metric) -> ck_code_kernels {
        let metrics =
            switch self {
            case .u8: table.u8
            case .u7: table.u7
            case .u4: table.u4
            }
        switch metric {
        case .manhattan: return metrics.l1
        case .squaredEuclidean: return metrics.l2sq
        case .innerProduct, .cosine: return metrics.dot
        }
    }
}

/// The term of a metric's sum.
func codeTerm(_ a: Int, _ b: Int, _ metric: Metric) -> Int {
    switch metric {
    case .manhattan: abs(a - b)
    case .squaredEuclidean: (a - b) * (a - b)
    case .innerProduct, .cosine: a * b
    }
}

/// The sum of the definition.
func codeSum(_ a: [Int], _ b: [Int], _ metric: Metric) -> UInt32 {
    var sum = 0
    for i in 0..<a.count { sum += codeTerm(a[i], b[i], metric) }
    return UInt32(sum)
}

/// Every table on codes that this machine can run, by name.
let supportedCodeTables: [String] = (0..<ck_code_table_count()).map { ck_code_table_at($0)!.pointee }
    .filter { $0.required_features & ~ck_features() == 0 }.map { String(cString: $0.name) }
