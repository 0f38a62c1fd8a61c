// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VectorFiles

@Suite("NumPy files that are read")
struct NumPyFileTests {
    @Test("Floats are read in every version of the format", arguments: [1, 2, 3] as [UInt8])
    func versions(major: UInt8) throws {
        let values: [Float] = [0, -1.5, .infinity, 0x1.8p-140, .greatestFiniteMagnitude, -0.0]
        var file = NumPyBytes(floats: values, shape: "(2, 3)")
        file.major = major
        try withFile(file.bytes) { path in
            let read = try NumPyFile(path: path)
            #expect(read.path == path)
            #expect(read.elementType == .float32 && read.rows == 2 && read.columns == 3)
            #expect(try read.floats().map(\.bitPattern) == values.map(\.bitPattern))
        }
    }

    @Test("A header longer than 65,535 bytes is read")
    func longHeader() throws {
        var file = NumPyBytes(floats: [1, 2], shape: "(1, 2)")
        file.major = 2
        file.header += [UInt8](repeating: 0x20, count: 70_000)
        try withFile(file.bytes) { path in
            let values = try NumPyFile(path: path).floats()
            #expect(values == [1, 2])
        }
    }

    @Test("NaN keeps its bits")
    func nanBits() throws {
        let bits: [UInt32] = [0x7FC0_0000, 0xFFC1_2345, 0x7F80_0001]
        let file = NumPyBytes(descr: "<f4", shape: "(1, 3)", data: bits.flatMap { littleEndianBytes($0) })
        try withFile(file.bytes) { path in
            let values = try NumPyFile(path: path).floats()
            #expect(values.map(\.bitPattern) == bits)
        }
    }

    @Test("Half-precision floats are read as floats")
    func float16() throws {
        let halves: [UInt16] = [0x3C00, 0xC000, 0x3555, 0x7C00]
        let file = NumPyBytes(descr: "<f2", shape: "(4, 1)", data: halves.flatMap { littleEndianBytes($0) })
        try withFile(file.bytes) { path in
            let read = try NumPyFile(path: path)
            #expect(read.elementType == .float16 && read.rows == 4 && read.columns == 1)
            #expect(try read.floats() == [1, -2, 0.333251953125, .infinity])
            #expect(try read.floats(limit: 2) == [1, -2])
        }
    }

    @Test("Bytes with a sign are read")
    func int8() throws {
        let file = NumPyBytes(descr: "|i1", shape: "(2, 2)", data: [0, 127, 128, 255])
        try withFile(file.bytes) { path in
            let read = try NumPyFile(path: path)
            #expect(read.elementType == .int8)
            #expect(try read.int8s() == [0, 127, -128, -1])
        }
    }

    @Test("32-bit integers are read")
    func int32() throws {
        let values: [Int32] = [.min, -1, 0, 1, 0x0102_0304, .max]
        let file = NumPyBytes(descr: "<i4", shape: "(3, 2)", data: values.flatMap { littleEndianBytes($0) })
        try withFile(file.bytes) { path in
            let read = try NumPyFile(path: path).int32s()
            #expect(read == values)
        }
    }

    @Test("A limit gives the first rows, and a limit above the rows gives all")
    func limit() throws {
        let values = (0..<12).map(Float.init)
        try withFile(NumPyBytes(floats: values, shape: "(4, 3)").bytes) { path in
            let read = try NumPyFile(path: path)
            #expect(try read.floats(limit: 1) == [0, 1, 2])
            #expect(try read.floats(limit: 3) == values.prefix(9).map { $0 })
            #expect(try read.floats(limit: 4) == values)
            #expect(try read.floats(limit: .max) == values)
            #expect(try read.floats(limit: 0).isEmpty)
            #expect(try read.floats() == values)
        }
    }

    @Test("Data that begins at an odd byte is read")
    func unalignedData() throws {
        for padding in 0..<4 {
            var file = NumPyBytes(floats: [1.5, -2.5], shape: "(1, 2)")
            file.header += [UInt8](repeating: 0x20, count: padding)
            try withFile(file.bytes) { path in
                let values = try NumPyFile(path: path).floats()
                #expect(values == [1.5, -2.5])
            }
        }
    }

    @Test("A file without rows or without columns holds no values", arguments: ["(0, 5)", "(5, 0)", "(0, 0)"])
    func emptyArrays(shape: String) throws {
        try withFile(NumPyBytes(floats: [], shape: shape).bytes) { path in
            let values = try NumPyFile(path: path).floats()
            #expect(values.isEmpty)
        }
    }

    @Test("Keys may stand in any order and with any spaces")
    func keyOrder() throws {
        let header = "{'shape' : (1,2) , 'fortran_order':False, 'descr':'<f4'}"
        let spaced = header.replacingOccurrences(of: "'shape' :", with: "'shape':   ")
        let file = NumPyBytes(header: spaced, data: littleEndianBytes(UInt64(0)))
        try withFile(file.bytes) { path in
            let values = try NumPyFile(path: path).floats()
            #expect(values == [0, 0])
        }
    }

    @Test("What is written is read back", arguments: [(0, 3), (1, 1), (3, 0), (7, 5), (100, 10)])
    func roundTrip(rows: Int, columns: Int) throws {
        let values = (0..<rows * columns).map { Int32(truncatingIfNeeded: $0 &* 0x9E37_79B1) }
        try withTemporaryPath { path in
            try NumPyFile.write(values, rows: rows, columns: columns, to: path)
            let read = try NumPyFile(path: path)
            #expect(read.elementType == .int32 && read.rows == rows && read.columns == columns)
            #expect(try read.int32s() == values)
        }
    }

