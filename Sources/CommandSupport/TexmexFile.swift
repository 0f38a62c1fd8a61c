// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file of vectors as the TEXMEX sets are distributed, mapped into memory: `.fvecs`, `.bvecs` or `.ivecs`.
///
/// The file is rows and nothing else, little-endian and all of one length:
///
/// | bytes of a row                | content                                                                |
/// |-------------------------------|------------------------------------------------------------------------|
/// | 0-3                           | int32: the dimensions, the same in every row                           |
/// | the rest: dimensions elements | `.fvecs` float32, `.bvecs` uint8, `.ivecs` int32                        |
///
/// It says neither what it is nor how many rows it has: the name says the one, the length the other. The first row and the length
/// are checked when the file is opened, every other row when it is read, so that the beginning of a large file is read without
/// the rest.
///
/// Source: "Datasets for approximate nearest neighbor search", corpus-texmex.irisa.fr.
package struct TexmexFile {
    /// What an element is, by the file's name.
    package enum ElementType: String, CaseIterable {
        case float32 = "fvecs"
        case uint8 = "bvecs"
        case int32 = "ivecs"

        var byteCount: Int { self == .uint8 ? 1 : 4 }
    }

    /// As many dimensions as an index has.
    package static let dimensionsRange = 1...65_536

    package let path: String
    package let elementType: ElementType
    package let rows: Int
    package let columns: Int

    private let data: Data

    private static let lengthBytes = 4
    private var rowBytes: Int { Self.lengthBytes + columns * elementType.byteCount }

    /// Maps a file and checks its first row and its length.
    ///
    /// - Throws: ``CommandFailure``, naming the file: it cannot be read, is empty, or is no whole number of rows.
    package init(path: String, elementType: ElementType) throws(CommandFailure) {
        self.path = path
        self.elementType = elementType
        data = try FileBytes.map(path)
        guard !data.isEmpty else { throw CommandFailure("\(path): empty; its first row would say the dimensions") }
        guard data.count >= Self.lengthBytes else {
            throw CommandFailure("\(path): \(data.count) bytes; a row begins with its dimensions in 4")
        }
        let dimensions = Int(data.bytes.integer(Int32.self, at: 0))
        guard Self.dimensionsRange.contains(dimensions) else {
            throw CommandFailure(
                "\(path): row 0 has \(dimensions) dimensions; from \(Self.dimensionsRange.lowerBound) to "
                    + "\(Self.dimensionsRange.upperBound) are read")
        }
        // The dimensions are few enough that no product here or below overflows.
        columns = dimensions
        let rowBytes = Self.lengthBytes + dimensions * elementType.byteCount
        guard data.count.isMultiple(of: rowBytes) else {
            throw CommandFailure(
                "\(path): \(data.count) bytes are no whole number of rows of \(dimensions) dimensions, which take "
                    + "\(rowBytes) bytes each")
        }
        rows = data.count / rowBytes
    }

    /// The first `limit` rows as floats, one after the other.
    ///
    /// - Throws: ``CommandFailure``, naming the file and the row: a row has other dimensions, or an int32 has no equal float.
    package func floats(limit: Int? = nil) throws(CommandFailure) -> [Float] {
        switch elementType {
        case .float32: return try elements(UInt32.self, limit: limit).map { Float(bitPattern: $0) }
        case .uint8: return try elements(UInt8.self, limit: limit).map { Float($0) }
        case .int32:
            let values = try int32s(limit: limit)
            if let place = values.firstIndex(where: { Float(exactly: $0) == nil }) {
                throw CommandFailure("\(path): row \(place / columns) holds \(values[place]), which no float32 equals")
            }
            return values.map { Float($0) }
        }
    }

    /// The first `limit` rows of an int32 file.
    ///
    /// - Throws: ``CommandFailure``, naming the file: it holds something else, or a row has other dimensions.
    package func int32s(limit: Int? = nil) throws(CommandFailure) -> [Int32] {
        guard elementType == .int32 else { throw CommandFailure("\(path): holds \(elementType), wanted int32") }
        return try elements(Int32.self, limit: limit)
    }

    /// The elements of the first `limit` rows, after a check of those rows' dimensions.
    private func elements<Element: FixedWidthInteger & BitwiseCopyable>(
        _ type: Element.Type, limit: Int?
    ) throws(CommandFailure) -> [Element] {
        let bytes = data.bytes
        let rows = min(rows, limit ?? rows)
        for row in 0..<rows {
            let dimensions = bytes.integer(Int32.self, at: row * rowBytes)
            guard dimensions == columns else {
                throw CommandFailure("\(path): row \(row) has \(dimensions) dimensions; row 0 has \(columns)")
            }
        }
        return bytes.integers(type, runs: rows, length: columns, stride: rowBytes, at: Self.lengthBytes)
    }
}

// MARK: - Writing

extension TexmexFile {
    /// Writes a float32 file.
    ///
    /// - Throws: ``CommandFailure``: the file cannot be written, or the format cannot hold what is given: no rows, or rows of
    ///   dimensions that would not be read.
    package static func write(_ values: [Float], rows: Int, columns: Int, to path: String) throws(CommandFailure) {
        try write(values.map(\.bitPattern), rows: rows, columns: columns, to: path)
    }

    /// Writes an int32 file.
    ///
    /// - Throws: ``CommandFailure``, as of float32.
    package static func write(_ values: [Int32], rows: Int, columns: Int, to path: String) throws(CommandFailure) {
        try write(values.map { UInt32(bitPattern: $0) }, rows: rows, columns: columns, to: path)
    }

    private static func write(
        _ values: [UInt32], rows: Int, columns: Int, to path: String
    ) throws(CommandFailure) {
        precondition(values.count == rows * columns)
        guard rows > 0, dimensionsRange.contains(columns) else {
            throw CommandFailure(
                "\(path): \(rows) rows of \(columns) values; files of this kind hold one or more, of "
                    + "\(dimensionsRange.lowerBound) to \(dimensionsRange.upperBound) values")
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
