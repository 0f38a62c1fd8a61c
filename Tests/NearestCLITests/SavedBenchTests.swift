// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("The bench command with a saved index")
struct SavedBenchTests {
    private let fixture: SavedIndexFixture
    private let base: [String]
    private let settings = ["--ef", "10", "--rounds", "1"]

    init() throws {
        fixture = try SavedIndexFixture()
        base = ["--base", fixture.path("base.npy")]
    }

    private func opened(_ name: String = "a.nearest") -> [String] {
        ["--index", fixture.path(name)] + fixture.asked + settings
    }

    @Test("It measures what it measures when it builds, and says that it has opened", arguments: ["l2", "cosine"])
    func sameAsBuilt(metric: String) throws {
        try fixture.build("a.nearest", ["--metric", metric, "--m", "4"])
        let built = try BenchCommand.parse(
            base + fixture.asked + settings + ["--metric", metric, "--m", "4", "--exact"]
        ).measure()
        let report = try BenchCommand.parse(opened() + base + ["--exact"]).measure()
        #expect(report.points[0].recall == built.points[0].recall && report.points[0].recall != nil)
        #expect(report.points[0].distancesPerQuery == built.points[0].distancesPerQuery)
        #expect(report.count == 300 && report.metric == metric && report.codes == "none")
        #expect(report.table().contains("opened in") && built.table().contains("built in"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Output.json(report).utf8)) as? [String: Any])
        #expect((object["build"] as? [String: Any])?.keys.sorted() == ["seconds", "threads", "vectorsPerSecond"])
    }

    @Test("Without the vectors it takes recall from ground truth, and gives none without")
    func withoutBase() throws {
        try fixture.build()
        try ExactCommand.parse(base + fixture.asked + ["--ids-out", fixture.path("truth.npy")]).run()
        let truth = ["--ground-truth", fixture.path("truth.npy")]
        let byTruth = try BenchCommand.parse(opened() + truth).measure()
        let bySearch = try BenchCommand.parse(opened() + base + ["--exact"]).measure()
        #expect(byTruth.points[0].recall == bySearch.points[0].recall && byTruth.points[0].recall != nil)
        #expect(try BenchCommand.parse(opened()).measure().points[0].recall == nil)
    }

    @Test("The recall of an index of codes takes the vectors that it was built of")
    func compact() throws {
        var random = SeededGenerator(seed: 77)
        try NumPyFile.write(
            random.clusteredVectors(count: 4200, dimensions: 12, clusters: 40), rows: 4200, columns: 12,
            to: fixture.path("many.npy"))
        let many = ["--base", fixture.path("many.npy")]
        let kind = ["--codes", "int8", "--compact", "--m", "6", "--ef-construction", "20"]
        _ = try BuildCommand.parse(many + kind + ["--out", fixture.path("a.nearest")]).build()
        try ExactCommand.parse(many + fixture.asked + ["--ids-out", fixture.path("truth.npy")]).run()
        let truth = ["--ground-truth", fixture.path("truth.npy")]
        expectExit(64, BenchCommand.self, opened() + truth) { _ = try $0.measure() }
        #expect(try BenchCommand.parse(opened()).measure().points[0].recall == nil)
        let byTruth = try BenchCommand.parse(opened() + truth + many + kind).measure()
        let bySearch = try BenchCommand.parse(opened() + many + ["--exact"]).measure()
        let built = try BenchCommand.parse(many + fixture.asked + settings + kind + ["--exact"]).measure()
        #expect(byTruth.points[0].recall == built.points[0].recall && built.points[0].recall != nil)
        #expect(bySearch.points[0].recall == built.points[0].recall)
    }

