// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

@Suite("Saving an index where the system refuses")
struct SnapshotFaultTests {
    private let folder: TemporaryFolder
    private let index: HNSWIndex
    private let fixture = SnapshotFixture(count: 60, history: .changed)
    private let old: [UInt8]
    private let new: [UInt8]

    /// The file `a` is older than the index, which would be saved as `new`.
    init() throws {
        folder = try TemporaryFolder()
        index = try fixture.make()
        try index.save(to: folder.path("a"))
        old = try folder.bytes("a")
        try fixture.change(index)
        try index.save(to: folder.path("b"))
        new = try folder.bytes("b")
        try FileManager.default.removeItem(atPath: folder.path("b"))
        #expect(old != new)
    }

    /// Saves to `a`, which must fail and leave `expected` there, and an index that is as before.
    private func expectFailure(
        _ code: Int32, leaving expected: [UInt8], calls: SystemCalls, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = folder.path("a")
        #expect(throws: VectorIndexError.snapshot(.cannotWrite(path: path, code: code)), sourceLocation: sourceLocation)
        {
            try index.save(to: path, calls: calls)
        }
        #expect(try folder.names == ["a"], sourceLocation: sourceLocation)
        #expect(try folder.bytes("a") == expected, sourceLocation: sourceLocation)
        try folder.write(old, to: "a")
    }

    /// The index is what it was: it is saved as it would have been, and can be changed.
    private func expectUsable() throws {
        try index.checkInvariants()
        try index.save(to: folder.path("a"))
        #expect(try folder.bytes("a") == new)
        try index.insert([Float](repeating: 1, count: fixture.dimensions), key: 77)
        try index.save(to: folder.path("a"))
        let opened = try HNSWIndex(contentsOf: folder.path("a"))
        #expect(opened.contains(key: 77))
        #expect(try fixture.answers(opened) == fixture.answers(index))
        #expect(try folder.names == ["a"])
    }

    /// How many bytes a save writes after each of its writes.
    private func writtenBytes() throws -> [Int] {
        let sums = Guarded([0])
        var calls = SystemCalls.real
        calls.write = { file, bytes, count, offset in
            let written = SystemCalls.real.write(file, bytes, count, offset)
            sums.withLock { $0.append(($0.last ?? 0) + written) }
            return written
        }
        _ = try index.save(to: folder.path("b"), calls: calls)
        try FileManager.default.removeItem(atPath: folder.path("b"))
        return sums.withLock { $0 }
    }

    @Test("A disk that is full after any number of bytes leaves the old file and the index", arguments: [false, true])
    func fullDisk(saysSo: Bool) throws {
        let sums = try writtenBytes()
        let total = try #require(sums.last)
        #expect(sums.count > 10)
        for room in Set(sums.flatMap { [$0 - 1, $0, $0 + 1] }).sorted() where (0..<total).contains(room) {
            let left = Guarded(room)
            var calls = SystemCalls.real
            calls.write = { file, bytes, count, offset in
                let part = left.withLock { min(count, $0) }
                left.withLock { $0 -= part }
                if part > 0 { return SystemCalls.real.write(file, bytes, part, offset) }
                errno = saysSo ? ENOSPC : 0
                return saysSo ? -1 : 0
            }
            try expectFailure(ENOSPC, leaving: old, calls: calls)
        }
        try expectUsable()
    }

    @Test("A call that fails, whichever it is, leaves the old file, or the new one if only the folder's is left")
    func failingCalls() throws {
        let path = folder.path("a")
        let callCount = try writtenBytes().count - 1 + 3
        for failing in 0..<callCount {
            let counter = Guarded(0)
            @Sendable func fails() -> Bool {
                counter.withLock {
                    $0 += 1
                    errno = EIO
                    return $0 == failing + 1
                }
            }
            let calls = SystemCalls(
                write: { fails() ? -1 : SystemCalls.real.write($0, $1, $2, $3) },
                synchronize: { fails() ? -1 : SystemCalls.real.synchronize($0) },
                rename: { fails() ? -1 : SystemCalls.real.rename($0, $1, $2) })
            try expectFailure(EIO, leaving: failing == callCount - 1 ? new : old, calls: calls)
        }
        try expectUsable()
        #expect(throws: VectorIndexError.snapshot(.cannotWrite(path: path + "/b", code: ENOTDIR))) {
            try index.save(to: path + "/b")
        }
    }

    @Test("An index saved by one byte at a time, with interruptions, is the same file")
    func byteByByte() throws {
        let turn = Guarded(0)
        var calls = SystemCalls.real
        calls.write = { file, bytes, count, offset in
            let isInterrupted = turn.withLock {
                $0 += 1
                return $0 % 5 == 0
            }
            errno = EINTR
            return isInterrupted ? -1 : SystemCalls.real.write(file, bytes, 1, offset)
        }
        let length = try index.save(to: folder.path("a"), calls: calls)
        #expect(length == new.count)
        #expect(try folder.bytes("a") == new)
        try expectUsable()
    }

    @Test("Where files may not be so long, the old one stays")
    func lengthLimit() throws {
        let path = folder.path("versions")
        let length = try VersionedIndex().index.save(to: path)
        let bytes = try folder.bytes("versions")
        for limit in [0, 1, 5000, length / 2, length - 1] {
            let child = try ChildProcess("save-without-room", path, "\(limit)")
            #expect(child.end() == .exit(1))
            #expect(try child.output == [SnapshotError.cannotWrite(path: path, code: EFBIG).description])
            #expect(try folder.bytes("versions") == bytes)
            #expect(try folder.names == ["a", "versions"])
        }
        let child = try ChildProcess("save-without-room", path, "\(length)")
        #expect(child.end() == .exit(0))
    }

    @Test("Where the process has no right to write, the old file stays")
    func noRights() throws {
        let path = folder.path("versions")
        try VersionedIndex().index.save(to: path)
        let bytes = try folder.bytes("versions")
        // Who has all rights gives them up.
        chmod(path, 0o644)
        chmod(folder.url.path, 0o555)
        defer { chmod(folder.url.path, 0o755) }
        let child = try ChildProcess("save-without-rights", path)
        #expect(child.end() == .exit(1))
        #expect(try child.output == [SnapshotError.cannotWrite(path: path, code: EACCES).description])
        #expect(try folder.bytes("versions") == bytes)
        #expect(try folder.names == ["a", "versions"])
    }
}
