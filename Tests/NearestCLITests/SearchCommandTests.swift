// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("The search command")
struct SearchCommandTests {
    private let fixture: SavedIndexFixture
    private let arguments: [String]

    init() throws {
        fixture = try SavedIndexFixture()
        try fixture.build()
        arguments = ["--index", fixture.path("a.nearest")] + fixture.asked
    }

    @Test("It finds what the index finds, wherever the file is kept and whenever it is checked")
    func answers() throws {
        let index = try HNSWIndex(contentsOf: fixture.path("a.nearest"))
        let expected = try index.search(each: fixture.queries, k: 5, effort: .candidates(20))
        for verification in SnapshotOptions.Verification.allCases {
            for residency in SnapshotResidency.allCases {
                let report = try SearchCommand.parse(
                    arguments + [
                        "--k", "5", "--ef", "20", "--threads", "2", "--verification", verification.rawValue,
                        "--residency", residency.rawValue,
                    ]
                ).search()
                #expect(report.results.map { $0.map(\.key) } == expected.map { $0.map(\.key) })
                #expect(report.results.map { $0.map(\.distance) } == expected.map { $0.map(\.distance) })
            }
        }
    }

    @Test("With a recall of 1 it finds the true neighbors; the effort is the index's own if none is named")
    func effort() throws {
        try ExactCommand.parse(
            ["--base", fixture.path("base.npy"), "--ids-out", fixture.path("truth.npy")] + fixture.asked
        ).run()
        let truth = try NumPyFile(path: fixture.path("truth.npy")).int32s()
        let report = try SearchCommand.parse(arguments + ["--recall", "1", "--threads", "3"]).search()
        #expect(report.results.flatMap { $0.map(\.key) } == truth.map { UInt64($0) })
        let own = try SearchCommand.parse(arguments).search()
        let named = try SearchCommand.parse(arguments + ["--ef", "64"]).search()
        #expect(own.results.map { $0.map(\.key) } == named.results.map { $0.map(\.key) })
    }

