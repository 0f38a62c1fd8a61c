// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Nearest
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("The nearest command")
struct CommandTests {
    private let folder: TemporaryFolder
    private let files: [String]

    /// 300 vectors and 20 queries of 12 dimensions.
    init() throws {
        folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 5)
        try NumPyFile.write(
            random.vectors(count: 300, dimensions: 12), rows: 300, columns: 12, to: folder.path("base.npy"))
        try NumPyFile.write(
            random.vectors(count: 20, dimensions: 12), rows: 20, columns: 12, to: folder.path("queries.npy"))
        files = ["--base", folder.path("base.npy"), "--queries", folder.path("queries.npy")]
    }

    @Test("bench reports what its contract names", arguments: ["l2", "ip", "cosine", "l1"])
    func benchReport(metric: String) throws {
        let command = try BenchCommand.parse(
            files + ["--metric", metric, "--exact", "--ef", "20,300", "--rounds", "2", "--threads", "2", "--json"])
        let report = try command.measure()
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Output.json(report).utf8)) as? [String: Any])
        #expect(object["count"] as? Int == 300)
        #expect(object["dimensions"] as? Int == 12)
        #expect(object["metric"] as? String == metric)
        #expect(object["codes"] as? String == "none" && object["rows"] as? String == "float32")
        let instructionSet = try InstructionSet.resolve().rawValue
        #expect(object["instructionSet"] as? String == instructionSet)
        #expect((object["build"] as? [String: Any])?.keys.sorted() == ["seconds", "threads", "vectorsPerSecond"])
        #expect((object["memory"] as? [String: Any])?.keys.sorted() == ["bytesPerVector", "peakResidentBytes"])
        let points = try #require(object["points"] as? [[String: Any]])
        let keys = ["distancesPerQuery", "ef", "p50Microseconds", "p99Microseconds", "qps", "recall"]
        #expect(points.map { $0.keys.sorted() } == [keys, keys])
        #expect(points.map { $0["ef"] as? Int } == [20, 300])
        // As many candidates as vectors: nothing can be missed.
        #expect(points[1]["recall"] as? Double == 1)
        #expect(report.table().contains("recall"))
    }

    @Test("Rows of float16 take half the memory, and recall is counted by the vectors in the file")
    func halfRows() throws {
        var random = SeededGenerator(seed: 6)
        for (name, count) in [("wide.npy", 300), ("asked.npy", 20)] {
            try NumPyFile.write(
                random.vectors(count: count, dimensions: 256), rows: count, columns: 256, to: folder.path(name))
        }
        let wide = ["--base", folder.path("wide.npy"), "--queries", folder.path("asked.npy")]
        let settings = wide + ["--ef", "300", "--rounds", "1", "--codes", "none"]
        let whole = try BenchCommand.parse(settings + ["--exact"]).measure()
        let half = try BenchCommand.parse(settings + ["--exact", "--rows", "float16"]).measure()
        #expect(whole.rows == "float32" && half.rows == "float16" && half.table().contains("rows float16"))
        #expect(whole.memory.bytesPerVector - half.memory.bytesPerVector == 512)
        let recall = try #require(half.points[0].recall)
        #expect(whole.points[0].recall == 1 && recall > 0.98)
        try ExactCommand.parse(wide + ["--ids-out", folder.path("truth.npy"), "--k", "10"]).run()
        let truth = ["--ground-truth", folder.path("truth.npy"), "--rows", "float16"]
        #expect(try BenchCommand.parse(settings + truth).measure().points[0].recall == recall)
    }

    @Test("Recall against a ground-truth file equals recall by exact search, and is absent without either")
    func recallFromFile() throws {
        let truth = folder.path("truth.npy")
        try ExactCommand.parse(files + ["--ids-out", truth, "--k", "10"]).run()
        let settings = ["--ef", "10", "--rounds", "1"]
        let byFile = try BenchCommand.parse(files + settings + ["--ground-truth", truth]).measure()
        let bySearch = try BenchCommand.parse(files + settings + ["--exact"]).measure()
        let without = try BenchCommand.parse(files + settings).measure()
        #expect(byFile.points[0].recall != nil)
        #expect(byFile.points[0].recall == bySearch.points[0].recall)
        #expect(without.points[0].recall == nil)
        #expect(try !Output.json(without).contains("recall"))
    }

    @Test("Files of TEXMEX are measured as NumPy's of the same vectors are")
    func texmexFiles() throws {
        for name in ["base", "queries"] {
            let table = try VectorTable(path: folder.path(name + ".npy"))
            try VectorTable.write(
                table.floats(), rows: table.rows, columns: table.columns, to: folder.path(name + ".fvecs"))
        }
        let texmex = ["--base", folder.path("base.fvecs"), "--queries", folder.path("queries.fvecs")]
        try ExactCommand.parse(texmex + ["--ids-out", folder.path("truth.ivecs"), "--k", "10"]).run()
        let settings = ["--ef", "10", "--rounds", "1"]
        let read = try BenchCommand.parse(texmex + settings + ["--ground-truth", folder.path("truth.ivecs")]).measure()
        let expected = try BenchCommand.parse(files + settings + ["--exact"]).measure()
        #expect(read.count == 300 && read.dimensions == 12)
        #expect(read.points[0].recall != nil)
        #expect(read.points[0].recall == expected.points[0].recall)
    }

    @Test("Ids are written with -1 where there are fewer")
    func writesIDs() throws {
        let prefix = folder.path("ids")
        let command = try BenchCommand.parse(
            files + [
                "--limit", "3", "--query-limit", "2", "--k", "5", "--ef", "8", "--ids-out", prefix, "--rounds", "1",
            ])
        _ = try command.measure()
        let file = try NumPyFile(path: prefix + ".ef8.npy")
        let ids = try file.int32s()
        #expect(file.rows == 2 && file.columns == 5)
        #expect(ids[0..<3].sorted() == [0, 1, 2] && ids[3...4] == [-1, -1])
        #expect(ids[5..<8].sorted() == [0, 1, 2] && ids[8...9] == [-1, -1])
    }

    @Test(
        "Wrong usage is refused with exit code 64",
        arguments: [
            ["--codes", "int3"], ["--codes", "float"], ["--rows", "int8"], ["--rows", "float64"],
            ["--metric", "hamming"], ["--k", "0"], ["--k", "100001"], ["--k", "9223372036854775807"], ["--m", "0"],
            ["--m", "1"], ["--m", "513"], ["--ef", ""],
            ["--ef", "0"], ["--ef", "16,"], ["--ef", "a"], ["--ef-construction", "0"], ["--threads", "0"],
            ["--build-threads", "5000"], ["--rounds", "0"], ["--limit", "0"], ["--query-limit", "-1"],
            ["--exact", "--ground-truth", "x.npy"], ["--unknown"],
        ])
    func wrongUsage(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try BenchCommand.parse(files + arguments) }
        #expect(error.map { BenchCommand.exitCode(for: $0).rawValue } == 64)
    }

    @Test("exact refuses to write ids to a file of an unknown kind before it searches")
    func unknownIDsName() {
        for name in ["ids", "ids.fvecs", "ids.txt"] {
            let error = #expect(throws: (any Error).self) { try ExactCommand.parse(files + ["--ids-out", name]) }
            #expect(error.map { ExactCommand.exitCode(for: $0).rawValue } == 64)
        }
    }

    @Test("Data and files at fault are refused with exit code 1 and one line")
    func dataAtFault() throws {
        var values = [Float](repeating: 0.5, count: 24)
        values[17] = .nan
        try NumPyFile.write(values, rows: 2, columns: 12, to: folder.path("nan.npy"))
        try NumPyFile.write([Float](repeating: 1, count: 8), rows: 2, columns: 4, to: folder.path("narrow.npy"))
        try NumPyFile.write([Float](), rows: 0, columns: 12, to: folder.path("empty.npy"))
        try NumPyFile.write([Int32](repeating: 7, count: 200), rows: 20, columns: 10, to: folder.path("ids.npy"))
        try NumPyFile.write([Int32](repeating: 999, count: 200), rows: 20, columns: 10, to: folder.path("far.npy"))
        let base = ["--base", folder.path("base.npy")]
        let queries = ["--queries", folder.path("queries.npy")]
        let failures: [[String]] = [
            ["--base", folder.path("nan.npy")] + queries, base + ["--queries", folder.path("nan.npy")],
            base + ["--queries", folder.path("narrow.npy")], base + ["--queries", folder.path("empty.npy")],
            base + ["--queries", folder.path("ids.npy")], ["--base", folder.path("none.npy")] + queries,
            files + ["--ground-truth", folder.path("far.npy")], files + ["--ground-truth", folder.path("base.npy")],
            files + ["--ids-out", folder.path("no/such/folder")], ["--base", folder.path("base.txt")] + queries,
        ]
        for arguments in failures {
            let command = try BenchCommand.parse(arguments + ["--ef", "8", "--rounds", "1"])
            let error = #expect(throws: (any Error).self, "\(arguments)") { try command.measure() }
            #expect(error.map { BenchCommand.exitCode(for: $0).rawValue } == 1)
            #expect(error.map { !"\($0)".contains("\n") } == true)
        }
    }

    @Test("exact of no queries writes ids of no rows; bench and tune, which measure, refuse it")
    func noQueries() throws {
        let (empty, ids) = (folder.path("empty.npy"), folder.path("ids.npy"))
        try NumPyFile.write([Float](), rows: 0, columns: 12, to: empty)
        let asked = ["--base", folder.path("base.npy"), "--queries", empty]
        for options in [[], ["--no-codes"], ["--metric", "l1", "--threads", "2"]] {
            try ExactCommand.parse(asked + options + ["--k", "4", "--ids-out", ids]).run()
            let file = try NumPyFile(path: ids)
            #expect(file.rows == 0 && file.columns == 4)
            try FileManager.default.removeItem(atPath: ids)
        }
        let index = folder.path("a.nearest")
        _ = try BuildCommand.parse(["--base", folder.path("base.npy"), "--out", index]).build()
        let opened = ["--index", index, "--queries", empty, "--ef", "8"]
        var messages = [expectExit(1, BenchCommand.self, opened) { _ = try $0.measure() }]
        messages.append(expectExit(1, BenchCommand.self, asked + ["--ef", "8"]) { _ = try $0.measure() })
        messages.append(expectExit(1, TuneCommand.self, asked) { _ = try $0.measure() })
        #expect(messages == [String](repeating: "\(empty): holds no values", count: 3))
    }

    @Test("A report is one line of JSON with sorted keys")
    func jsonLine() throws {
        struct Report: Encodable { var (b, a) = (["/x y"], 1.5) }
        #expect(try Output.json(Report()) == #"{"a":1.5,"b":["/x y"]}"#)
    }

    @Test("Files of vectors hold every dimension that an index has")
    func dimensions() {
        #expect(VectorTable.dimensionsRange == IndexLimits.dimensions)
    }

    @Test("Recall counts what can be found where k is above the count")
    func recallOfFew() throws {
        let command = try BenchCommand.parse(
            files + ["--limit", "4", "--k", "50", "--exact", "--ef", "60", "--rounds", "1"])
        #expect(try command.measure().points.map(\.recall) == [1])
    }

    @Test("A file is written through a link, and a device that is full is a failure", .enabled(if: Self.hasFullDevice))
    func unusualOutputs() throws {
        try NumPyFile.write([1] as [Int32], rows: 1, columns: 1, to: folder.path("target.npy"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("link.npy"), withDestinationPath: folder.path("target.npy"))
        try NumPyFile.write([7, 8] as [Int32], rows: 1, columns: 2, to: folder.path("link.npy"))
        #expect(try NumPyFile(path: folder.path("target.npy")).int32s() == [7, 8])
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link.npy")).hasSuffix("target.npy"))
        let failure = #expect(throws: VectorFileError.self) {
            try NumPyFile.write([1] as [Int32], rows: 1, columns: 1, to: "/dev/full")
        }
        #expect(failure?.code == "cannot-write" && failure?.path == "/dev/full")
        let type = try FileManager.default.attributesOfItem(atPath: "/dev/full")[.type] as? FileAttributeType
        #expect(type == .typeCharacterSpecial)
    }

    private static var hasFullDevice: Bool { FileManager.default.fileExists(atPath: "/dev/full") }

    @Test("An index of no vectors is measured without a crash")
    func emptyBase() throws {
        try NumPyFile.write([Float](), rows: 0, columns: 12, to: folder.path("empty.npy"))
        let command = try BenchCommand.parse(
            ["--base", folder.path("empty.npy"), "--queries", folder.path("queries.npy"), "--exact", "--rounds", "1"])
        #expect(try command.measure().count == 0)
    }
}
