// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("The tune command")
struct TuneTests {
    @Test("It reports the curves, what a wanted recall delivered, and draws a picture")
    func report() throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 61)
        let vectors = random.clusteredVectors(count: 1300, dimensions: 10, clusters: 20)
        try NumPyFile.write(
            Array(vectors.prefix(12_000)), rows: 1200, columns: 10, to: folder.path("base.npy"))
        try NumPyFile.write(Array(vectors.suffix(1000)), rows: 100, columns: 10, to: folder.path("held.npy"))
        let base = ["--base", folder.path("base.npy"), "--m", "8"]
        let report = try TuneCommand.parse(base + ["--check", folder.path("held.npy")]).measure()
        #expect(report.calibration.vectorCount == 1200 && report.calibration.source == .heldOutVectors)
        #expect(report.deliveries.map(\.wanted) == [0.8, 0.9, 0.95, 0.99, 0.8, 0.9, 0.95, 0.99, 0.8, 0.9, 0.95, 0.99])
        #expect(report.deliveries.allSatisfy { $0.delivered >= $0.wanted - 0.05 && $0.delivered <= 1 })
        #expect(report.table().contains("k 10, 100 queries") && report.table().contains("wanted"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Output.json(report).utf8)) as? [String: Any])
        #expect(object.keys.sorted() == ["calibration", "deliveries"])

        let own = try TuneCommand.parse(base + ["--queries", folder.path("held.npy")])
        #expect(try own.measure().calibration.source == .queries)
        let svg = LogLogPlot(report.calibration).svg()
        #expect(svg.hasPrefix("<svg") && svg.components(separatedBy: "<polyline").count == 4)
    }

    @Test("Too few vectors are an error, and wrong options wrong usage")
    func refusals() throws {
        let folder = try TemporaryFolder()
        try NumPyFile.write([1, 2, 3, 4] as [Float], rows: 2, columns: 2, to: folder.path("base.npy"))
        let base = ["--base", folder.path("base.npy")]
        #expect(throws: CommandFailure.self) { try TuneCommand.parse(base).measure() }
        for arguments in [["--m", "1"], ["--threads", "0"], ["--limit", "0"], ["--codes", "int3"]] {
            #expect(throws: (any Error).self) { try TuneCommand.parse(base + arguments) }
        }
    }
}
