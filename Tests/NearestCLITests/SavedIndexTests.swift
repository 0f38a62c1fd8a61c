// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("The commands build, info and verify")
struct SavedIndexTests {
    private let fixture: SavedIndexFixture

    init() throws { fixture = try SavedIndexFixture() }

    @Test("build saves what it says, and the same bytes for any number of threads", arguments: MetricOption.allCases)
    func build(metric: MetricOption) throws {
        let arguments = ["--metric", metric.rawValue, "--m", "8", "--ef-construction", "50", "--seed", "3"]
        let report = try fixture.build("a.nearest", arguments + ["--build-threads", "1"])
        #expect(report.count == 300 && report.dimensions == 12 && report.metric == metric.rawValue)
        #expect(report.codes == "none" && report.buildSeconds >= 0 && report.saveSeconds >= 0)
        let bytes = try fixture.folder.bytes("a.nearest")
        #expect(report.bytes == bytes.count)
        try fixture.build("b.nearest", arguments)
        #expect(try fixture.folder.bytes("b.nearest") == bytes)

        let index = try HNSWIndex(contentsOf: fixture.path("a.nearest"))
        #expect(index.metric == metric.metric)
        #expect(index.options == HNSWOptions(m: 8, efConstruction: 50, seed: 3))
        for key in [0, 299] as [UInt64] {
            let row = Int(key) * 12
            let vector = try #require(try index.vector(for: key))
            if metric != .cosine { #expect(vector.elementsEqual(fixture.vectors[row..<row + 12])) }
            let found = try index.search(Array(fixture.vectors[row..<row + 12]), k: 1, effort: .candidates(300))
            if metric != .ip { #expect(found.map(\.key) == [key]) }
        }
    }

    @Test("build takes the first vectors, and codes instead of vectors")
    func options() throws {
        #expect(try fixture.build("a.nearest", ["--limit", "7"]).count == 7)
        #expect(try fixture.build("b.nearest", ["--codes", "int8", "--codes-only"]).codes == "int8")
        let info = try IndexFile(path: fixture.path("b.nearest")).info()
        #expect(info.options.codes == .int8 && !info.options.keepsVectors)
        try NumPyFile.write([Float](), rows: 0, columns: 12, to: fixture.path("empty.npy"))
        let out = fixture.path("empty.nearest")
        #expect(try BuildCommand.parse(["--base", fixture.path("empty.npy"), "--out", out]).build().count == 0)
        #expect(try VerifyCommand.parse([out]).verify().contains("verified, 0 vectors x 12"))
    }

    @Test("Codes have the command's names and the library's, and are printed by the command's")
    func codesNames() throws {
        let all = [("none", "none"), ("float32", "none"), ("int8", "int8"), ("auto", "auto"), ("automatic", "auto")]
        for (given, printed) in all {
            let report = try fixture.build("a.nearest", ["--codes", given])
            let info = SnapshotReport(try IndexFile(path: fixture.path("a.nearest")).info())
            #expect(info.codesAskedFor == printed && info.codes == report.codes)
            #expect(printed == "auto" ? ["none", "int8", "int4"].contains(info.codes) : info.codes == printed)
        }
        let whenUnsaid = try fixture.build()
        #expect(try fixture.build("b.nearest", ["--codes", "auto"]).codes == whenUnsaid.codes)
        #expect(SnapshotReport(try IndexFile(path: fixture.path("a.nearest")).info()).codesAskedFor == "auto")
    }

    @Test("Commands that build use every core unless told otherwise")
    func buildThreads() throws {
        #expect(try BuildCommand.parse(["--base", "a", "--out", "b"]).buildThreads == Processors.count)
        #expect(try BenchCommand.parse(["--base", "a", "--queries", "b"]).buildThreads == Processors.count)
        #expect(try TuneCommand.parse(["--base", "a"]).threads == Processors.count)
    }

    @Test("build stores rows of float16, and info says so")
    func halfRows() throws {
        #expect(try fixture.build().rows == "float32")
        #expect(try fixture.build("b.nearest", ["--rows", "float16"]).rows == "float16")
        for (name, rows) in [("a.nearest", "float32"), ("b.nearest", "float16")] {
            let said = SnapshotReport(try IndexFile(path: fixture.path(name)).info())
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(Output.json(said).utf8)) as? [String: Any])
            #expect(object["rows"] as? String == rows && said.text().contains("rows:     \(rows)"))
            #expect(said.sections.contains { $0.name == "halfVectors" } == (rows == "float16"))
            #expect(try VerifyCommand.parse([fixture.path(name)]).verify().hasSuffix("verified, 300 vectors x 12, l2"))
        }
        try NumPyFile.write([1, 70_000] as [Float], rows: 1, columns: 2, to: fixture.path("large.npy"))
        let arguments = ["--base", fixture.path("large.npy"), "--out", fixture.path("c.nearest"), "--rows", "float16"]
        let message = expectExit(1, BuildCommand.self, arguments) { _ = try $0.build() }
        #expect(message.contains("position 1 is beyond half precision"))
    }

