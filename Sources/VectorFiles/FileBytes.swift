// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The bytes of a whole file.
enum FileBytes {
    /// Maps a file into memory. An empty file has no bytes.
    ///
    /// - Throws: ``VectorFileError/cannotRead(path:reason:)``.
    static func map(_ path: String) throws(VectorFileError) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        } catch {
            throw .cannotRead(path: path, reason: error.localizedDescription)
        }
    }

    /// Replaces a file whole. A link is followed. A device or a pipe is written to.
    ///
    /// - Throws: ``VectorFileError/cannotWrite(path:reason:)``. A file that was there stays as it was.
    static func write(_ data: Data, to path: String) throws(VectorFileError) {
        do {
            let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
            let type = try? FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType
            if type == nil || type == .typeRegular {
                try data.write(to: url, options: .atomic)
            } else {
                let handle = try FileHandle(forWritingTo: url)
                try handle.write(contentsOf: data)
                try handle.close()
            }
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// Replaces a file by little-endian 32-bit words.
    ///
    /// - Throws: ``VectorFileError/cannotWrite(path:reason:)``. A file that was there stays as it was.
    static func write(words: consuming [UInt32], to path: String) throws(VectorFileError) {
        for i in words.indices { words[i] = words[i].littleEndian }
        let result = words.withUnsafeMutableBytes { bytes -> Result<Void, VectorFileError> in
            // SAFETY: `write` keeps no reference to the data, which ends before the words do.
            let data = bytes.baseAddress.map { Data(bytesNoCopy: $0, count: bytes.count, deallocator: .none) } ?? Data()
            return Result { () throws(VectorFileError) in try write(data, to: path) }
        }
        try result.get()
    }
}

extension RawSpan {
    /// The little-endian integer at an offset. The offset need not be aligned. One beyond the end traps.
    func integer<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type, at offset: Int) -> Integer {
        // SAFETY: every bit pattern is an integer, and the load checks its bounds.
        Integer(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// Returns `runs` runs of `length` little-endian integers each, one after the other. Runs begin `stride` bytes apart.
    ///
    /// - Precondition: they lie within the bytes.
    func integers<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ type: Integer.Type, runs: Int, length: Int, stride: Int, at offset: Int
    ) -> [Integer] {
        guard runs > 0 else { return [] }
        let size = MemoryLayout<Integer>.size
        precondition(length >= 0 && stride >= 0 && offset >= 0)
        precondition(offset + (runs - 1) * stride + length * size <= byteCount)
        return withUnsafeBytes { bytes in
            [Integer](unsafeUninitializedCapacity: runs * length) { target, initializedCount in
                // SAFETY: the last integer of the last run lies within the bytes, by the preconditions.
                for run in 0..<runs {
                    for i in 0..<length {
                        let value = bytes.loadUnaligned(fromByteOffset: offset + run * stride + i * size, as: type)
                        (target.baseAddress! + run * length + i).initialize(to: Integer(littleEndian: value))
                    }
                }
                initializedCount = runs * length
            }
        }
    }
}
