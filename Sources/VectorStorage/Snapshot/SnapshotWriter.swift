// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes a snapshot file: to a file beside it, which takes its place when all of it has reached the disk. Whatever happens on the
/// way, the old file or the new one is there.
///
/// The file beside it is locked as long as somebody writes to it. One that nobody has locked was left by a process that ended too
/// soon, and is deleted.
package final class SnapshotWriter {
    private let path: String
    private let folder: String
    private let temporaryPath: String
    private let file: Int32
    private let calls: SystemCalls
    private var header = SnapshotHeader()
    private var isFinished = false

    /// What is written at once: small enough to be in a cache when it is read a second time.
    private static let chunkBytes = 1 << 20

    /// - Parameter path: the file to be written or replaced; a symbolic link stays one.
    package init(_ path: String, calls: SystemCalls = .real) throws(SnapshotError) {
        let path = try Self.target(path)
        let separator = path.lastIndex(of: "/")
        let folder = separator.map { String(path[...$0]) } ?? "./"
        let prefix = ".\(separator.map { String(path[path.index(after: $0)...]) } ?? path).saving-"
        Self.deleteLeftovers(folder: folder, prefix: prefix)
        (temporaryPath, file) = try Self.makeTemporary(folder + prefix, for: path)
        self.path = path
        self.folder = folder
        self.calls = calls
        if let mode = Self.mode(of: path) { fchmod(file, mode) }
    }

    deinit {
        if !isFinished { unlink(temporaryPath) }
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
        // SAFETY: `rows` rows are usable, as their owner says, and nobody changes them meanwhile.
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
        guard ftruncate(file, off_t(length)) == 0 else { throw failure() }
        guard calls.synchronize(file) == 0 else { throw failure() }
        guard calls.rename(temporaryPath, path) == 0 else { throw failure() }
        isFinished = true
        // The new name is on the disk when the folder is. Its content is there in any case.
        let folderFile = open(folder, O_RDONLY | O_CLOEXEC)
        guard folderFile >= 0 else { throw failure() }
        defer { close(folderFile) }
        guard calls.synchronize(folderFile) == 0 || errno == EINVAL else { throw failure() }
        return length
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

    // MARK: Places

    /// Where a path leads, if something is there.
    private static func target(_ path: String) throws(SnapshotError) -> String {
        guard let resolved = realpath(path, nil) else {
            guard errno == ENOENT, !path.isEmpty, !path.hasSuffix("/") else {
                throw .cannotWrite(path: path, code: errno == ENOENT ? EISDIR : errno)
            }
            return path
        }
        defer { free(resolved) }
        let target = String(cString: resolved)
        guard mode(of: target) != nil else { throw .notARegularFile(path: path) }
        return target
    }

    /// The permissions of a regular file.
    private static func mode(of path: String) -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return status.st_mode & 0o7777
    }

    private static func makeTemporary(
        _ prefix: String, for path: String
    ) throws(SnapshotError) -> (path: String, file: Int32) {
        while true {
            let temporary = prefix + String(UInt64.random(in: 0 ... .max), radix: 36)
            let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            guard file >= 0 else {
                if errno == EEXIST || errno == EINTR { continue }
                throw .cannotWrite(path: path, code: errno)
            }
            var status = stat()
            // Between its making and its locking, another process may have taken it for a leftover.
            if flock(file, LOCK_EX | LOCK_NB) == 0, fstat(file, &status) == 0, status.st_nlink > 0 {
                return (temporary, file)
            }
            let code = errno
            unlink(temporary)
            close(file)
            // A file system without locks.
            if code == ENOLCK || code == ENOTSUP { throw .cannotWrite(path: path, code: code) }
        }
    }

    private static func deleteLeftovers(folder: String, prefix: String) {
        guard let list = opendir(folder) else { return }
        defer { closedir(list) }
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            guard name.hasPrefix(prefix) else { continue }
            let file = open(folder + name, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { continue }
            if flock(file, LOCK_EX | LOCK_NB) == 0 { unlink(folder + name) }
            close(file)
        }
    }
}