    @Test(
        "The recall of an index of rounded vectors takes the vectors that it was built of", arguments: ["l2", "cosine"])
    func halfRows(metric: String) throws {
        let rows = ["--metric", metric, "--rows", "float16"]
        try fixture.build("a.nearest", rows)
        try ExactCommand.parse(
            base + fixture.asked + ["--metric", metric, "--ids-out", fixture.path("truth.npy")]
        ).run()
        let truth = ["--ground-truth", fixture.path("truth.npy")]
        let message = expectExit(64, BenchCommand.self, opened() + truth) { _ = try $0.measure() }
        #expect(message.contains("holds rounded vectors"))
        let byTruth = try BenchCommand.parse(opened() + truth + base + rows).measure()
        let bySearch = try BenchCommand.parse(opened() + base + ["--exact"]).measure()
        let built = try BenchCommand.parse(base + fixture.asked + settings + rows + ["--exact"]).measure()
        #expect(byTruth.points[0].recall == built.points[0].recall && built.points[0].recall != nil)
        #expect(bySearch.points[0].recall == built.points[0].recall && byTruth.rows == "float16")
        expectExit(64, BenchCommand.self, opened() + base + ["--rows", "float32"]) { _ = try $0.measure() }
        var vectors = fixture.vectors
        vectors[2000] += 0.01
        try NumPyFile.write(vectors, rows: 300, columns: 12, to: fixture.path("other.npy"))
        let other = opened() + ["--base", fixture.path("other.npy"), "--exact"]
        expectExit(1, BenchCommand.self, other) { _ = try $0.measure() }
    }

    @Test("What is said of the index must be so, and wrong usage has exit code 64")
    func contradictions() throws {
        try fixture.build("a.nearest", ["--metric", "ip", "--m", "8", "--codes", "auto"])
        let codes = try IndexFile(path: fixture.path("a.nearest")).info().codesInUse.rawValue
        let right = [
            ["--metric", "ip"], ["--m", "8"], ["--ef-construction", "200"], ["--seed", "42"], ["--codes", "auto"],
            ["--rows", "float32"],
            ["--codes", codes], ["--limit", "300"], ["--limit", "900"] + base,
            ["--residency", "loaded"], ["--verification", "lazy"],
        ]
        for options in right { _ = try BenchCommand.parse(opened() + options).measure() }
        // Options that are the default of building are given as much as others.
        let wrong = [
            ["--metric", "l2"], ["--m", "16"], ["--ef-construction", "100"], ["--seed", "7"],
            ["--codes", codes == "int4" ? "int8" : "int4"], ["--limit", "299"], ["--compact"], ["--exact"],
            ["--rows", "float16"],
            ["--exact", "--ground-truth", "x.npy"],
        ]
        for options in wrong { expectExit(64, BenchCommand.self, opened() + options) { _ = try $0.measure() } }
        expectExit(64, BenchCommand.self, fixture.asked) { _ = try $0.measure() }
        let built = base + fixture.asked + ["--residency", "loaded"]
        expectExit(64, BenchCommand.self, built) { _ = try $0.measure() }
    }

    @Test("Other vectors than the index's, and files at fault, are refused with exit code 1")
    func otherVectors() throws {
        for metric in ["l1", "cosine"] {
            try fixture.build("a.nearest", ["--metric", metric])
            var vectors = fixture.vectors
            vectors[2000] += 0.25
            try NumPyFile.write(vectors, rows: 300, columns: 12, to: fixture.path("other.npy"))
            let other = ["--base", fixture.path("other.npy"), "--exact"]
            let message = expectExit(1, BenchCommand.self, opened() + other) { _ = try $0.measure() }
            #expect(message.contains("row 166 is not the vector"))
        }
        expectExit(1, BenchCommand.self, opened() + base + ["--limit", "20"]) { _ = try $0.measure() }
        try NumPyFile.write(fixture.vectors, rows: 600, columns: 6, to: fixture.path("narrow.npy"))
        expectExit(1, BenchCommand.self, opened() + ["--base", fixture.path("narrow.npy")]) { _ = try $0.measure() }
        let index = try HNSWIndex(contentsOf: fixture.path("a.nearest"))
        try index.remove(key: 5)
        try index.insert(Array(fixture.queries[..<12]), key: 900)
        try index.save(to: fixture.path("b.nearest"))
        let message = expectExit(1, BenchCommand.self, opened("b.nearest") + base) { _ = try $0.measure() }
        #expect(message.contains("row 5 is no key"))
        try fixture.damage("a.nearest", section: "vectors", to: "c.nearest")
        for name in ["none.nearest", "base.npy", "c.nearest"] {
            expectExit(1, BenchCommand.self, opened(name)) { _ = try $0.measure() }
        }
    }
}
