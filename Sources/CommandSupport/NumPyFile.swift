// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file in NumPy's `.npy` format, mapped into memory: two dimensions, C order, little-endian.
///
/// | bytes   | content                                                                                   |
/// |---------|-------------------------------------------------------------------------------------------|
/// | 0-5     | `93 4E 55 4D 50 59` (`\x93NUMPY`)                                                          |
/// | 6-7     | major and minor version: 1.0, 2.0 or 3.0                                                    |
/// | 8-9     | the header's length in bytes; 8-11 from version 2.0 on                                      |
/// | header  | a Python dictionary: `{'descr': '<f4', 'fortran_order': False, 'shape': (rows, columns), }` |
/// | the rest| rows × columns elements                                                                     |
///
/// Source: the format's description in NumPy's `numpy/lib/format.py`.
package struct NumPyFile {
    /// What an element is.
    package enum ElementType: String {
        case float32 = "<f4"
        case float16 = "<f2"
        case int32 = "<i4"
        case int8 = "|i1"

        var byteCount: Int {
            switch self {
            case .float32, .int32: 4
            case .float16: 2
            case .int8: 1
            }
        }
    }

    package let path: String
    package let elementType: ElementType
    package let rows: Int
    package let columns: Int

    private let data: Data
    private let dataStart: Int

    /// Maps a file and reads its header.
    ///
    /// - Parameter acceptsOneDimension: whether a file of one dimension is read too, as one column.
    /// - Throws: ``CommandFailure``, naming the file: it cannot be read, is malformed, or is of a kind not read here.
    package init(path: String, acceptsOneDimension: Bool = false) throws(CommandFailure) {
        self.path = path
        data = try FileBytes.map(path)
        let header: NumPyHeader
        do throws(NumPyHeader.Malformed) {
            header = try NumPyHeader(data, acceptsOneDimension: acceptsOneDimension)
        } catch {
            throw CommandFailure("\(path): \(error.description)")
        }
        elementType = header.elementType
        rows = header.rows
        columns = header.columns
        dataStart = header.dataStart
    }

    /// The first `limit` rows as floats, one after the other; of a float32 or float16 file.
    package func floats(limit: Int? = nil) throws(CommandFailure) -> [Float] {
        let count = min(rows, limit ?? rows) * columns
        switch elementType {
        case .float32:
            return elements(count: count, of: UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
        case .float16:
            return elements(count: count, of: UInt16.self) { Float(halfBits: UInt16(littleEndian: $0)) }
        case .int32, .int8:
            throw CommandFailure("\(path): holds \(elementType.rawValue), wanted float32 or float16")
        }
    }

    /// All elements of an int32 file.
    package func int32s() throws(CommandFailure) -> [Int32] {
        guard elementType == .int32 else {
            throw CommandFailure("\(path): holds \(elementType.rawValue), wanted int32")
        }
        return elements(count: rows * columns, of: UInt32.self) { Int32(bitPattern: UInt32(littleEndian: $0)) }
    }

    /// The first `limit` rows of an int8 file.
    package func int8s(limit: Int? = nil) throws(CommandFailure) -> [Int8] {
        guard elementType == .int8 else {
            throw CommandFailure("\(path): holds \(elementType.rawValue), wanted int8")
        }
        return elements(count: min(rows, limit ?? rows) * columns, of: Int8.self) { $0 }
    }

    private func elements<Raw: BitwiseCopyable, Element>(
        count: Int, of raw: Raw.Type, _ convert: (Raw) -> Element
    ) -> [Element] {
        data.withUnsafeBytes { bytes in
            // SAFETY: the header's check ensures that the file holds rows × columns elements after `dataStart`.
            [Element](unsafeUninitializedCapacity: count) { target, initializedCount in
                for i in 0..<count {
                    let offset = dataStart + i * MemoryLayout<Raw>.size
                    (target.baseAddress! + i).initialize(
                        to: convert(bytes.loadUnaligned(fromByteOffset: offset, as: raw)))
                }
                initializedCount = count
            }
        }
    }
}

// MARK: - Writing

extension NumPyFile {
    /// Writes an int32 file.
    package static func write(_ values: [Int32], rows: Int, columns: Int, to path: String) throws(CommandFailure) {
        try write(values.map { UInt32(bitPattern: $0) }, as: .int32, rows: rows, columns: columns, to: path)
    }

    /// Writes a float32 file.
    package static func write(_ values: [Float], rows: Int, columns: Int, to path: String) throws(CommandFailure) {
        try write(values.map(\.bitPattern), as: .float32, rows: rows, columns: columns, to: path)
    }

    private static func write(
        _ values: [UInt32], as elementType: ElementType, rows: Int, columns: Int, to path: String
    ) throws(CommandFailure) {
        precondition(values.count == rows * columns)
        var header = "{'descr': '\(elementType.rawValue)', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        // The data begins at a multiple of 64 bytes; the header ends with a newline.
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
        withUnsafeBytes(of: UInt16(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: header.utf8)
        values.map(\.littleEndian).withUnsafeBytes { data.append(contentsOf: $0) }
        try FileBytes.write(data, to: path)
    }
}

extension Float {
    /// The value of an IEEE 754 half-precision number.
    package init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10 & 0x1F)
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:  // zero and subnormal numbers: fraction × 2⁻²⁴
            let magnitude = Float(fraction) * 0x1p-24
            self = sign == 0 ? magnitude : -magnitude
        case 0x1F:  // infinity and NaN
            self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default:  // the exponent's bias is 15 there and 127 here
            self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
