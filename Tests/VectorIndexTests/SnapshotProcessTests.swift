// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

@Suite("A saved index and other processes")
struct SnapshotProcessTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path("a")
        try VersionedIndex().index.save(to: path)
    }

    @Test("A process killed at any call that saves leaves the old version or the new one")
    func killedAtEveryCall() throws {
        var version = 0
        var call = 0
        var versions: [Int] = []
        while true {
            let child = try ChildProcess("save-and-die", path, "\(call)")
            let end = child.end()
            if end == .exit(0) { break }
            #expect(end == .signal(SIGKILL), "call \(call)")
            #expect(try folder.names.count <= 2)
            version = try VersionedIndex(contentsOf: path).version()
            versions.append(version)
            call += 1
        }
        // After the renaming there is only the folder's synchronisation, at which the file is new.
        #expect(versions.count > 10)
        #expect(versions == [Int](repeating: 0, count: versions.count - 1) + [1])
        #expect(try VersionedIndex(contentsOf: path).version() == version + 1)
        #expect(try folder.names == ["a"])
    }

    @Test("A process killed at random moments leaves the version that it saved last, or the one that it was saving")
    func killedAtRandom() throws {
        var generator = SeededGenerator(seed: 631)
        var last = 0
        for turn in 0..<40 {
            let child = try ChildProcess("save-for-ever", path)
            while try child.output.isEmpty, child.isRunning { usleep(500) }
            usleep(UInt32.random(in: 0..<20_000, using: &generator))
            child.kill()
            #expect(child.end() == .signal(SIGKILL))
            let saved = try #require(try child.output.last.flatMap { Int($0) })
            let opened = try VersionedIndex(contentsOf: path)
            let version = try opened.version()
            #expect(saved > last && (saved...saved + 1).contains(version), "turn \(turn), after version \(saved)")
            #expect(try folder.names.count <= 2)
            last = version
        }
        try VersionedIndex(contentsOf: path).index.save(to: path)
        #expect(try folder.names == ["a"])
        #expect(try VersionedIndex(contentsOf: path).version() == last)
    }

    @Test("What a killed process leaves is deleted by the next save to its place, and by no other")
    func leftover() throws {
        let child = try ChildProcess("save-and-die", path, "3")
        #expect(child.end() == .signal(SIGKILL))
        let names = try folder.names
        #expect(names.count == 2)
        let index = try VersionedIndex().index
        try index.save(to: folder.path("b"))
        #expect(try folder.names == (names + ["b"]).sorted())
        try index.save(to: path)
        #expect(try folder.names == ["a", "b"])
    }

    @Test("Who opens the file while another process saves it opens one of the versions, never an older one than before")
    func readers() throws {
        let versioned = try VersionedIndex()
        let readers = try (0..<2).map { _ in try ChildProcess("read", path, "12") }
        let ends = Guarded<[ChildProcess.End]>([])
        // SAFETY: each is waited for by one thread, and read when that has ended.
        nonisolated(unsafe) let waited = readers
        let group = DispatchGroup()
        for i in waited.indices {
            DispatchQueue(label: "reader \(i)").async(group: group) {
                let end = waited[i].end()
                ends.withLock { $0.append(end) }
            }
        }
        var version = 0
        repeat {
            version += 1
            try versioned.change(to: version)
            try versioned.index.save(to: path)
        } while ends.withLock({ $0.count }) < readers.count || version < 2
        group.wait()
        for reader in readers { #expect(try reader.output == ["done"]) }
        #expect(ends.withLock { $0 } == [.exit(0), .exit(0)])
        #expect(version > 1)
    }

    @Test("Of two processes that save to one file, one's version is there wholly in the end")
    func savers() throws {
        let savers = try [1000, 2000].map { try ChildProcess("save", path, "\($0)") }
        for saver in savers {
            #expect(saver.end() == .exit(0))
            #expect(try saver.output == ["done"])
        }
        #expect([1020, 2020].contains(try VersionedIndex(contentsOf: path).version()))
        #expect(try folder.names == ["a"])
    }

    #if os(Linux)
        @Test(
            "A file that there is no memory for is refused by an error, and opened where there is",
            .enabled(if: AllocationCounter.works, "A sanitizer takes more address space than there is."),
            arguments: [SnapshotResidency.mapped, .prefaulted, .loaded])
        func addressSpace(residency: SnapshotResidency) throws {
            var ends: [ChildProcess.End] = []
            // The tensors' reservations need about 500 MB.
            for megabytes in [1, 50, 100, 300, 450, 460, 470, 480, 490, 500, 510, 600, 2000] {
                let child = try ChildProcess("open-without-room", path, "\(megabytes << 20)", residency.rawValue)
                let end = child.end()
                let output = try child.output
                ends.append(end)
                #expect(output.count == 1, "\(megabytes) MB: \(end)")
                let isRefused = output.first?.hasPrefix("the system has not the memory for ") == true
                #expect(end == .exit(isRefused ? 1 : 0), "\(megabytes) MB: \(output)")
            }
            #expect(ends.first == .exit(1) && ends.last == .exit(0))
        }
    #endif
}
