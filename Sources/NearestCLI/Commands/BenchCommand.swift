// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest
import VectorFiles

/// `nearest bench`: builds an index, or opens a saved one, and measures its search.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Build an index of a file of vectors, or open a saved one, and measure search: recall beside speed.",
        discussion: """
            Vectors are read from NumPy's .npy (two dimensions; floats or integers) and from .fvecs, .bvecs and .ivecs, ground \
            truth from .npy (integers) and .ivecs. Ids are written as .npy. Recall counts ties with the k-th true \
            neighbor as hits, and is given where there is ground truth to compare with.

            With --index nothing is built. Options that are given must agree with the index. The time of opening is printed as \
            that of building. --base is needed for --exact, and for the recall of an index that holds codes only or rows of float16.
            """)

    @Option(help: ArgumentHelp("Vectors to index; with --index those that it was built from.", valueName: "B"))
    var base: String?

    @Option(help: ArgumentHelp("Queries, none of them a stored vector.", valueName: "Q"))
    var queries: String

    @OptionGroup var indexed: IndexArguments

    @Option(parsing: .unconditional, help: "Neighbors a query asks for.")
    var k = 10

    @Option(help: ArgumentHelp("Candidates that a search keeps: a list of settings.", valueName: "16,32,64"))
    var ef = "16,32,64,128,256"

    @Option(
        help: "What vectors are compared by: none (the vectors themselves), int8, int4, or auto. (default: auto)")
    var codes: CodesOption?

    @Flag(help: "Answer all queries by one call. The mean is then the time of each.")
    var batch = false

    @Option(parsing: .unconditional, help: "Threads that search.")
    var threads = 1

    @Option(parsing: .unconditional, help: "Threads that build. The graph does not depend on their number.")
    var buildThreads = Processors.count

    @Option(parsing: .unconditional, help: "Rounds that measure every setting. The median is printed.")
    var rounds = 3

    @Option(parsing: .unconditional, help: ArgumentHelp("Ask only the first N queries.", valueName: "N"))
    var queryLimit: Int?

    @Option(help: ArgumentHelp("Open a saved index instead of building one.", valueName: "FILE.nearest"))
    var index: String?

    @OptionGroup var opening: OpeningArguments

    @Option(help: ArgumentHelp("True neighbors of each query, for recall.", valueName: "GT"))
    var groundTruth: String?

    @Flag(help: "Find the true neighbors by exact search first, for recall.")
    var exact = false

    @Option(help: ArgumentHelp("Write each setting's results to PREFIX.ef<N>.npy.", valueName: "PREFIX"))
    var idsOut: String?

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    mutating func validate() throws {
        guard base != nil || index != nil else { throw ValidationError("give --base or --index") }
        guard index != nil || opening.areDefaults else {
            throw ValidationError("--verification and --residency are options of a saved index: give --index")
        }
        guard base != nil || !exact else { throw ValidationError("--exact takes --base, the vectors to search") }
        guard !(exact && groundTruth != nil) else { throw ValidationError("give --exact or --ground-truth, not both") }
        try checkRange("--k", k, 1...SearchInputs.maximumK)
        try checkRange("--threads", threads, IndexLimits.threads)
        try checkRange("--build-threads", buildThreads, IndexLimits.threads)
        try checkRange("--rounds", rounds, 1...1_000_000)
        if let queryLimit { try checkRange("--query-limit", queryLimit, 1...Int.max) }
        let outputs = Set(try efSettings()).map { ef in ("--ids-out", idsOut.map { Self.idsPath($0, ef: ef) }) }
        try checkOutputs(outputs, inputs: [base, index, queries, groundTruth])
    }

    /// Where the ids of one setting are written.
    private static func idsPath(_ prefix: String, ef: Int) -> String { "\(prefix).ef\(ef).npy" }

    func run() throws {
        let report = try measure()
        try json ? Output.printJSON(report) : Output.print(report.table())
    }

    /// Builds or opens an index, searches it, and writes the ids if `--ids-out` is given.
    func measure() throws -> BenchReport {
        let subject = try subject()
        let (index, inputs) = (subject.index, subject.inputs)
        let bench = SearchBench(inputs: inputs, k: k, threads: threads, isBatch: batch)
        let truth = try trueDistances(subject)

        let settings = try efSettings()
        var rounds: [[SearchBench.Measurement]] = []
        let progress = ProgressBar("search", total: self.rounds * settings.count)
        for round in 0..<self.rounds {
            rounds.append([])
            for (i, ef) in settings.enumerated() {
                rounds[round].append(try bench.measure(index, ef: ef))
                progress.update(round * settings.count + i + 1)
            }
        }
        progress.finish()

        let points = settings.indices.map { i in
            BenchReport.Point(
                ef: settings[i], measurements: rounds.map { $0[i] }, truth: truth,
                distances: distances(rounds[0][i].results, subject), k: min(k, index.count))
        }
        if let idsOut {
            for (i, ef) in settings.enumerated() {
                let ids = try idRows(rounds[0][i].results, k: k)
                try VectorTable.write(ids: ids, rows: inputs.queryCount, columns: k, to: Self.idsPath(idsOut, ef: ef))
            }
        }
        return BenchReport(
            count: index.count, dimensions: index.dimensions, metric: MetricOption(index.metric).rawValue,
            codes: CodesOption(index.codesInUse).rawValue, rows: RowsOption(index.options.rows).rawValue,
            instructionSet: index.instructionSet.rawValue, build: subject.build,
            memory: .init(
                bytesPerVector: index.memoryBytes / max(index.count, 1), peakResidentBytes: ProcessMemory.peakBytes),
            points: points)
    }

    private func subject() throws -> BenchSubject {
        guard let index else {
            let inputs = try SearchInputs(
                base: base ?? "", queries: queries, limit: indexed.limit, queryLimit: queryLimit)
            return try BenchSubject(
                inputs, of: base ?? "", built: indexed, codes: codes ?? .auto, threads: buildThreads)
        }
        return try BenchSubject(
            opened: IndexFile(path: index), opening: opening.options, base: base, queries: queries,
            queryLimit: queryLimit, arguments: indexed,
            codes: codes, countsRecall: exact || groundTruth != nil)
    }

    /// The distances of the results, by which recall is counted. Empty if it is not counted.
    private func distances(_ results: [[Neighbor]], _ subject: BenchSubject) -> [[Float]] {
        guard exact || groundTruth != nil else { return [] }
        return results.enumerated().map { q, found in
            subject.needsTrueDistances
                ? subject.inputs.trueDistances(of: found, query: q, metric: subject.index.metric)
                : found.map(\.distance)
        }
    }

    /// The distance of each query's `k`-th true neighbor, or of the last one where there are fewer. Nil without ground truth.
    private func trueDistances(_ subject: BenchSubject) throws -> [Float]? {
        let (index, inputs) = (subject.index, subject.inputs)
        if exact {
            let neighbors = try inputs.exactNeighbors(metric: index.metric, k: k, threads: buildThreads)
            return neighbors.map { $0.last?.distance ?? -.infinity }
        }
        guard let path = groundTruth else { return nil }
        let file = try VectorTable(path: path)
        let ids = try file.int32s()
        let wanted = min(k, index.count)
        guard file.rows >= inputs.queryCount, file.columns >= wanted else {
            throw CommandFailure(
                "\(path): \(file.rows) × \(file.columns) ids; wanted \(inputs.queryCount) queries × \(wanted) neighbors"
            )
        }
        return try (0..<inputs.queryCount).map { q in
            let query = inputs.queries.span.extracting(inputs.queryRange(q))
            let distances = try (0..<wanted).map { i in
                let id = ids[q * file.columns + i]
                let key = UInt64(exactly: id)
                guard let key, let distance = try index.distance(from: query, to: key) else {
                    throw CommandFailure(
                        "\(path): query \(q) has neighbor \(id), which is not among the vectors indexed")
                }
                guard subject.needsTrueDistances else { return distance }
                let neighbor = Neighbor(key: key, distance: distance)
                return inputs.trueDistances(of: [neighbor], query: q, metric: index.metric)[0]
            }
            return distances.max() ?? -.infinity
        }
    }

    private func efSettings() throws -> [Int] {
        let settings = ef.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard settings.allSatisfy({ ($0 ?? 0) > 0 }) else {
            throw ValidationError("--ef is '\(ef)'; it must be numbers from 1 on, with commas between")
        }
        return settings.compactMap { $0 }
    }
}