    @Test("build refuses wrong usage with exit code 64 and files at fault with 1, and leaves what was there")
    func buildRefusals() throws {
        let base = ["--base", fixture.path("base.npy")]
        let out = ["--out", fixture.path("a.nearest")]
        for arguments in [
            base, out, base + out + ["--m", "1"], base + out + ["--codes", "int3"],
            base + out + ["--codes", "none", "--codes-only"],
            base + out + ["--build-threads", "0"], base + out + ["--limit", "0"], base + out + ["--rows", "half"],
        ] {
            expectExit(64, BuildCommand.self, arguments) { _ = try $0.build() }
        }
        try fixture.build()
        let bytes = try fixture.folder.bytes("a.nearest")
        try NumPyFile.write([1, .nan] as [Float], rows: 1, columns: 2, to: fixture.path("nan.npy"))
        for name in ["none.npy", "nan.npy", "base.txt"] {
            expectExit(1, BuildCommand.self, ["--base", fixture.path(name)] + out) { _ = try $0.build() }
        }
        for place in ["no/such/a.nearest", "base.npy/a.nearest", ""] {
            expectExit(1, BuildCommand.self, base + ["--out", fixture.path(place)]) { _ = try $0.build() }
        }
        #expect(try fixture.folder.bytes("a.nearest") == bytes)
    }

    @Test("info says what a file is, and that of the machine without one")
    func info() throws {
        let report = try fixture.build(
            "a.nearest", ["--metric", "cosine", "--codes", "auto", "--seed", "18446744073709551615"])
        let said = SnapshotReport(try IndexFile(path: fixture.path("a.nearest")).info())
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Output.json(said).utf8)) as? [String: Any])
        #expect(
            object.keys.sorted() == [
                "bytes", "codes", "codesAskedFor", "count", "dimensions", "efConstruction", "efSearch", "formatVersion",
                "isCodesOnly", "keepsVectors", "m", "metric", "rows", "sections", "seed",
            ])
        #expect(object["bytes"] as? Int == report.bytes && object["count"] as? Int == 300)
        #expect(object["metric"] as? String == "cosine" && object["codesAskedFor"] as? String == "auto")
        #expect(object["seed"] as? UInt64 == .max && object["codes"] as? String == report.codes)
        let sections = try #require(object["sections"] as? [[String: Any]])
        #expect(sections.first?.keys.sorted() == ["checksum", "length", "name", "offset"])
        for section in sections {
            let checksum = try #require(section["checksum"] as? String)
            #expect(checksum.count == 8 && UInt32(checksum, radix: 16) != nil)
        }
        let text = said.text()
        #expect(text.contains("300 x 12, cosine") && text.contains("M 16, efConstruction 200, efSearch 64"))
        for section in said.sections { #expect(text.contains(section.checksum)) }
        #expect(try InfoCommand.parse([]).file == nil)
    }

    @Test("info and verify refuse files at fault with exit code 1; info does not look at what verify finds")
    func refusals() throws {
        try fixture.build("a.nearest", ["--codes", "int8"])
        #expect(
            try VerifyCommand.parse([fixture.path("a.nearest")]).verify().hasSuffix("verified, 300 vectors x 12, l2"))
        for name in ["none.nearest", "base.npy", ""] {
            expectExit(1, InfoCommand.self, [fixture.path(name)]) { try $0.run() }
            expectExit(1, VerifyCommand.self, [fixture.path(name)]) { _ = try $0.verify() }
        }
        expectExit(64, VerifyCommand.self, []) { _ = try $0.verify() }
        let info = try IndexFile(path: fixture.path("a.nearest")).info()
        for section in info.sections.map(\.name) {
            try fixture.damage("a.nearest", section: section, to: "b.nearest")
            let message = expectExit(1, VerifyCommand.self, [fixture.path("b.nearest")]) { _ = try $0.verify() }
            #expect(
                message == "\(fixture.path("b.nearest")): section '\(section)' is damaged: its checksum does not match")
        }
        try fixture.damage("a.nearest", section: "vectors", to: "b.nearest")
        #expect(try IndexFile(path: fixture.path("b.nearest")).info() == info)
        try fixture.folder.write(Array(try fixture.folder.bytes("a.nearest").dropLast()), to: "b.nearest")
        expectExit(1, VerifyCommand.self, [fixture.path("b.nearest")]) { _ = try $0.verify() }
        expectExit(1, InfoCommand.self, [fixture.path("b.nearest")]) { try $0.run() }
    }
}
