// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("Files that commands write")
struct OutputFileTests {
    private let folder: TemporaryFolder

    /// A file of vectors, one of queries, an index, and links to the first.
    init() throws {
        folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 71)
        for name in ["base.npy", "queries.npy", "next.ef16.npy"] {
            try NumPyFile.write(random.vectors(count: 30, dimensions: 4), rows: 30, columns: 4, to: folder.path(name))
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("symbolic.npy"), withDestinationPath: folder.path("base.npy"))
        try FileManager.default.linkItem(atPath: folder.path("base.npy"), toPath: folder.path("hard.npy"))
        _ = try BuildCommand.parse(["--base", folder.path("base.npy"), "--out", folder.path("a.nearest")]).build()
    }

    /// A command's arguments, in which `@name` stands for the path of a file.
    private static let overwriting: [String] = [
        "build --base @base.npy --out @base.npy",
        "build --base @base.npy --out @symbolic.npy",
        "build --base @symbolic.npy --out @hard.npy",
        "build --base @base.npy --out @./base.npy",
        "search --index @a.nearest --queries @queries.npy --ids-out @queries.npy",
        "exact --base @base.npy --queries @queries.npy --ids-out @hard.npy",
        "exact --base @base.npy --queries @queries.npy --ids-out @queries.npy",
        "tune --base @base.npy --plot @base.npy",
        "tune --base @base.npy --check @queries.npy --plot @queries.npy",
        "bench --base @base.npy --queries @next.ef16.npy --ef 16,32 --ids-out @next",
        "convert @base.npy @base.npy",
        "convert @base.npy @hard.npy",
        "convert @a.nearest @new.npy --keys-out @./new.npy",
        "convert @a.nearest @base.npy --keys-out @symbolic.npy",
    ]

    @Test("An input, by any path or link, is not written over, and is wrong usage", arguments: overwriting)
    func overInput(line: String) throws {
        let arguments = line.split(separator: " ").map {
            $0.hasPrefix("@") ? folder.path(String($0.dropFirst())) : String($0)
        }
        let names = ["base.npy", "queries.npy", "next.ef16.npy", "a.nearest"]
        let before = try names.map { try folder.bytes($0) }
        do {
            _ = try NearestCommand.parseAsRoot(arguments)
            Issue.record("it is accepted")
        } catch {
            #expect(NearestCommand.exitCode(for: error) == ExitCode(64))
            #expect(NearestCommand.message(for: error).contains("another"))
        }
        #expect(try names.map { try folder.bytes($0) } == before)
    }

    @Test("Other files are written, and an old output is replaced")
    func others() throws {
        for _ in 0..<2 {
            _ = try NearestCommand.parseAsRoot([
                "bench", "--base", folder.path("base.npy"), "--queries", folder.path("queries.npy"), "--ef", "16,16",
                "--ids-out", folder.path("ids"),
            ])
            _ = try NearestCommand.parseAsRoot([
                "build", "--base", folder.path("base.npy"), "--out", folder.path("a.nearest"),
            ])
        }
    }

    @Test("An empty path names the option")
    func emptyPath() {
        let arguments = ["build", "--base", folder.path("base.npy"), "--out", ""]
        let error = #expect(throws: (any Error).self) { try NearestCommand.parseAsRoot(arguments) }
        #expect(error.map { NearestCommand.message(for: $0) }?.contains("--out is empty") == true)
    }

    @Test("A negative number is out of range, not a missing value")
    func negative() {
        for option in ["--limit", "--m", "--ef-construction", "--build-threads"] {
            let arguments = ["build", "--base", folder.path("base.npy"), "--out", folder.path("b"), option, "-5"]
            let error = #expect(throws: (any Error).self) { try NearestCommand.parseAsRoot(arguments) }
            #expect(error.map { NearestCommand.message(for: $0) }?.contains("\(option) is -5") == true)
        }
    }

    @Test("A subcommand that there is not is named, and the nearest one")
    func unknownSubcommand() {
        #expect(NearestCommand.unknownSubcommand("bulid") == "there is no subcommand 'bulid'; did you mean 'build'?")
        #expect(NearestCommand.unknownSubcommand("serach")?.contains("'search'") == true)
        #expect(NearestCommand.unknownSubcommand("fly")?.contains("there are build, search") == true)
        for known in ["build", "help", "--help", "--version", nil] {
            #expect(NearestCommand.unknownSubcommand(known) == nil)
        }
    }

    @Test("A row that is refused is named with its file")
    func refusedRow() throws {
        try NumPyFile.write([1, 2, .nan, 4] as [Float], rows: 2, columns: 2, to: folder.path("bad.npy"))
        try NumPyFile.write([1, 2] as [Float], rows: 1, columns: 2, to: folder.path("good.npy"))
        let (bad, good) = (folder.path("bad.npy"), folder.path("good.npy"))
        let build = try BuildCommand.parse(["--base", bad, "--out", folder.path("b.nearest")])
        let exact = try ExactCommand.parse(["--base", bad, "--queries", good])
        let asked = try ExactCommand.parse(["--base", good, "--queries", bad])
        for (row, run) in [(1, { _ = try build.build() }), (1, exact.run), (1, asked.run)] as [(Int, () throws -> Void)]
        {
            let error = #expect(throws: CommandFailure.self) { try run() }
            #expect(error?.description.hasPrefix("\(bad): row \(row):") == true)
        }
        let none = IndexFile(path: good)
        let error = #expect(throws: CommandFailure.self) { try none.open() }
        #expect(error?.description == "\(good): is not a snapshot of an index")
    }
}
