// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest
import VectorFiles

/// `nearest exact`: compares every query with every vector.
struct ExactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exact",
        abstract: "Find the true neighbors of queries by comparing each with every vector.",
        discussion: "Vectors and queries are \(VectorTable.formats) files.")

    @Option(help: ArgumentHelp("Vectors to search.", valueName: "B"))
    var base: String

    @Option(help: ArgumentHelp("Queries.", valueName: "Q"))
    var queries: String

    @Option(help: "The metric: l2 (squared), ip (negated inner product), cosine (1 - cos) or l1.")
    var metric = MetricOption.l2

    @Option(parsing: .unconditional, help: "Neighbors a query asks for.")
    var k = 10

    @Option(parsing: .unconditional, help: "Threads.")
    var threads = Processors.count

    @Option(parsing: .unconditional, help: ArgumentHelp("Search only the first N vectors.", valueName: "N"))
    var limit: Int?

    @Option(parsing: .unconditional, help: ArgumentHelp("Ask only the first N queries.", valueName: "N"))
    var queryLimit: Int?

    @Option(
        help: ArgumentHelp(
            "Write the ids to a .npy or .ivecs file: int32, queries x k, nearest first, -1 where there are fewer.",
            valueName: "IDS"))
    var idsOut: String?

    @Flag(
        inversion: .prefixedNo, exclusivity: .exclusive,
        help: "Rule vectors out by 8-bit codes first, not by products of floats. The results are the same.")
    var codes = true

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    struct Report: Encodable {
        var count: Int
        var dimensions: Int
        var metric: String
        var queries: Int
        var k: Int
        var threads: Int
        var seconds: Double
        var qps: Double

        /// Two operations a dimension of each distance: the product's multiplication and addition, or Manhattan's subtraction
        /// and addition; of codes as of floats.
        var gigaflopsPerSecond: Double
    }

    mutating func validate() throws {
        try checkRange("--k", k, 1...SearchInputs.maximumK)
        try checkRange("--threads", threads, IndexLimits.threads)
        if let limit { try checkRange("--limit", limit, 1...Int.max) }
        if let queryLimit { try checkRange("--query-limit", queryLimit, 1...Int.max) }
        if let idsOut, !VectorTable.isNameOfIntegers(idsOut) {
            throw ValidationError("--ids-out is '\(idsOut)'; its name must end in .npy or .ivecs")
        }
        try checkOutputs([("--ids-out", idsOut)], inputs: [base, queries])
    }

    func run() throws {
        let inputs = try SearchInputs(
            base: base, queries: queries, limit: limit, queryLimit: queryLimit, allowsNoQueries: true)
        let index = try ExactIndex(dimensions: inputs.dimensions, metric: metric.metric, usesCodes: codes)
        try namingFile(base) { try index.insert(contentsOf: inputs.base, keys: inputs.keys) }
        let progress = ProgressBar("exact search", total: inputs.queryCount)
        let start = ContinuousClock.now
        let results = try namingFile(queries) {
            try index.search(each: inputs.queries, k: k, threads: threads) { progress.update($0) }
        }
        let seconds = (ContinuousClock.now - start).seconds
        progress.finish()
        if let idsOut {
            try VectorTable.write(ids: try idRows(results, k: k), rows: results.count, columns: k, to: idsOut)
        }
        let operations = 2 * Double(results.count) * Double(index.count) * Double(inputs.dimensions)
        let report = Report(
            count: index.count, dimensions: index.dimensions, metric: metric.rawValue, queries: results.count, k: k,
            threads: threads, seconds: seconds, qps: seconds > 0 ? Double(results.count) / seconds : 0,
            gigaflopsPerSecond: seconds > 0 ? operations / seconds * 1e-9 : 0)
        if json {
            try Output.printJSON(report)
        } else {
            try Output.print(
                "\(report.queries) queries x \(report.count) vectors x \(report.dimensions), \(report.metric), k \(k): "
                    + String(
                        format: "%.2f s on %ld thread%@, %.0f queries/s, %.0f GFLOP/s", seconds, threads,
                        threads == 1 ? "" : "s", report.qps, report.gigaflopsPerSecond))
        }
    }
}
