// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorStorage

@Suite("A snapshot that is being written")
struct SnapshotWriterTests {
    private let folder: TemporaryFolder

    /// Longer than what is written at once, and not a multiple of it.
    private static let content: [UInt8] = {
        var generator = SeededGenerator(seed: 621)
        return (0..<(5 << 19) + 7).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }()

    init() throws { folder = try TemporaryFolder() }

    private func save(
        _ content: [UInt8] = Self.content, to name: String, calls: SystemCalls = .real
    ) throws(SnapshotError) -> Int {
        let writer = try SnapshotWriter(folder.path(name), calls: calls)
        try content.withUnsafeBufferPointer { (content) throws(SnapshotError) in
            try writer.append(.vectors, UnsafeRawBufferPointer(content))
            try writer.append(.codes, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(content).prefix(100)))
        }
        try writer.append(.flags, UnsafeRawBufferPointer(start: nil, count: 0))
        return try writer.finish()
    }

    @Test("It is the same bytes, however few of them the system takes at a time")
    func partialWrites() throws {
        let length = try save(to: "whole")
        let whole = try folder.bytes("whole")
        #expect(whole.count == length)
        let generator = Guarded(SeededGenerator(seed: 622))
        let calls = Guarded(0)
        var partial = SystemCalls.real
        partial.write = { file, bytes, count, offset in
            calls.withLock { $0 += 1 }
            let part = generator.withLock { Int.random(in: 0...min(count, 100_000), using: &$0) }
            guard part > 0, calls.withLock({ $0 % 3 > 0 }) else {
                errno = EINTR
                return -1
            }
            return SystemCalls.real.write(file, bytes, part, offset)
        }
        #expect(try save(to: "parts", calls: partial) == length)
        #expect(try folder.bytes("parts") == whole)
        #expect(calls.withLock { $0 } > 50)

        partial.write = { file, bytes, _, offset in SystemCalls.real.write(file, bytes, 1, offset) }
        let few = Array(Self.content.prefix(20_000))
        _ = try save(few, to: "few")
        _ = try save(few, to: "one by one", calls: partial)
        #expect(try folder.bytes("one by one") == folder.bytes("few"))
    }

    @Test("Signals that interrupt a synchronisation or the renaming do not end it")
    func interrupted() throws {
        let turn = Guarded(0)
        @Sendable func isInterrupted() -> Bool {
            errno = EINTR
            return turn.withLock {
                $0 += 1
                return $0 % 4 > 0
            }
        }
        let calls = SystemCalls(
            write: SystemCalls.real.write,
            synchronize: { isInterrupted() ? -1 : SystemCalls.real.synchronize($0) },
            rename: { isInterrupted() ? -1 : SystemCalls.real.rename($0, $1, $2) })
        _ = try save([1, 2, 3], to: "a", calls: calls)
        #expect(turn.withLock { $0 } == 12)
        #expect(try folder.names == ["a"])
    }

    @Test("Where folders cannot be synchronised it is saved all the same")
    func noSynchronisationOfFolders() throws {
        var calls = SystemCalls.real
        calls.synchronize = { file in
            var status = stat()
            fstat(file, &status)
            guard status.st_mode & S_IFMT == S_IFDIR else { return SystemCalls.real.synchronize(file) }
            errno = EINVAL
            return -1
        }
        _ = try save([1, 2, 3], to: "a", calls: calls)
        #expect(try folder.names == ["a"])
    }

    @Test("It takes its place when all of it has reached the disk, and not before")
    func order() throws {
        let steps = Guarded<[String]>([])
        let calls = SystemCalls(
            write: { file, bytes, count, offset in
                steps.withLock { $0.append(offset == 0 ? "header" : "section") }
                return SystemCalls.real.write(file, bytes, count, offset)
            },
            synchronize: { file in
                var status = stat()
                fstat(file, &status)
                steps.withLock { $0.append("synchronize \(status.st_mode & S_IFMT == S_IFDIR ? "folder" : "file")") }
                return SystemCalls.real.synchronize(file)
            },
            rename: { folder, old, new in
                steps.withLock { $0.append("rename") }
                return SystemCalls.real.rename(folder, old, new)
            })
        _ = try save([1, 2, 3], to: "a", calls: calls)
        #expect(
            steps.withLock { $0 }
                == ["section", "section", "header", "synchronize file", "rename", "synchronize folder"])
    }

    @Test("One that is given up leaves nothing")
    func givenUp() throws {
        _ = try save([1, 2, 3], to: "a")
        let bytes = try folder.bytes("a")
        do {
            let writer = try SnapshotWriter(folder.path("a"))
            #expect(try folder.names.count == 2)
            try writer.append(.index, RecordWriter())
        }
        #expect(try folder.names == ["a"])
        #expect(try folder.bytes("a") == bytes)
    }
}