    @Test("A written file has NumPy's layout: data from a multiple of 64 bytes, behind a newline")
    func writtenLayout() throws {
        for columns in [1, 10, 12_345, 1_234_567] {
            let values = [Int32](repeating: 0x0403_0201, count: columns)
            try withTemporaryPath { path in
                try NumPyFile.write(values, rows: 1, columns: columns, to: path)
                let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
                let start = bytes.count - 4 * columns
                #expect(Array(bytes.prefix(8)) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
                #expect(Int(bytes[8]) + Int(bytes[9]) << 8 == start - 10)
                #expect(start % 64 == 0 && bytes[start - 1] == 0x0A)
                #expect(Array(bytes[start..<start + 4]) == [1, 2, 3, 4])
            }
        }
    }

    /// A type as NumPy writes it, the bytes of two values in little-endian order, and the values.
    private static let numberTypes: [(descr: String, bytes: [UInt8], values: [Float])] = [
        ("f8", littleEndianBytes((1.5).bitPattern) + littleEndianBytes((-3e30).bitPattern), [1.5, -3e30]),
        ("f4", littleEndianBytes(Float(1.5).bitPattern) + littleEndianBytes(Float(-2).bitPattern), [1.5, -2]),
        ("f2", [0x00, 0x3E, 0x00, 0xC0], [1.5, -2]),
        ("i8", littleEndianBytes(1 << 40 as Int64) + littleEndianBytes(-7 as Int64), [0x1p40, -7]),
        ("u8", littleEndianBytes(1 << 62 as UInt64) + littleEndianBytes(7 as UInt64), [0x1p62, 7]),
        ("i4", littleEndianBytes(-70_000 as Int32) + littleEndianBytes(7 as Int32), [-70_000, 7]),
        ("u4", littleEndianBytes(1 << 31 as UInt32) + littleEndianBytes(7 as UInt32), [0x1p31, 7]),
        ("i2", littleEndianBytes(-300 as Int16) + littleEndianBytes(7 as Int16), [-300, 7]),
        ("u2", littleEndianBytes(65_535 as UInt16) + littleEndianBytes(7 as UInt16), [65_535, 7]),
        ("i1", [0x80, 7], [-128, 7]), ("u1", [0x80, 7], [128, 7]),
    ]

    @Test("Every type of number is read as floats, in either order of bytes and of elements", arguments: numberTypes)
    func everyType(type: (descr: String, bytes: [UInt8], values: [Float])) throws {
        let size = type.bytes.count / 2
        let (one, two) = (Array(type.bytes.prefix(size)), Array(type.bytes.suffix(size)))
        for (mark, first, second) in [("<", one, two), (">", Array(one.reversed()), Array(two.reversed()))] {
            let mark = size == 1 ? "|" : mark
            // Rows (1, 2), (2, 2) and (1, 1).
            let byRow = NumPyBytes(
                descr: mark + type.descr, shape: "(3, 2)", data: first + second + second + second + first + first)
            let byColumn = NumPyBytes(
                descr: mark + type.descr, shape: "(3, 2)", order: "True",
                data: first + second + first + second + second + first)
            for file in [byRow, byColumn] {
                try withFile(file.bytes) { path in
                    let (a, b) = (type.values[0], type.values[1])
                    let read = try NumPyFile(path: path)
                    let (all, some) = (try read.floats(), try read.floats(limit: 2))
                    #expect(all == [a, b, b, b, a, a])
                    #expect(some == [a, b, b, b])
                }
            }
        }
    }

    @Test("A value that the wanted type does not have is named with its row")
    func valuesOutOfRange() throws {
        let cases: [(descr: String, bytes: [UInt8], fault: String, asIDs: Bool)] = [
            ("<f8", littleEndianBytes((0).bitPattern) + littleEndianBytes((1e300).bitPattern), "1e+300", false),
            ("<i4", littleEndianBytes(0 as Int32) + littleEndianBytes(16_777_217 as Int32), "16777217", false),
            ("<i8", littleEndianBytes(0 as Int64) + littleEndianBytes(Int64.max), "9223372036854775807", true),
            ("<u8", littleEndianBytes(0 as UInt64) + littleEndianBytes(UInt64.max), "18446744073709551615", true),
        ]
        for (descr, bytes, fault, asIDs) in cases {
            try withFile(NumPyBytes(descr: descr, shape: "(2, 1)", data: bytes).bytes) { path in
                let file = try NumPyFile(path: path)
                expectRefusal(of: path, because: "row 1 holds \(fault)") {
                    if asIDs { _ = try file.int32s() } else { _ = try file.floats() }
                }
            }
        }
    }

    @Test("Ids of every type of integer are read, and large ones are written as int64")
    func ids() throws {
        for (descr, bytes) in [
            ("<i8", littleEndianBytes(7 as Int64) + littleEndianBytes(-1 as Int64)),
            ("<i2", littleEndianBytes(7 as Int16) + littleEndianBytes(-1 as Int16)),
        ] {
            try withFile(NumPyBytes(descr: descr, shape: "(1, 2)", data: bytes).bytes) { path in
                let ids = try NumPyFile(path: path).int32s()
                #expect(ids == [7, -1])
            }
        }
        try withTemporaryPath { path in
            try VectorTable.write(ids: [5, -1], rows: 1, columns: 2, to: path)
            #expect(try NumPyFile(path: path).elementType == .int32)
            try VectorTable.write(ids: [1 << 40, -1], rows: 1, columns: 2, to: path)
            let large = try NumPyFile(path: path)
            #expect(large.elementType == .int64)
            #expect(try large.floats() == [0x1p40, -1])
        }
        withTemporaryPath(extension: "ivecs") { path in
            expectRefusal(of: path, because: "a .npy file can hold it") {
                try VectorTable.write(ids: [1 << 40], rows: 1, columns: 1, to: path)
            }
        }
    }
}
