// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file in the format of the TEXMEX data sets, mapped into memory: `.fvecs`, `.bvecs` or `.ivecs`.
///
/// The file consists of rows of one length. Numbers are little-endian:
///
/// | bytes of a row                | content                                                                |
/// |-------------------------------|------------------------------------------------------------------------|
/// | 0-3                           | int32: the dimensions, the same in every row                           |
/// | the rest: dimensions elements | `.fvecs` float32, `.bvecs` uint8, `.ivecs` int32                        |
///
/// The file's name tells the type of its elements, and its length the number of rows. Opening checks the first row and the length.
/// Reading checks the rows that it reads: the beginning of a large file is read without the rest.
///
/// Source: "Datasets for approximate nearest neighbor search", corpus-texmex.irisa.fr.
package struct TexmexFile {
    /// What an element is. The file's name says so.
    package enum ElementType: String, CaseIterable {
        case float32 = "fvecs"
        case uint8 = "bvecs"
        case int32 = "ivecs"

        var byteCount: Int { self == .uint8 ? 1 : 4 }
    }

    package let path: String
    package let elementType: ElementType
    package let rows: Int
    package let columns: Int

    private let data: Data

    private static let lengthBytes = 4
    private var rowBytes: Int { Self.lengthBytes + columns * elementType.byteCount }

    /// Maps a file and checks its first row and its length.
    ///
    /// - Throws: ``VectorFileError``: the file cannot be read, is empty, or is no whole number of rows.
    package init(path: String, elementType: ElementType) throws(VectorFileError) {
        self.path = path
        self.elementType = elementType
        data = try FileBytes.map(path)
        guard !data.isEmpty else {
            throw .malformed(path: path, reason: "empty; its first row would say the dimensions")
        }
        guard data.count >= Self.lengthBytes else {
            throw .malformed(path: path, reason: "\(data.count) bytes; a row begins with its dimensions in 4")
        }
        let dimensions = Int(data.bytes.integer(Int32.self, at: 0))
        let allowed = VectorTable.dimensionsRange
        guard allowed.contains(dimensions) else {
            throw .malformed(
                path: path,
                reason: "row 0 has \(dimensions) dimensions; from \(allowed.lowerBound) to \(allowed.upperBound) "
                    + "are read")
        }
        // The dimensions are few enough that no product here or below overflows.
        columns = dimensions
        let rowBytes = Self.lengthBytes + dimensions * elementType.byteCount
        guard data.count.isMultiple(of: rowBytes) else {
            throw .malformed(
                path: path,
                reason: "\(data.count) bytes are no whole number of rows of \(dimensions) dimensions, which "
                    + "take \(rowBytes) bytes each")
        }
        rows = data.count / rowBytes
    }

    /// The first `limit` rows as floats, one after the other.
    ///
    /// - Throws: ``VectorFileError``: a row has other dimensions, or no float32 equals an integer.
    package func floats(limit: Int? = nil) throws(VectorFileError) -> [Float] {
        switch elementType {
        case .float32: return try elements(UInt32.self, limit: limit).map { Float(bitPattern: $0) }
        case .uint8: return try elements(UInt8.self, limit: limit).map { Float($0) }
        case .int32:
            let values = try int32s(limit: limit)
            if let place = values.firstIndex(where: { Float(exactly: $0) == nil }) {
                throw .inexactValue(path: path, row: place / columns, value: "\(values[place])")
            }
            return values.map { Float($0) }
        }
    }

    /// The first `limit` rows of an int32 file.
    ///
    /// - Throws: ``VectorFileError``: the file holds something else, or a row has other dimensions.
    package func int32s(limit: Int? = nil) throws(VectorFileError) -> [Int32] {
        guard elementType == .int32 else {
            throw .wrongElementType(path: path, found: "\(elementType)", wanted: "int32")
        }
        return try elements(Int32.self, limit: limit)
    }

    /// The elements of the first `limit` rows, after a check of those rows' dimensions.
    private func elements<Element: FixedWidthInteger & BitwiseCopyable>(
        _ type: Element.Type, limit: Int?
    ) throws(VectorFileError) -> [Element] {
        let bytes = data.bytes
        let rows = min(rows, limit ?? rows)
        for row in 0..<rows {
            let dimensions = bytes.integer(Int32.self, at: row * rowBytes)
            guard dimensions == columns else {
                throw .rowLengthMismatch(path: path, row: row, expected: columns, found: Int(dimensions))
            }
        }
        return bytes.integers(type, runs: rows, length: columns, stride: rowBytes, at: Self.lengthBytes)
    }
}

// MARK: - Writing

extension TexmexFile {
    /// Writes a float32 file.
    ///
    /// - Throws: ``VectorFileError/cannotWrite(path:reason:)``.
    ///   ``VectorFileError/unwritableShape(path:rows:columns:)``: there are no rows, or their length would not be read.
    package static func write(_ values: [Float], rows: Int, columns: Int, to path: String) throws(VectorFileError) {
        try write(values.map(\.bitPattern), rows: rows, columns: columns, to: path)
    }

    /// Writes an int32 file.
    ///
    /// - Throws: ``VectorFileError``, as for float32.
    package static func write(_ values: [Int32], rows: Int, columns: Int, to path: String) throws(VectorFileError) {
        try write(values.map { UInt32(bitPattern: $0) }, rows: rows, columns: columns, to: path)
    }

    private static func write(
        _ values: [UInt32], rows: Int, columns: Int, to path: String
    ) throws(VectorFileError) {
        precondition(values.count == rows * columns)
        guard rows > 0, VectorTable.dimensionsRange.contains(columns) else {
            throw .unwritableShape(path: path, rows: rows, columns: columns)
        }
        var words: [UInt32] = []
        words.reserveCapacity(rows * (1 + columns))
        for row in 0..<rows {
            words.append(UInt32(columns))
            words += values[row * columns..<(row + 1) * columns]
        }
        try FileBytes.write(words: words, to: path)
    }
}
