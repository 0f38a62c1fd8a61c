// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file of equally long rows of numbers, in one of the formats that the end of its name says.
///
/// | name     | format                                                | read as floats       | read as int32 |
/// |----------|-------------------------------------------------------|----------------------|---------------|
/// | `.npy`   | NumPy's (``NumPyFile``)                               | floats and integers  | integers      |
/// | `.fvecs` | TEXMEX (``TexmexFile``)                               | float32              |               |
/// | `.bvecs` | TEXMEX                                                | uint8                |               |
/// | `.ivecs` | TEXMEX                                                | int32                | int32         |
package struct VectorTable {
    /// The names that are read, for help texts and failures.
    package static let formats = ".npy, .fvecs, .bvecs or .ivecs"

    private enum File {
        case numPy(NumPyFile)
        case texmex(TexmexFile)
    }

    package let path: String
    package let rows: Int

    /// Values of a row: the dimensions of vectors.
    package let columns: Int

    private let file: File

    /// Opens a file.
    ///
    /// - Throws: ``CommandFailure``, naming the file: its name says none of the formats, it cannot be read, or is malformed.
    package init(path: String) throws(CommandFailure) {
        self.path = path
        let name = Self.fileExtension(path)
        if name == "npy" {
            let numPy = try NumPyFile(path: path)
            (file, rows, columns) = (.numPy(numPy), numPy.rows, numPy.columns)
        } else if let elementType = TexmexFile.ElementType(rawValue: name) {
            let texmex = try TexmexFile(path: path, elementType: elementType)
            (file, rows, columns) = (.texmex(texmex), texmex.rows, texmex.columns)
        } else {
            throw CommandFailure("\(path): its name must end in \(Self.formats)")
        }
    }

    /// The first `limit` rows as floats, one after the other.
    ///
    /// - Throws: ``CommandFailure``, naming the file: it holds something else, or a row is malformed.
    package func floats(limit: Int? = nil) throws(CommandFailure) -> [Float] {
        switch file {
        case .numPy(let file): try file.floats(limit: limit)
        case .texmex(let file): try file.floats(limit: limit)
        }
    }

    /// All values of a file of int32.
    ///
    /// - Throws: ``CommandFailure``, naming the file: it holds something else, or a row is malformed.
    package func int32s() throws(CommandFailure) -> [Int32] {
        switch file {
        case .numPy(let file): try file.int32s()
        case .texmex(let file): try file.int32s()
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
    /// - Throws: ``CommandFailure``: the name says neither, the file cannot be written, or the format cannot hold the values.
    package static func write(_ values: [Float], rows: Int, columns: Int, to path: String) throws(CommandFailure) {
        switch fileExtension(path) {
        case "npy": try NumPyFile.write(values, rows: rows, columns: columns, to: path)
        case "fvecs": try TexmexFile.write(values, rows: rows, columns: columns, to: path)
        default: throw CommandFailure("\(path): floats are written to .npy or .fvecs")
        }
    }

    /// Whether floats can be written to a file of that name.
    package static func isNameOfFloats(_ path: String) -> Bool { ["npy", "fvecs"].contains(fileExtension(path)) }

    /// Whether int32 can be written to a file of that name.
    package static func isNameOfIntegers(_ path: String) -> Bool { ["npy", "ivecs"].contains(fileExtension(path)) }

    /// Writes int32 to a `.npy` or `.ivecs` file.
    ///
    /// - Throws: ``CommandFailure``, as of floats.
    package static func write(_ values: [Int32], rows: Int, columns: Int, to path: String) throws(CommandFailure) {
        switch fileExtension(path) {
        case "npy": try NumPyFile.write(values, rows: rows, columns: columns, to: path)
        case "ivecs": try TexmexFile.write(values, rows: rows, columns: columns, to: path)
        default: throw CommandFailure("\(path): int32 are written to .npy or .ivecs")
        }
    }

    /// Writes ids to a `.npy` or `.ivecs` file: as int32 if all fit, otherwise as int64, which only `.npy` has.
    ///
    /// - Throws: ``CommandFailure``, as of floats.
    package static func write(ids: [Int64], rows: Int, columns: Int, to path: String) throws(CommandFailure) {
        guard let large = ids.first(where: { Int32(exactly: $0) == nil }) else {
            return try write(ids.map { Int32($0) }, rows: rows, columns: columns, to: path)
        }
        guard fileExtension(path) == "npy" else {
            throw CommandFailure("\(path): the key \(large) is beyond int32; a .npy file can hold it")
        }
        try NumPyFile.write(ids, rows: rows, columns: columns, to: path)
    }
}
