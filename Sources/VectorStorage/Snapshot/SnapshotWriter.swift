// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes a snapshot file. The content goes to a temporary file in the same folder, which replaces the old file when all of
/// it has reached the disk. At any moment the old file or the new one is there.
///
/// The temporary file is locked as long as it is written. One without a lock was left by a process that ended too soon, and
/// is deleted.
package final class SnapshotWriter {
    private let path: String
    private let place: SnapshotPlace
    private let temporary: [CChar]
    private let file: Int32
    private let calls: SystemCalls
    private var header: SnapshotHeader
    private var isFinished = false

    /// What is written at once: small enough to be in a cache when it is read a second time.
    private static let chunkBytes = 1 << 20

    /// - Parameters:
    ///   - path: the file to be written or replaced; a symbolic link stays one.
    ///   - version: the version of the format that the content is in.
    package init(
        _ path: String, version: Int = SnapshotHeader.currentVersion, calls: SystemCalls = .real
    ) throws(SnapshotError) {
        header = SnapshotHeader(version: version)
        let place = try SnapshotPlace(path)
        place.deleteLeftovers()
        (temporary, file) = try place.makeTemporary()
        self.path = path
        self.place = place
        self.calls = calls
    }

    deinit {
        if !isFinished { place.delete(temporary) }
        close(file)
    }

    /// Appends a section; one without bytes is left out.
    package func append(_ section: SnapshotSection, _ bytes: UnsafeRawBufferPointer) throws(SnapshotError) {
        guard !bytes.isEmpty else { return }
        let offset = header.fileLength
        var checksum = Checksum()
        var position = 0
        while position < bytes.count {
            let chunk = UnsafeRawBufferPointer(
                rebasing: bytes[position..<min(position + Self.chunkBytes, bytes.count)])
            checksum.update(chunk)
            try write(chunk, at: offset + position)
            position += chunk.count
        }
        header.append(.init(section: section, checksum: checksum.value, offset: offset, length: bytes.count))
    }

    /// Appends the first rows of a tensor.
    package func append<Element>(
        _ section: SnapshotSection, _ tensor: Tensor<Element>, rows: Int
    ) throws(SnapshotError) {
        // SAFETY: `rows` rows are usable, as their owner says, and nothing changes them during the call.
        let count = rows * tensor.stride * MemoryLayout<Element>.stride
        try append(section, UnsafeRawBufferPointer(start: tensor.base, count: count))
    }

    /// Appends a record.
    package func append(_ section: SnapshotSection, _ record: RecordWriter) throws(SnapshotError) {
        try record.bytes.withUnsafeBufferPointer { (bytes) throws(SnapshotError) in
            try append(section, UnsafeRawBufferPointer(bytes))
        }
    }

    /// Puts the file in its place; returns its length.
    package func finish() throws(SnapshotError) -> Int {
        let length = header.fileLength
        try header.encoded().withUnsafeBufferPointer { (page) throws(SnapshotError) in
            try write(UnsafeRawBufferPointer(page), at: 0)
        }
        // Zeros to the end of the last section's last page.
        try require { ftruncate(file, off_t(length)) }
        try require { calls.synchronize(file) }
        try require { calls.rename(place.folder, temporary, place.name) }
        isFinished = true
        // The new name is on the disk when the folder is. Some file systems know no synchronisation of folders.
        try require { calls.synchronize(place.folder) == 0 || errno == EINVAL ? 0 : -1 }
        return length
    }

    /// Makes a system call, again if a signal interrupts it.
    private func require(_ call: () -> Int32) throws(SnapshotError) {
        while call() != 0 {
            guard errno == EINTR else { throw failure() }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SnapshotError) {
        guard let base = bytes.baseAddress else { return }
        var position = 0
        while position < bytes.count {
            let written = calls.write(file, base + position, bytes.count - position, offset + position)
            if written < 0, errno == EINTR { continue }
            // A disk that takes nothing and says nothing is full.
            guard written != 0 else { throw .cannotWrite(path: path, code: ENOSPC) }
            guard written > 0 else { throw failure() }
            position += written
        }
    }

    private func failure() -> SnapshotError { .cannotWrite(path: path, code: errno) }
}
