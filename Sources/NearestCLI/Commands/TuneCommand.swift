// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest
import VectorFiles

/// `nearest tune`: shows an index's calibration.
struct TuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Build an index of a file of vectors and show how many candidates a search needs for a recall.",
        discussion: """
            Vectors and queries are \(VectorTable.formats) files. Recall is measured on vectors of the file before they are \
            linked, or on queries of your own. With queries that the calibration has not seen, --check shows what a wanted \
            recall delivers.
            """)

    @Option(help: ArgumentHelp("Vectors to index.", valueName: "B"))
    var base: String

    @Option(help: ArgumentHelp("Calibrate on these queries.", valueName: "Q"))
    var queries: String?

    @Option(
        help: ArgumentHelp("Search for these queries with wanted recalls and show what is found.", valueName: "Q"))
    var check: String?

    @OptionGroup var indexed: IndexArguments

    @Option(help: "What vectors are compared by: none (the vectors themselves), int8, int4, or auto.")
    var codes = CodesOption.auto

    @Option(parsing: .unconditional, help: "Threads.")
    var threads = Processors.count

    @Option(help: ArgumentHelp("Write the curves as a picture.", valueName: "FILE.svg"))
    var plot: String?

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    struct Report: Encodable {
        /// What a wanted recall delivered.
        struct Delivery: Encodable {
            var k: Int
            var wanted: Double
            var delivered: Double
        }

        var calibration: Calibration
        var deliveries: [Delivery]
    }

    mutating func validate() throws {
        try checkRange("--threads", threads, IndexLimits.threads)
        try checkOutputs([("--plot", plot)], inputs: [base, queries, check])
    }

    func run() throws {
        let report = try measure()
        if let plot {
            do {
                try Data(LogLogPlot(report.calibration).svg().utf8).write(to: URL(fileURLWithPath: plot))
            } catch { throw CommandFailure("\(plot): cannot be written: \(error.localizedDescription)") }
        }
        try json ? Output.printJSON(report) : Output.print(report.table())
    }

    /// Builds and calibrates an index, and searches with wanted recalls if asked to.
    func measure() throws -> Report {
        let inputs = try SearchInputs(
            base: base, queries: check ?? queries ?? base, limit: indexed.limit, queryLimit: nil)
        let index = try indexed.build(inputs, of: base, codes: codes, threads: threads)
        let own = try queries.map { try SearchInputs(base: base, queries: $0, limit: 1, queryLimit: nil).queries } ?? []
        if !own.isEmpty { try index.calibrate(queries: own, threads: threads) }
        guard let calibration = index.calibration else {
            throw CommandFailure(
                "\(base): \(inputs.baseCount) vectors are too few: an index of fewer than 1,000 needs no graph")
        }
        return Report(
            calibration: calibration,
            deliveries: check == nil ? [] : try deliveries(of: index, inputs: inputs))
    }

    private func deliveries(of index: HNSWIndex, inputs: SearchInputs) throws -> [Report.Delivery] {
        var deliveries: [Report.Delivery] = []
        for k in [1, 10, 100] where k <= inputs.baseCount {
            let truth = try inputs.exactNeighbors(metric: indexed.metric.metric, k: k, threads: threads)
                .map { $0.last?.distance ?? -.infinity }
            for wanted in [0.8, 0.9, 0.95, 0.99] {
                let found = try (0..<inputs.queryCount).map { q in
                    let found = try index.search(
                        inputs.queries.span.extracting(inputs.queryRange(q)), k: k, effort: .recall(wanted))
                    return indexed.changesVectors
                        ? inputs.trueDistances(of: found, query: q, metric: indexed.metric.metric)
                        : found.map(\.distance)
                }
                deliveries.append(
                    .init(
                        k: k, wanted: wanted, delivered: Recall.mean(of: found, kthTrueDistances: truth, k: k)))
            }
        }
        return deliveries
    }
}

extension TuneCommand.Report {
    func table() -> String {
        let asked =
            switch calibration.source {
            case .queries: "your queries"
            case .heldOutVectors: "vectors that were not yet linked"
            case .storedVectors: "stored vectors, each hidden from its own search"
            }
        var lines = ["\(calibration.vectorCount) vectors; measured on \(asked)"]
        for curve in calibration.curves {
            lines += ["", "k \(curve.k), \(curve.queryCount) queries", "    ef  recall  +-      distances/query"]
            for point in curve.points {
                lines.append(
                    String(
                        format: "%6ld  %.4f  %.4f%15.0f", point.efSearch, point.recall, point.standardError,
                        point.distancesPerQuery))
            }
            let wishes = [0.8, 0.9, 0.95, 0.99].map { recall in
                let ef = calibration.efSearch(forRecall: recall, k: curve.k).map(String.init) ?? "exact"
                return "\(recall): \(ef)"
            }
            lines.append("  ef for recall " + wishes.joined(separator: ", "))
        }
        if !deliveries.isEmpty { lines += ["", "   k  wanted  delivered"] }
        for delivery in deliveries {
            lines.append(String(format: "%4ld  %.2f    %.4f", delivery.k, delivery.wanted, delivery.delivered))
        }
        return lines.joined(separator: "\n")
    }
}
