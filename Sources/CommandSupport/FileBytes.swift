// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The bytes of a whole file.
enum FileBytes {
    /// Maps a file into memory; an empty one has no bytes.
    ///
    /// - Throws: ``CommandFailure``: it cannot be read.
    static func map(_ path: String) throws(CommandFailure) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        } catch {
            throw CommandFailure("\(path): cannot be read: \(error.localizedDescription)")
        }
    }

    /// Replaces a file whole, through a link if the path is one; a device or a pipe is written to.
    ///
    /// - Throws: ``CommandFailure``: it cannot be written; a file that was there is as it was.
    static func write(_ data: Data, to path: String) throws(CommandFailure) {
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
            throw CommandFailure("\(path): cannot be written: \(error.localizedDescription)")
        }
    }

    /// Replaces a file by 32-bit words, little-endian.
    ///
    /// - Throws: ``CommandFailure``, as of bytes.
    static func write(words: consuming [UInt32], to path: String) throws(CommandFailure) {
        for i in words.indices { words[i] = words[i].littleEndian }
        let result = words.withUnsafeMutableBytes { bytes -> Result<Void, CommandFailure> in
            // SAFETY: the data is gone before the words are.
            let data = bytes.baseAddress.map { Data(bytesNoCopy: $0, count: bytes.count, deallocator: .none) } ?? Data()
            return Result { () throws(CommandFailure) in try write(data, to: path) }
        }
        try result.get()
    }
}

extension RawSpan {
    /// The little-endian integer at an offset, which need not be aligned; beyond the end a trap.
    func integer<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type, at offset: Int) -> Integer {
        // SAFETY: every bit pattern is an integer, and the load checks its bounds.
        Integer(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// Runs of `length` little-endian integers, which begin `stride` bytes apart, one after the other.
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
