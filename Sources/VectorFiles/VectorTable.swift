// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file of rows of numbers, all of one length. The end of its name tells the format.
///
/// | name     | format                                                | read as floats       | read as int32 |
/// |----------|-------------------------------------------------------|----------------------|---------------|
/// | `.npy`   | NumPy's (``NumPyFile``)                               | floats and integers  | integers      |
/// | `.fvecs` | TEXMEX (``TexmexFile``)                               | float32              |               |
/// | `.bvecs` | TEXMEX                                                | uint8                |               |
/// | `.ivecs` | TEXMEX                                                | int32                | int32         |
package struct VectorTable {
    /// The dimensions that files of TEXMEX and of hnswlib may have. An index has the same range.
    package static let dimensionsRange = 1...65_536

    /// The names that are read, for help texts and errors.
    package static let formats = ".npy, .fvecs, .bvecs or .ivecs"

    private enum File {
        case numPy(NumPyFile)
        case texmex(TexmexFile)
    }

    package let path: String
    package let rows: Int

    /// The values in a row: the dimensions of a vector.
    package let columns: Int

    private let file: File

    /// Opens a file.
    ///
    /// - Parameter acceptsOneDimension: whether a `.npy` file of one dimension is read too, as one column.
    /// - Throws: ``VectorFileError``: the name tells none of the formats, or the file cannot be read or is malformed.
    package init(path: String, acceptsOneDimension: Bool = false) throws(VectorFileError) {
        self.path = path
        let name = Self.fileExtension(path)
        if name == "npy" {
            let numPy = try NumPyFile(path: path, acceptsOneDimension: acceptsOneDimension)
            (file, rows, columns) = (.numPy(numPy), numPy.rows, numPy.columns)
        } else if let elementType = TexmexFile.ElementType(rawValue: name) {
            let texmex = try TexmexFile(path: path, elementType: elementType)
            (file, rows, columns) = (.texmex(texmex), texmex.rows, texmex.columns)
        } else {
            throw .unknownFormat(path: path, operation: .reading)
        }
    }

    /// The first `limit` rows as floats, one after the other.
    ///
    /// - Throws: ``VectorFileError``: the file holds something else, or a row is malformed.
    package func floats(limit: Int? = nil) throws(VectorFileError) -> [Float] {
        switch file {
        case .numPy(let file): try file.floats(limit: limit)
        case .texmex(let file): try file.floats(limit: limit)
        }
    }

    /// All values of a file of int32.
    ///
    /// - Throws: ``VectorFileError``: the file holds something else, or a row is malformed.
    package func int32s() throws(VectorFileError) -> [Int32] {
        switch file {
        case .numPy(let file): try file.int32s()
        case .texmex(let file): try file.int32s()
        }
    }

    /// All values of a file of integers that are not negative.
    ///
    /// - Throws: ``VectorFileError``: the file holds something else, a value is negative, or a row is malformed.
    package func keys() throws(VectorFileError) -> [UInt64] {
        switch file {
        case .numPy(let file): return try file.keys()
        case .texmex(let file):
            let values = try file.int32s()
            if let place = values.firstIndex(where: { $0 < 0 }) {
                throw .valueOutOfRange(path: path, row: place / columns, value: "\(values[place])", type: "uint64")
            }
            return values.map { UInt64($0) }
        }
    }

    private static func fileExtension(_ path: String) -> String {
        URL(fileURLWithPath: path).pathExtension.lowercased()
    }
}

// MARK: - Writing

extension VectorTable {
    /// Writes floats to a `.npy` or `.fvecs` file.
    ///
    /// - Throws: ``VectorFileError``: the name tells neither, the file cannot be written, or the format cannot hold the values.
    package static func write(_ values: [Float], rows: Int, columns: Int, to path: String) throws(VectorFileError) {
        switch fileExtension(path) {
        case "npy": try NumPyFile.write(values, rows: rows, columns: columns, to: path)
        case "fvecs": try TexmexFile.write(values, rows: rows, columns: columns, to: path)
        default: throw .unknownFormat(path: path, operation: .writingFloats)
        }
    }

    /// Whether floats can be written to a file of that name.
    package static func isNameOfFloats(_ path: String) -> Bool { ["npy", "fvecs"].contains(fileExtension(path)) }

    /// Whether int32 can be written to a file of that name.
    package static func isNameOfIntegers(_ path: String) -> Bool { ["npy", "ivecs"].contains(fileExtension(path)) }

    /// Writes int32 to a `.npy` or `.ivecs` file.
    ///
    /// - Throws: ``VectorFileError``, as for floats.
    package static func write(_ values: [Int32], rows: Int, columns: Int, to path: String) throws(VectorFileError) {
        switch fileExtension(path) {
        case "npy": try NumPyFile.write(values, rows: rows, columns: columns, to: path)
        case "ivecs": try TexmexFile.write(values, rows: rows, columns: columns, to: path)
        default: throw .unknownFormat(path: path, operation: .writingIntegers)
        }
    }

    /// Writes ids to a `.npy` or `.ivecs` file: as int32 if all fit, otherwise as int64, which only `.npy` has.
    ///
    /// - Throws: ``VectorFileError``, as for floats.
    package static func write(ids: [Int64], rows: Int, columns: Int, to path: String) throws(VectorFileError) {
        guard let large = ids.first(where: { Int32(exactly: $0) == nil }) else {
            return try write(ids.map { Int32($0) }, rows: rows, columns: columns, to: path)
        }
        guard fileExtension(path) == "npy" else {
            throw .keyOutOfRange(path: path, key: large)
        }
        try NumPyFile.write(ids, rows: rows, columns: columns, to: path)
    }
}
