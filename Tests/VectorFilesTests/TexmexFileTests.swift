// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import VectorFiles

/// The bytes of a file of TEXMEX. Each row can say dimensions of its own.
private func texmexBytes(_ rows: [(dimensions: Int32, elements: [UInt8])]) -> [UInt8] {
    rows.flatMap { littleEndianBytes($0.dimensions) + $0.elements }
}

private func bytes(of values: [Float]) -> [UInt8] { values.flatMap { littleEndianBytes($0.bitPattern) } }
private func bytes(of values: [Int32]) -> [UInt8] { values.flatMap { littleEndianBytes($0) } }

@Suite("Files of TEXMEX")
struct TexmexFileTests {
    private typealias ElementType = TexmexFile.ElementType

    /// Three rows of two dimensions.
    private static func small(_ elementType: ElementType) -> [UInt8] {
        texmexBytes(
            (0..<3).map { row in
                switch elementType {
                case .float32: (2, bytes(of: [Float(row), -0.5]))
                case .uint8: (2, [UInt8(row), 255])
                case .int32: (2, bytes(of: [Int32(row), -7]))
                }
            })
    }

    /// Requires that opening or reading is refused, with the path and a message that holds `reason`.
    private func expectRefused(
        _ bytes: [UInt8], as elementType: TexmexFile.ElementType = .float32, _ reason: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try withFile(bytes, extension: elementType.rawValue) { path in
            expectRefusal(of: path, because: reason, sourceLocation: sourceLocation) {
                _ = try TexmexFile(path: path, elementType: elementType).floats()
            }
        }
    }

    @Test("Every kind is read as floats", arguments: TexmexFile.ElementType.allCases)
    func reading(elementType: TexmexFile.ElementType) throws {
        let second: Float =
            switch elementType {
            case .float32: -0.5
            case .uint8: 255
            case .int32: -7
            }
        try withFile(Self.small(elementType), extension: elementType.rawValue) { path in
            let file = try TexmexFile(path: path, elementType: elementType)
            #expect(file.rows == 3 && file.columns == 2)
            #expect(try file.floats() == [0, second, 1, second, 2, second])
            #expect(try file.floats(limit: 2) == [0, second, 1, second])
            #expect(try file.floats(limit: 9).count == 6)
        }
    }

