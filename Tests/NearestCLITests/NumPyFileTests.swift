// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import CommandSupport
@testable import NearestCLI

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
}