    @Test("Keys of a file are the only ones it returns, or those that it leaves out")
    func filters() throws {
        let keys = (0..<40).map { Int32($0 * 5) }
        try VectorTable.write(keys, rows: 40, columns: 1, to: fixture.path("keys.npy"))
        try VectorTable.write(keys, rows: 40, columns: 1, to: fixture.path("keys.ivecs"))
        let listed = Set(keys.map { UInt64($0) })
        // As numpy.save writes a list of 40 numbers.
        var flat = Array(try Data(contentsOf: URL(fileURLWithPath: fixture.path("keys.npy"))))
        let shape = try #require(flat.firstRange(of: Array("(40, 1)".utf8)))
        flat.replaceSubrange(shape, with: Array("(40,)  ".utf8))
        try Data(flat).write(to: URL(fileURLWithPath: fixture.path("flat.npy")))
        for file in ["keys.npy", "keys.ivecs", "flat.npy"].map(fixture.path) {
            let only = try SearchCommand.parse(arguments + ["--k", "50", "--filter-keys", file]).search()
            #expect(only.results.allSatisfy { Set($0.map(\.key)) == listed })
            let others = try SearchCommand.parse(arguments + ["--k", "50", "--exclude-keys", file]).search()
            #expect(others.results.allSatisfy { $0.count == 50 && listed.isDisjoint(with: $0.map(\.key)) })
        }
        #expect(throws: (any Error).self) {
            try SearchCommand.parse(arguments + ["--filter-keys", "a.npy", "--exclude-keys", "a.npy"])
        }
        try VectorTable.write([-1 as Int32], rows: 1, columns: 1, to: fixture.path("negative.npy"))
        #expect(throws: VectorFileError.self) {
            try SearchCommand.parse(arguments + ["--filter-keys", fixture.path("negative.npy")]).search()
        }
    }

    @Test("Its table has a line a result, its JSON all of them, and its file their keys, -1 where there are fewer")
    func outputs() throws {
        try fixture.build("few.nearest", ["--limit", "3"])
        let ids = fixture.path("ids.npy")
        let report = try SearchCommand.parse(
            ["--index", fixture.path("few.nearest"), "--k", "5", "--query-limit", "2", "--ids-out", ids] + fixture.asked
        ).search()
        #expect(report.table().split(separator: "\n").count == 1 + 2 * 3)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Output.json(report).utf8)) as? [String: Any])
        #expect(
            object.keys.sorted() == [
                "codes", "count", "dimensions", "k", "metric", "qps", "results", "seconds", "threads",
            ])
        let results = try #require(object["results"] as? [[[String: Any]]])
        #expect(results.map(\.count) == [3, 3] && results[0][0].keys.sorted() == ["distance", "key"])
        let file = try NumPyFile(path: ids)
        #expect(file.rows == 2 && file.columns == 5)
        let keys = report.results.map { $0.map { Int32($0.key) } + [-1, -1] }
        #expect(try file.int32s() == Array(keys.joined()))
    }

    @Test("A file of no queries has no results, and the file of keys no rows")
    func noQueries() throws {
        try NumPyFile.write([Float](), rows: 0, columns: 12, to: fixture.path("empty.npy"))
        let asked = ["--index", fixture.path("a.nearest"), "--queries", fixture.path("empty.npy"), "--k", "5"]
        for options in [[], ["--ef", "20"], ["--recall", "0.9"], ["--threads", "3"]] {
            let ids = fixture.path("ids.npy")
            let report = try SearchCommand.parse(asked + options + ["--ids-out", ids]).search()
            #expect(report.results.isEmpty && report.qps == 0)
            #expect(report.table().split(separator: "\n").count == 1)
            #expect(try Output.json(report).contains(#""results":[]"#))
            let file = try NumPyFile(path: ids)
            #expect(file.elementType == .int32 && file.rows == 0 && file.columns == 5)
            try FileManager.default.removeItem(atPath: ids)
        }
        let message = expectExit(1, SearchCommand.self, asked + ["--ids-out", fixture.path("ids.ivecs")]) {
            _ = try $0.search()
        }
        #expect(message.contains("0 rows of 5 values; files of this kind hold one or more"))
    }

    @Test("Keys beyond int64 are printed, and are an error where they are to be written")
    func largeKeys() throws {
        let index = try HNSWIndex(dimensions: 12, metric: .manhattan)
        try index.insert(Array(fixture.vectors[..<12]), key: .max)
        try index.save(to: fixture.path("large.nearest"))
        let arguments = ["--index", fixture.path("large.nearest"), "--query-limit", "1"] + fixture.asked
        #expect(try SearchCommand.parse(arguments).search().table().contains("18446744073709551615"))
        let message = expectExit(1, SearchCommand.self, arguments + ["--ids-out", fixture.path("ids.npy")]) {
            _ = try $0.search()
        }
        #expect(message == "the key 18446744073709551615 is beyond int64, which ids are written as")
        #expect(try !fixture.folder.names.contains("ids.npy"))
    }

    @Test("Wrong usage is refused with exit code 64, files at fault with 1")
    func refusals() throws {
        for options in [
            ["--ef", "0"], ["--recall", "0"], ["--recall", "1.01"], ["--recall", "nan"],
            ["--ef", "9", "--recall", "0.9"],
            ["--k", "0"], ["--threads", "0"], ["--query-limit", "0"], ["--ids-out", "ids.txt"],
            ["--verification", "some"], ["--residency", "cloud"],
        ] {
            expectExit(64, SearchCommand.self, arguments + options) { _ = try $0.search() }
        }
        try NumPyFile.write([1, 2] as [Float], rows: 1, columns: 2, to: fixture.path("narrow.npy"))
        try NumPyFile.write([Float](repeating: .nan, count: 12), rows: 1, columns: 12, to: fixture.path("nan.npy"))
        try NumPyFile.write([Float](), rows: 0, columns: 11, to: fixture.path("empty.npy"))
        for name in ["none.npy", "narrow.npy", "nan.npy", "empty.npy", "a.nearest"] {
            expectExit(
                1, SearchCommand.self, ["--index", fixture.path("a.nearest"), "--queries", fixture.path(name)]
            ) { _ = try $0.search() }
        }
        try fixture.damage("a.nearest", section: "vectors", to: "b.nearest")
        for verification in ["full", "lazy"] {
            let message = expectExit(
                1, SearchCommand.self,
                ["--index", fixture.path("b.nearest"), "--verification", verification] + fixture.asked
            ) { _ = try $0.search() }
            #expect(message.hasPrefix(fixture.path("b.nearest")) && message.contains("'vectors' is damaged"))
        }
        for name in ["none.nearest", "base.npy"] {
            expectExit(1, SearchCommand.self, ["--index", fixture.path(name)] + fixture.asked) { _ = try $0.search() }
        }
    }
}