    @Test("What is written is read again bit for bit")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 3)
        for (rows, columns) in [(1, 1), (7, 3), (2, 65_536), (100, 17)] {
            let bits = (0..<rows * columns).map { _ in UInt32.random(in: 0 ... .max, using: &random) }
            try withTemporaryPath(extension: "fvecs") { path in
                try TexmexFile.write(bits.map { Float(bitPattern: $0) }, rows: rows, columns: columns, to: path)
                let file = try TexmexFile(path: path, elementType: .float32)
                #expect(file.rows == rows && file.columns == columns)
                #expect(try file.floats().map(\.bitPattern) == bits)
            }
            try withTemporaryPath(extension: "ivecs") { path in
                let values = bits.map { Int32(bitPattern: $0) }
                try TexmexFile.write(values, rows: rows, columns: columns, to: path)
                let file = try TexmexFile(path: path, elementType: .int32)
                #expect(file.rows == rows && file.columns == columns)
                #expect(try file.int32s() == values)
            }
        }
    }

    @Test("The bytes written are those of the format")
    func writtenBytes() throws {
        try withTemporaryPath(extension: "fvecs") { path in
            try TexmexFile.write([1, -2, 3, 4] as [Float], rows: 2, columns: 2, to: path)
            let written = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            #expect(
                written == [
                    2, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 2, 0, 0, 0, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40,
                ])
        }
    }

    @Test("Rows that the format cannot hold are not written", arguments: [(0, 4), (3, 0), (1, 65_537)])
    func unwritableRows(rows: Int, columns: Int) {
        withTemporaryPath(extension: "fvecs") { path in
            expectRefusal(of: path, because: "\(rows) rows of \(columns) values") {
                try TexmexFile.write(
                    [Float](repeating: 1, count: rows * columns), rows: rows, columns: columns, to: path)
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("A missing file and one that cannot be written are refused")
    func missing() {
        withTemporaryPath(extension: "fvecs") { path in
            expectRefusal(of: path, because: "cannot be read") {
                _ = try TexmexFile(path: path, elementType: .float32)
            }
            expectRefusal(of: path + "/x", because: "cannot be written") {
                try TexmexFile.write([1] as [Int32], rows: 1, columns: 1, to: path + "/x")
            }
        }
    }

    @Test("A file cut off anywhere within a row is refused", arguments: TexmexFile.ElementType.allCases)
    func truncated(elementType: TexmexFile.ElementType) throws {
        let whole = Self.small(elementType)
        let rowBytes = whole.count / 3
        for count in 0..<whole.count where count == 0 || count % rowBytes != 0 {
            try expectRefused(Array(whole.prefix(count)), as: elementType)
        }
        try expectRefused([], as: elementType, "empty")
        try expectRefused([2, 0], as: elementType, "2 bytes")
        try expectRefused(whole + [0], as: elementType, "no whole number of rows")
    }

    @Test(
        "Dimensions of 0, fewer, or more than an index has are refused",
        arguments: [0, -1, .min, .max, 65_537] as [Int32])
    func dimensionsOutOfRange(dimensions: Int32) throws {
        for elementType in TexmexFile.ElementType.allCases {
            let file = littleEndianBytes(dimensions) + [UInt8](repeating: 0, count: 40)
            try expectRefused(file, as: elementType, "row 0 has \(dimensions) dimensions")
        }
    }

    @Test("A row of other dimensions is refused where it is read")
    func otherDimensions() throws {
        for dimensions in [0, 1, 3, -2, .max] as [Int32] {
            let rows: [(Int32, [UInt8])] = [
                (2, bytes(of: [1, 2] as [Float])), (2, bytes(of: [3, 4] as [Float])),
                (dimensions, bytes(of: [5, 6] as [Float])),
            ]
            try expectRefused(texmexBytes(rows), "row 2 has \(dimensions) dimensions; row 0 has 2")
            try withFile(texmexBytes(rows), extension: "fvecs") { path in
                let beginning = try TexmexFile(path: path, elementType: .float32).floats(limit: 2)
                #expect(beginning == [1, 2, 3, 4])
            }
        }
    }

    @Test("Integers are read as floats that equal them or not at all")
    func largeIntegers() throws {
        let exact: [Int32] = [1 << 24, -(1 << 24), .min, 1 << 30]
        try withFile(texmexBytes([(4, bytes(of: exact))]), extension: "ivecs") { path in
            let floats = try TexmexFile(path: path, elementType: .int32).floats()
            #expect(floats == [0x1p24, -0x1p24, -0x1p31, 0x1p30])
        }
        for value in [1 << 24 + 1, .max, .min + 1] as [Int32] {
            let rows = texmexBytes([(1, bytes(of: [0] as [Int32])), (1, bytes(of: [value]))])
            try expectRefused(rows, as: .int32, "row 1 holds \(value)")
        }
    }

    @Test("Elements of another kind are not read as integers")
    func wrongElements() throws {
        for elementType in [TexmexFile.ElementType.float32, .uint8] {
            try withFile(Self.small(elementType), extension: elementType.rawValue) { path in
                let file = try TexmexFile(path: path, elementType: elementType)
                expectRefusal(of: path, because: "wanted int32") { _ = try file.int32s() }
            }
        }
    }

    @Test("A damaged file is read within its bounds or refused by name", arguments: TexmexFile.ElementType.allCases)
    func damaged(elementType: TexmexFile.ElementType) throws {
        var accepted = 0
        var refused = 0
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let damaged = Damage.apply(to: Self.small(elementType), using: &random)
            try withFile(damaged, extension: elementType.rawValue) { path in
                do {
                    let file = try TexmexFile(path: path, elementType: elementType)
                    #expect(try file.floats().count == file.rows * file.columns, "seed \(seed)")
                    accepted += 1
                } catch let failure as VectorFileError {
                    #expect(failure.description.hasPrefix("\(path): "), "seed \(seed)")
                    refused += 1
                }
            }
        }
        #expect(accepted > 10 && refused > 100, "\(accepted) read, \(refused) refused")
    }
}
