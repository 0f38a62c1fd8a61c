// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

/// 300 vectors and 20 queries of 12 dimensions, and indexes of them that are built by the command.
struct SavedIndexFixture {
    let folder: TemporaryFolder
    let vectors: [Float]
    let queries: [Float]

    static let count = 300
    static let dimensions = 12

    init() throws {
        folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 15)
        vectors = random.vectors(count: Self.count, dimensions: Self.dimensions)
        queries = random.vectors(count: 20, dimensions: Self.dimensions)
        try NumPyFile.write(vectors, rows: Self.count, columns: Self.dimensions, to: path("base.npy"))
        try NumPyFile.write(queries, rows: 20, columns: Self.dimensions, to: path("queries.npy"))
    }

    func path(_ name: String) -> String { folder.path(name) }

    var asked: [String] { ["--queries", path("queries.npy")] }

    /// Builds an index of the vectors and saves it under the name.
    @discardableResult
    func build(_ name: String = "a.nearest", _ arguments: [String] = []) throws -> BuildCommand.Report {
        try BuildCommand.parse(["--base", path("base.npy"), "--out", path(name)] + arguments).build()
    }

    /// Writes a file with one bit changed where a section begins.
    func damage(_ name: String, section: String, to damaged: String) throws {
        let info = try IndexFile(path: path(name)).info()
        var bytes = try folder.bytes(name)
        bytes[try #require(info.sections.first { $0.name == section }).offset] ^= 4
        try folder.write(bytes, to: damaged)
    }
}

/// Requires that a command is refused with this exit code, and in one line.
@discardableResult
func expectExit<Command: ParsableCommand>(
    _ code: Int32, _ type: Command.Type, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation,
    _ run: (Command) throws -> Void
) -> String {
    do {
        let command = try Command.parse(arguments)
        try run(command)
        Issue.record("\(arguments) is not refused", sourceLocation: sourceLocation)
        return ""
    } catch {
        #expect(Command.exitCode(for: error).rawValue == code, "\(arguments): \(error)", sourceLocation: sourceLocation)
        let message = Command.message(for: error)
        if code == 1 { #expect(!message.contains("\n"), sourceLocation: sourceLocation) }
        return message
    }
}
