// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the bytes of an opened snapshot are.
public enum SnapshotResidency: String, Sendable, Hashable, CaseIterable {
    /// In the file, until they are read: the system fetches a page when it is first touched, and processes that open one file
    /// share its pages. Opening takes the same time however large the file is.
    case mapped

    /// As ``mapped``, but all pages are fetched before opening ends.
    case prefaulted

    /// Copied to memory of the process, in huge pages where the system has them: the fastest to search, and independent of the
    /// file.
    case loaded
}

/// A snapshot file that is being opened: its records, and its tensors as memory.
package final class SnapshotFile {
    package let header: SnapshotHeader
    private let path: String
    private let file: Int32
    private let residency: SnapshotResidency

    /// Sections that were asked for.
    private var readSections: Set<SnapshotSection> = []

    /// The sections that became memory, as they are in the file, padding included.
    package private(set) var tensors: [SnapshotTensor] = []

    /// - Parameter prefaults: whether all of it will be read at once in any case.
    package init(
        _ path: String, residency: SnapshotResidency = .mapped, prefaults: Bool = false
    ) throws(SnapshotError) {
        guard !path.utf8.contains(0) else { throw .cannotRead(path: path, code: EINVAL) }
        // Opening a pipe without a writer would block.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { throw .cannotRead(path: path, code: errno) }
        do throws(SnapshotError) {
            var status = stat()
            guard fstat(file, &status) == 0 else { throw .cannotRead(path: path, code: errno) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: path) }
            let length = Int(status.st_size)
            let page = try Self.read(file, at: 0, count: min(length, SnapshotHeader.pageBytes), path: path)
            header = try SnapshotHeader(page, fileLength: length, path: path)
        } catch {
            close(file)
            throw error
        }
        self.path = path
        self.file = file
        self.residency = prefaults && residency == .mapped ? .prefaulted : residency
    }

    deinit { close(file) }

    /// Reads a record and checks that it is as it was written; nil if there is none.
    package func record(_ section: SnapshotSection) throws(SnapshotError) -> RecordReader? {
        guard let entry = header.entry(section) else { return nil }
        readSections.insert(section)
        guard entry.length <= Self.maximumRecordBytes else {
            throw .malformed(
                section: section.name, reason: "\(entry.length) bytes; it has \(Self.maximumRecordBytes) at most")
        }
        // The header ensures that this lies within the file.
        let content = try Self.read(file, at: entry.offset, count: entry.paddedLength, path: path)
        try content.withUnsafeBufferPointer { (content) throws(SnapshotError) in
            try SnapshotTensor(entry, bytes: UnsafeRawBufferPointer(content)).verify()
        }
        return RecordReader(Array(content.prefix(entry.length)), section: section.name)
    }

    /// A file with holes can be longer than any memory. A list of 250 million slots is shorter.
    private static var maximumRecordBytes: Int { 1 << 30 }

    /// Bytes that a tensor's section has; 0 if there is none.
    package func length(_ section: SnapshotSection) -> Int { header.entry(section)?.length ?? 0 }

    /// Puts a section at the front of reserved memory.
    func fill(_ memory: ReservedMemory, with section: SnapshotSection) throws(StorageError) {
        guard let entry = header.entry(section) else { return }
        readSections.insert(section)
        if residency == .loaded {
            try memory.commit(entry.paddedLength)
            let target = UnsafeMutableRawBufferPointer(start: memory.base, count: entry.paddedLength)
            do { try Self.read(file, at: entry.offset, into: target, path: path) } catch { throw .snapshot(error) }
        } else {
            try memory.map(file, offset: entry.offset, bytes: entry.paddedLength, prefault: residency == .prefaulted)
        }
        let bytes = UnsafeRawBufferPointer(start: memory.base, count: entry.paddedLength)
        tensors.append(SnapshotTensor(entry, bytes: bytes))
    }

    /// Reads a section of rows that is not needed any longer than its reader, and checks that it is as it was written.
    package func verifiedRows(
        _ section: SnapshotSection, stride: Int, rows: Int
    ) throws(StorageError) -> Tensor<UInt8> {
        let tensor: Tensor<UInt8> = try TensorSource.file(self).tensor(
            section, stride: stride, capacity: max(rows, 1), rows: rows)
        if length(section) > 0, let read = tensors.popLast() {
            do { try read.verify() } catch { throw .snapshot(error) }
        }
        return tensor
    }

    /// Throws if a section was not asked for: it would never be verified.
    package func requireAllRead() throws(SnapshotError) {
        for entry in header.entries where !readSections.contains(entry.section) {
            throw .malformed(section: entry.section.name, reason: "an index like this one has no such section")
        }
    }

    private static func read(
        _ file: Int32, at offset: Int, count: Int, path: String
    ) throws(SnapshotError) -> [UInt8] {
        var content = [UInt8](repeating: 0, count: count)
        try content.withUnsafeMutableBufferPointer { (content) throws(SnapshotError) in
            try read(file, at: offset, into: UnsafeMutableRawBufferPointer(content), path: path)
        }
        return content
    }

    /// Fills a buffer from the file.
    private static func read(
        _ file: Int32, at offset: Int, into buffer: UnsafeMutableRawBufferPointer, path: String
    ) throws(SnapshotError) {
        guard let base = buffer.baseAddress else { return }
        var position = 0
        while position < buffer.count {
            let count = pread(file, base + position, buffer.count - position, off_t(offset + position))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .cannotRead(path: path, code: errno) }
            guard count > 0 else { throw .lengthMismatch(expected: offset + buffer.count, found: offset + position) }
            position += count
        }
    }
}

/// A section in memory, to be compared with its checksum before anything changes it. The memory's owner outlives it.
package struct SnapshotTensor: @unchecked Sendable {
    // SAFETY: `bytes` are only read, and before the first write to them.

    package let section: SnapshotSection
    private let checksum: UInt32
    private let length: Int
    private let bytes: UnsafeRawBufferPointer

    init(_ entry: SnapshotHeader.Entry, bytes: UnsafeRawBufferPointer) {
        section = entry.section
        checksum = entry.checksum
        length = entry.length
        self.bytes = bytes
    }

    /// Throws unless the bytes are those that were written, with zeros behind them.
    package func verify() throws(SnapshotError) {
        var found = Checksum()
        found.update(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        guard found.value == checksum else { throw .checksumMismatch(section: section.name) }
        guard Self.isZero(UnsafeRawBufferPointer(rebasing: bytes[length...])) else {
            throw .malformed(section: section.name, reason: "what follows it is not zero")
        }
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, let first = bytes.first else { return true }
        // Each byte equals the one before it.
        return first == 0 && memcmp(base, base + 1, bytes.count - 1) == 0
    }
}
