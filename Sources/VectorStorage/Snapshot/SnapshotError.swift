// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Says why a snapshot file could not be read or written. A file that could not be written is as it was, with one exception.
/// If only the folder's fsync fails, the new file is in place, and a power failure may bring the old one back.
public enum SnapshotError: NearestError, Hashable {
    /// The system refused to open or read the file; `code` is its error number (`errno`).
    case cannotRead(path: String, code: Int32)

    /// The system refused to write the file, or to put it in the place of the old one; `code` is its error number (`errno`).
    case cannotWrite(path: String, code: Int32)

    /// Something else than a regular file is there.
    case notARegularFile(path: String)

    /// The file does not begin as a snapshot does.
    case notASnapshot(path: String)

    /// The file was written by a machine that stores the bytes of a number in the other order.
    case foreignByteOrder

    /// The file was written by a later release of this library, in a version of the format that this one does not know.
    case newerVersion(found: Int, newestKnown: Int)

    /// The file has another length than it says itself.
    case lengthMismatch(expected: Int, found: Int)

    /// The bytes of a section are not those that were written.
    case checksumMismatch(section: String)

    /// A section holds what no index holds.
    case malformed(section: String, reason: String)

    /// The index has a key and no vector for it.
    case missingVector(key: UInt64)
}

extension SnapshotError {
    /// The name of what is wrong (``NearestError/code``).
    public var code: String {
        switch self {
        case .cannotRead: "cannot-read"
        case .cannotWrite: "cannot-write"
        case .notARegularFile: "not-a-regular-file"
        case .notASnapshot: "not-a-snapshot"
        case .foreignByteOrder: "foreign-byte-order"
        case .newerVersion: "newer-version"
        case .lengthMismatch: "length-mismatch"
        case .checksumMismatch: "checksum-mismatch"
        case .malformed: "malformed"
        case .missingVector: "missing-vector"
        }
    }

    /// Says in one line what is wrong.
    public var description: String {
        switch self {
        case .cannotRead(let path, let code): "\(path): cannot be read: \(SystemCalls.message(code))"
        case .cannotWrite(let path, let code): "\(path): cannot be written: \(SystemCalls.message(code))"
        case .notARegularFile(let path): "\(path): is not a regular file"
        case .notASnapshot(let path): "\(path): is not a snapshot of an index"
        case .foreignByteOrder: "a snapshot of a machine with the other byte order"
        case .newerVersion(let found, let newestKnown):
            "a snapshot in version \(found) of the format; this release reads versions up to \(newestKnown): use a newer one"
        case .lengthMismatch(let expected, let found): "the file has \(found) bytes; its header says \(expected)"
        case .checksumMismatch(let section): "section '\(section)' is damaged: its checksum does not match"
        case .malformed(let section, let reason): "section '\(section)' is malformed: \(reason)"
        case .missingVector(let key): "the key \(key) has no vector"
        }
    }
}
