// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file in NumPy's `.npy` format, mapped into memory. Rows and columns in C or Fortran order, bytes in either order.
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
    /// What an element is. `descr` says so after the order of bytes.
    package enum ElementType: String {
        case float64 = "f8"
        case float32 = "f4"
        case float16 = "f2"
        case int64 = "i8"
        case int32 = "i4"
        case int16 = "i2"
        case int8 = "i1"
        case uint64 = "u8"
        case uint32 = "u4"
        case uint16 = "u2"
        case uint8 = "u1"

        var byteCount: Int {
            switch self {
            case .float64, .int64, .uint64: 8
            case .float32, .int32, .uint32: 4
            case .float16, .int16, .uint16: 2
            case .int8, .uint8: 1
            }
        }
    }

    package let path: String
    package let elementType: ElementType
    package let rows: Int
    package let columns: Int

    private let isBigEndian: Bool

    /// Whether the file holds column after column, not row after row.
    private let isFortranOrder: Bool

    private let data: Data
    private let dataStart: Int

    /// Maps a file and reads its header.
    ///
    /// - Parameter acceptsOneDimension: whether a file of one dimension is read too, as one column.
    /// - Throws: ``VectorFileError``: the file cannot be read, or is malformed.
    package init(path: String, acceptsOneDimension: Bool = false) throws(VectorFileError) {
        self.path = path
        data = try FileBytes.map(path)
        let header: NumPyHeader
        do throws(Malformed) {
            header = try NumPyHeader(data, acceptsOneDimension: acceptsOneDimension)
        } catch {
            throw error.error(path: path)
        }
        elementType = header.elementType
        isBigEndian = header.isBigEndian
        isFortranOrder = header.isFortranOrder
        rows = header.rows
        columns = header.columns
        dataStart = header.dataStart
    }

    /// The first `limit` rows as floats, one after the other.
    ///
    /// - Throws: ``VectorFileError/valueOutOfRange(path:row:value:type:)``: a float64 is beyond float32.
    ///   ``VectorFileError/inexactValue(path:row:value:)``: no float32 equals an integer.
    package func floats(limit: Int? = nil) throws(VectorFileError) -> [Float] {
        switch elementType {
        case .float32: return elements(limit, UInt32.self) { Float(bitPattern: $0) }
        case .float16: return elements(limit, UInt16.self) { Float(halfBits: $0) }
        case .float64:
            let floats = elements(limit, UInt64.self) { Float(Double(bitPattern: $0)) }
            guard floats.contains(where: \.isInfinite) else { return floats }
            let values = elements(limit, UInt64.self) { Double(bitPattern: $0) }
            if let place = values.indices.first(where: { values[$0].isFinite && floats[$0].isInfinite }) {
                throw outOfRange(values[place], at: place, type: "float32")
            }
            return floats
        case .int8, .uint8, .int16, .uint16:
            return try integers(limit).map { Float($0) }
        case .int32, .uint32, .int64, .uint64:
            let values = try integers(limit)
            if let place = values.firstIndex(where: { Float(exactly: $0) == nil }) {
                throw .inexactValue(path: path, row: place / columns, value: "\(values[place])")
            }
            return values.map { Float($0) }
        }
    }

    /// All elements of a file of integers.
    ///
    /// - Throws: ``VectorFileError``: the file holds no integers, or a value is beyond int32.
    package func int32s() throws(VectorFileError) -> [Int32] {
        if elementType == .int32 { return elements(nil, UInt32.self) { Int32(bitPattern: $0) } }
        let values = try integers(nil)
        if let place = values.firstIndex(where: { Int32(exactly: $0) == nil }) {
            throw outOfRange(values[place], at: place, type: "int32")
        }
        return values.map { Int32($0) }
    }

    /// All elements of a file of integers that are not negative.
    ///
    /// - Throws: ``VectorFileError``: the file holds no integers, or one is negative.
    package func keys() throws(VectorFileError) -> [UInt64] {
        if elementType == .uint64 { return elements(nil, UInt64.self) { $0 } }
        let values = try integers(nil)
        if let place = values.firstIndex(where: { $0 < 0 }) {
            throw outOfRange(values[place], at: place, type: "uint64")
        }
        return values.map { UInt64($0) }
    }

    /// The first `limit` rows of an int8 file.
    ///
    /// - Throws: ``VectorFileError/wrongElementType(path:found:wanted:)``.
    package func int8s(limit: Int? = nil) throws(VectorFileError) -> [Int8] {
        guard elementType == .int8 else { throw wrongType(wanted: "int8") }
        return elements(limit, UInt8.self) { Int8(bitPattern: $0) }
    }

    /// The first `limit` rows of a file of integers.
    private func integers(_ limit: Int?) throws(VectorFileError) -> [Int64] {
        switch elementType {
        case .int8: return elements(limit, UInt8.self) { Int64(Int8(bitPattern: $0)) }
        case .uint8: return elements(limit, UInt8.self) { Int64($0) }
        case .int16: return elements(limit, UInt16.self) { Int64(Int16(bitPattern: $0)) }
        case .uint16: return elements(limit, UInt16.self) { Int64($0) }
        case .int32: return elements(limit, UInt32.self) { Int64(Int32(bitPattern: $0)) }
        case .uint32: return elements(limit, UInt32.self) { Int64($0) }
        case .int64: return elements(limit, UInt64.self) { Int64(bitPattern: $0) }
        case .uint64:
            let values = elements(limit, UInt64.self) { $0 }
            if let place = values.firstIndex(where: { $0 > UInt64(Int64.max) }) {
                throw outOfRange(values[place], at: place, type: "int64")
            }
            return values.map { Int64($0) }
        case .float16, .float32, .float64:
            throw wrongType(wanted: "integers, such as int32")
        }
    }

    /// The error for the value at a place, which is counted over all rows.
    private func outOfRange(_ value: some Numeric, at place: Int, type: String) -> VectorFileError {
        .valueOutOfRange(path: path, row: place / columns, value: "\(value)", type: type)
    }

    private func wrongType(wanted: String) -> VectorFileError {
        .wrongElementType(path: path, found: "\(elementType)", wanted: wanted)
    }

    /// The first `limit` rows, one after the other. `convert` makes each element from its bits.
    private func elements<Raw: FixedWidthInteger & BitwiseCopyable, Element>(
        _ limit: Int?, _ raw: Raw.Type, _ convert: (Raw) -> Element
    ) -> [Element] {
        let count = min(rows, limit ?? rows)
        let (rowStep, columnStep) = isFortranOrder ? (1, rows) : (columns, 1)
        return data.withUnsafeBytes { bytes in
            [Element](unsafeUninitializedCapacity: count * columns) { target, initializedCount in
                // SAFETY: the header's check ensures that the file holds rows × columns elements after `dataStart`.
                for row in 0..<count {
                    for column in 0..<columns {
                        let place = row * rowStep + column * columnStep
                        let offset = dataStart + place * MemoryLayout<Raw>.size
                        let bits = bytes.loadUnaligned(fromByteOffset: offset, as: raw)
                        (target.baseAddress! + row * columns + column).initialize(
                            to: convert(isBigEndian ? Raw(bigEndian: bits) : Raw(littleEndian: bits)))
                    }
                }
                initializedCount = count * columns
            }
        }
    }
}

// MARK: - Writing

extension NumPyFile {
    /// Writes an int32 file.
    package static func write(_ values: [Int32], rows: Int, columns: Int, to path: String) throws(VectorFileError) {
        try write(values.map { UInt32(bitPattern: $0) }, as: .int32, rows: rows, columns: columns, to: path)
    }

    /// Writes a float32 file.
    package static func write(_ values: [Float], rows: Int, columns: Int, to path: String) throws(VectorFileError) {
        try write(values.map(\.bitPattern), as: .float32, rows: rows, columns: columns, to: path)
    }

    /// Writes an int64 file.
    package static func write(_ values: [Int64], rows: Int, columns: Int, to path: String) throws(VectorFileError) {
        try write(values.map { UInt64(bitPattern: $0) }, as: .int64, rows: rows, columns: columns, to: path)
    }

    private static func write<Raw: FixedWidthInteger>(
        _ values: [Raw], as elementType: ElementType, rows: Int, columns: Int, to path: String
    ) throws(VectorFileError) {
        precondition(values.count == rows * columns)
        var header = "{'descr': '<\(elementType.rawValue)', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
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
