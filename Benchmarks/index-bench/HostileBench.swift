// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest
import TestSupport

/// `index-bench hostile`: data that graphs lose.
struct HostileBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hostile",
        abstract: "Index data that graphs lose vectors of, and look for every vector; exit code 1 if one is not found.",
        discussion: "Euclidean. Every vector is looked for, asking for all that equal it and 10 more.")

    @Option(help: "Vectors of each kind.")
    var count = 10_000

    @Option(help: ArgumentHelp("Vectors of a call: a list; 1 inserts one by one.", valueName: "N,N"))
    var calls = "1,1000"

    @Option(help: "Candidates that a search keeps.")
    var ef = 400

    @Option(help: "What vectors are compared by: none (the vectors themselves), int8, int4, or auto.")
    var codes = CodesOption.auto

    @Option(help: "Seeds the data and the graph.")
    var seed: UInt64 = 42

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    struct Row: Encodable {
        var data: HostileData
        var order: ArrivalOrder
        var callSize: Int
        var vectors: Int

        /// Vectors that their own search did not return.
        var notFound: Int

        /// Of 200 queries beside stored vectors, 10 neighbors each.
        var recall: Double

        /// What `checkInvariants` says; nil if all hold.
        var violation: String?
        var seconds: Double
    }

    mutating func validate() throws {
        try checkRange("--count", count, 1000...1_000_000)
        try checkRange("--ef", ef, HNSWOptions.efSearchRange)
        _ = try numbers("--calls", calls)
    }

    func run() throws {
        var rows: [Row] = []
        for data in HostileData.allCases {
            for order in ArrivalOrder.allCases {
                for callSize in try numbers("--calls", calls) {
                    rows.append(try measure(data, order: order, callSize: callSize))
                }
            }
        }
        let report = BenchReport(subject: "ef \(ef), codes \(codes.rawValue), seed \(seed)", rows: rows)
        try report.print(
            json: json,
            columns: [
                ("data", \.data.rawValue), ("order", \.order.rawValue), ("calls of", { "\($0.callSize)" }),
                ("vectors", { "\($0.vectors)" }), ("not found", { "\($0.notFound)" }),
                ("recall", { $0.recall.text(4) }), ("invariants", { $0.violation ?? "hold" }),
                ("seconds", { $0.seconds.text(2) }),
            ])
        if rows.contains(where: { $0.notFound > 0 || $0.violation != nil }) { throw ExitCode(1) }
    }

    private func measure(_ data: HostileData, order: ArrivalOrder, callSize: Int) throws -> Row {
        let dimensions = data.dimensions
        let vectors = order.arrange(
            data.vectors(count: count, seed: seed), dimensions: dimensions, seed: seed + 1)
        let index = try HNSWIndex(
            dimensions: dimensions, metric: .squaredEuclidean, options: HNSWOptions(seed: seed, codes: codes.codes))
        let start = ContinuousClock.now
        try index.insert(vectors, callSize: callSize)
        let seconds = (ContinuousClock.now - start).seconds
        var violation: String?
        do throws(IndexInvariantViolation) { try index.checkInvariants() } catch { violation = error.description }
        let lost = try index.keysNotFound(vectors, efSearch: ef)
        return Row(
            data: data, order: order, callSize: callSize, vectors: index.count, notFound: lost.count,
            recall: try recall(of: index, vectors: vectors), violation: violation, seconds: seconds)
    }

    private func recall(of index: HNSWIndex, vectors: [Float]) throws -> Double {
        let dimensions = index.dimensions
        var generator = SeededGenerator(seed: seed + 2)
        let positions = (0..<200).map { _ in Int.random(in: 0..<vectors.count / dimensions, using: &generator) }
        let queries = vectors.vectors(at: positions, dimensions: dimensions).map {
            $0 + Float.random(in: -0.1..<0.1, using: &generator)
        }
        let inputs = SearchInputs(dimensions: dimensions, base: vectors, queries: queries)
        return try SearchProbe(inputs, count: inputs.baseCount, metric: .squaredEuclidean, k: 10, ef: ef).recall(index)
    }
}
