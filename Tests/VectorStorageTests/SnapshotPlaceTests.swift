// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorStorage

@Suite("Where a snapshot is saved")
struct SnapshotPlaceTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Saves a file that holds one value.
    private func save(_ value: UInt64, to path: String, calls: SystemCalls = .real) throws(SnapshotError) {
        let writer = try SnapshotWriter(path, calls: calls)
        var record = RecordWriter()
        record.append(value)
        try writer.append(.index, record)
        _ = try writer.finish()
    }

    private func value(_ path: String) throws -> UInt64? {
        var record = try SnapshotFile(path).record(.index)
        return try record?.next(UInt64.self)
    }

    private func status(_ path: String) -> stat {
        var status = stat()
        lstat(path, &status)
        return status
    }

    private func permissions(_ path: String) -> mode_t { status(path).st_mode & 0o7777 }

    @Test(
        "Any name that a file can have will do",
        arguments: [
            "a", " two  words ", "line\nbreak", "grüße 検索 🔎", "\u{301}accent first", "\r\n", "-f", ".hidden", "..a",
            "a.", "\\", "*",
            String(repeating: "n", count: 230), String(repeating: "n", count: 231), String(repeating: "n", count: 255),
            String(repeating: "é", count: 127),
        ])
    func names(name: String) throws {
        let path = folder.url.path + "/" + name
        for value in 1...3 as ClosedRange<UInt64> {
            try save(value, to: path)
            #expect(try self.value(path) == value)
            #expect(try folder.names == [name])
        }
    }

    @Test("Two names that are equal as text and not as bytes are two files")
    func equalText() throws {
        let paths = ["\u{E9}", "e\u{301}"].map { folder.url.path + "/" + $0 }
        for (value, path) in paths.enumerated() { try save(UInt64(value), to: path) }
        // Some file systems take them for one.
        guard try folder.names.count == 2 else { return }
        #expect(try paths.map { try value($0) } == [0, 1])
    }

    @Test("A name that is no text will do, if a link leads to it")
    func noText() throws {
        let target = Array((folder.path("") + "/").utf8CString.dropLast()) + [-1, -2, 0]
        // Some file systems refuse it.
        let made = open(target, O_WRONLY | O_CREAT, 0o666)
        guard made >= 0 else { return }
        close(made)
        unlink(target)
        symlink(target, folder.path("link"))
        for value in 1...2 as ClosedRange<UInt64> {
            try save(value, to: folder.path("link"))
            #expect(try self.value(folder.path("link")) == value)
        }
        #expect(unlink(target) == 0)
        #expect(try folder.names == ["link"])
    }

    @Test("A path may begin where the process is")
    func relative() throws {
        // The tests' folder is not to be changed, so that the path leads up from it.
        let up = String(repeating: "../", count: FileManager.default.currentDirectoryPath.split(separator: "/").count)
        let path = up + folder.path("a").dropFirst()
        for value in 1...2 as ClosedRange<UInt64> { try save(value, to: path) }
        #expect(try value(folder.path("a")) == 2)
        #expect(try folder.names == ["a"])
    }

    @Test("The folder may be renamed while a file is saved to it")
    func renamedFolder() throws {
        let old = folder.path("old")
        let new = folder.path("new")
        try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: false)
        var calls = SystemCalls.real
        calls.synchronize = { file in
            rename(old, new)
            return SystemCalls.real.synchronize(file)
        }
        try save(1, to: old + "/a", calls: calls)
        #expect(try value(new + "/a") == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: new) == ["a"])
    }

    @Test("A symbolic link stays one, and what it leads to is saved, whether or not it is there")
    func links() throws {
        try FileManager.default.createDirectory(atPath: folder.path("sub"), withIntermediateDirectories: false)
        symlink("sub/middle", folder.path("first"))
        symlink(folder.path("sub/last"), folder.path("sub/middle"))
        for value in 1...2 as ClosedRange<UInt64> {
            try save(value, to: folder.path("first"))
            #expect(try self.value(folder.path("sub/last")) == value)
        }
        for link in ["first", "sub/middle"] { #expect(status(folder.path(link)).st_mode & S_IFMT == S_IFLNK) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("sub")).sorted() == ["last", "middle"])
    }

    @Test("What is no file is refused and stays what it is")
    func refused() throws {
        mkfifo(folder.path("pipe"), 0o666)
        symlink("pipe", folder.path("to pipe"))
        symlink("/dev/null", folder.path("to device"))
        symlink("circle", folder.path("circle"))
        symlink("missing/a", folder.path("astray"))
        try save(1, to: folder.path("file"))
        let names = try folder.names
        let here = folder.url.path
        for path in [
            here, here + "/", "/", ".", "..", "/dev/null", here + "/pipe", here + "/to pipe",
            here + "/to device",
        ] {
            #expect(throws: SnapshotError.notARegularFile(path: path)) { try save(2, to: path) }
        }
        for (path, code) in [
            ("", ENOENT), (here + "/missing/a", ENOENT), (here + "/missing/", ENOENT), (here + "/astray", ENOENT),
            (here + "/file/", ENOTDIR), (here + "/file/a", ENOTDIR), (here + "/circle", ELOOP),
            (here + "/a\0b", EINVAL),
            (here + "/" + String(repeating: "n", count: 256), ENAMETOOLONG),
            (here + "/" + String(repeating: "/", count: 5000), ENAMETOOLONG),
        ] {
            #expect(throws: SnapshotError.cannotWrite(path: path, code: code)) { try save(2, to: path) }
        }
        #expect(try folder.names == names)
        #expect(try value(folder.path("file")) == 1)
        #expect(status("/dev/null").st_mode & S_IFMT == S_IFCHR)
        #expect(status(folder.path("pipe")).st_mode & S_IFMT == S_IFIFO)
    }

    @Test("The permissions and the owner of the old file are kept, and no one else can read the new one")
    func permissionsKept() throws {
        let path = folder.path("a")
        let here = folder.url.path
        let expected = Guarded<mode_t>(0)
        var calls = SystemCalls.real
        calls.write = { file, bytes, count, offset in
            for name in (try? FileManager.default.contentsOfDirectory(atPath: here)) ?? [] {
                var status = stat()
                lstat(here + "/" + name, &status)
                #expect(status.st_mode & 0o7777 == expected.withLock { $0 })
            }
            return SystemCalls.real.write(file, bytes, count, offset)
        }
        try save(1, to: path)
        let isRoot = geteuid() == 0
        if isRoot { #expect(chown(path, 4321, 1234) == 0) }
        for mode in [0o600, 0o644, 0o666, 0o777, 0o440, 0o400] as [mode_t] {
            chmod(path, mode)
            expected.withLock { $0 = mode }
            try save(2, to: path, calls: calls)
            #expect(permissions(path) == mode)
        }
        if isRoot { #expect(status(path).st_uid == 4321 && status(path).st_gid == 1234) }
    }

    @Test("A leftover is deleted by the next save to its place and to no other; what only looks like one is not")
    func leftovers() throws {
        let kept = [
            ".a.saving-", ".a.saving-0123456789abcde", ".a.saving-0123456789abcdef0", ".a.saving-0123456789abcdeg",
            ".a.saving-0123456789ABCDEF", ".ab.saving-0123456789abcdef", ".b.saving-0123456789abcdef",
            "a.saving-0123456789abcdef",
            ".a.saving-x.saving-0123456789abcdef",
        ]
        for name in kept { try folder.write([], to: name) }
        for _ in 0..<3 {
            try folder.write([1, 2, 3], to: ".a.saving-0123456789abcdef")
            try folder.write([], to: ".a.saving-9999999999999999")
            mkfifo(folder.path(".a.saving-aaaaaaaaaaaaaaaa"), 0o666)
            symlink("a", folder.path(".a.saving-bbbbbbbbbbbbbbbb"))
            try save(1, to: folder.path("a"))
            unlink(folder.path(".a.saving-bbbbbbbbbbbbbbbb"))
            #expect(try folder.names == (kept + ["a"]).sorted())
        }
        try save(1, to: folder.path("b"))
        #expect(try folder.names.contains(".b.saving-0123456789abcdef") == false)
    }
}
