// SPDX-License-Identifier: Apache-2.0

/// Why a file of vectors is not read or written. Each case names the file.
package enum VectorFileError: Error, Sendable, Hashable {
    /// What a file's name is to tell the format of.
    package enum Operation: Sendable, Hashable {
        case reading, writingFloats, writingIntegers
    }

    /// The system does not give the file's bytes, for the reason that it names.
    case cannotRead(path: String, reason: String)

    /// The system does not take the file's bytes, for the reason that it names.
    case cannotWrite(path: String, reason: String)

    /// The end of the file's name is none of the formats that the operation has.
    case unknownFormat(path: String, operation: Operation)

    /// The bytes are not those of the format, or use a part of it that is not read.
    case malformed(path: String, reason: String)

    /// A row has another length than the first one.
    case rowLengthMismatch(path: String, row: Int, expected: Int, found: Int)

    /// The elements are of a type that is not converted to the wanted one.
    case wrongElementType(path: String, found: String, wanted: String)

    /// A value lies outside the range of the wanted type.
    case valueOutOfRange(path: String, row: Int, value: String, type: String)

    /// An integer that no float32 equals.
    case inexactValue(path: String, row: Int, value: String)

    /// A key is beyond int32, and the format holds no larger integers.
    case keyOutOfRange(path: String, key: Int64)

    /// The format cannot hold so many rows, or rows of this length.
    case unwritableShape(path: String, rows: Int, columns: Int)

    /// The case's name in words joined by hyphens. It stays the same from release to release.
    package var code: String {
        switch self {
        case .cannotRead: "cannot-read"
        case .cannotWrite: "cannot-write"
        case .unknownFormat: "unknown-format"
        case .malformed: "malformed"
        case .rowLengthMismatch: "row-length-mismatch"
        case .wrongElementType: "wrong-element-type"
        case .valueOutOfRange: "value-out-of-range"
        case .inexactValue: "inexact-value"
        case .keyOutOfRange: "key-out-of-range"
        case .unwritableShape: "unwritable-shape"
        }
    }

    package var path: String {
        switch self {
        case .cannotRead(let path, _), .cannotWrite(let path, _), .unknownFormat(let path, _), .malformed(let path, _),
            .rowLengthMismatch(let path, _, _, _), .wrongElementType(let path, _, _),
            .valueOutOfRange(let path, _, _, _), .inexactValue(let path, _, _), .keyOutOfRange(let path, _),
            .unwritableShape(let path, _, _):
            path
        }
    }
}

extension VectorFileError: CustomStringConvertible {
    /// The path and what is wrong, in one line.
    package var description: String { "\(path): \(fault)" }

    private var fault: String {
        switch self {
        case .cannotRead(_, let reason): "cannot be read: \(reason)"
        case .cannotWrite(_, let reason): "cannot be written: \(reason)"
        case .unknownFormat(_, .reading): "its name must end in \(VectorTable.formats)"
        case .unknownFormat(_, .writingFloats): "floats are written to .npy or .fvecs"
        case .unknownFormat(_, .writingIntegers): "int32 are written to .npy or .ivecs"
        case .malformed(_, let reason): reason
        case .rowLengthMismatch(_, let row, let expected, let found):
            "row \(row) has \(found) dimensions; row 0 has \(expected)"
        case .wrongElementType(_, let found, let wanted): "holds \(found), wanted \(wanted)"
        case .valueOutOfRange(_, let row, let value, let type): "row \(row) holds \(value), which is beyond \(type)"
        case .inexactValue(_, let row, let value): "row \(row) holds \(value), which no float32 equals"
        case .keyOutOfRange(_, let key): "the key \(key) is beyond int32; a .npy file can hold it"
        case .unwritableShape(_, let rows, let columns):
            "\(rows) rows of \(columns) values; files of this kind hold one or more, of "
                + "\(VectorTable.dimensionsRange.lowerBound) to \(VectorTable.dimensionsRange.upperBound) values"
        }
    }
}

/// What is wrong with bytes, before it is known which file they are of.
struct Malformed: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    func error(path: String) -> VectorFileError { .malformed(path: path, reason: reason) }
}
