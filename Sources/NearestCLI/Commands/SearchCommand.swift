// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest
import VectorFiles

/// `nearest search`: searches a saved index.
struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find the nearest vectors of a saved index to queries.",
        discussion: "Queries are a \(VectorTable.formats) file. Results are given by their keys, nearest first.")

    @Option(help: ArgumentHelp("A saved index.", valueName: "FILE.nearest"))
    var index: String

    @Option(help: ArgumentHelp("Queries.", valueName: "Q"))
    var queries: String

    @Option(
        parsing: .unconditional, help: "Neighbors a query asks for. (default: 10; all with --within)")
    var k: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Return only vectors within this distance, in the metric's units.", valueName: "DISTANCE"))
    var within: Float?

    @Option(
        parsing: .unconditional,
        help: "Candidates that a search keeps. (default: the index's own, usually 64)")
    var ef: Int?

    @Option(
        parsing: .unconditional,
        help: "The share of the true neighbors to find, above 0 and at most 1, instead of --ef.")
    var recall: Double?

    @Option(parsing: .unconditional, help: "Threads that search.")
    var threads = 1

    @Option(parsing: .unconditional, help: ArgumentHelp("Ask only the first N queries.", valueName: "N"))
    var queryLimit: Int?

    @Option(
        help: ArgumentHelp(
            "Write the keys to a .npy or .ivecs file: queries x k, nearest first, -1 where there are fewer; int32, or int64 "
                + "where needed.",
            valueName: "IDS"))
    var idsOut: String?

    @Option(help: ArgumentHelp("Return only vectors whose keys are in a .npy or .ivecs file.", valueName: "KEYS"))
    var filterKeys: String?

    @Option(help: ArgumentHelp("Return no vectors whose keys are in a .npy or .ivecs file.", valueName: "KEYS"))
    var excludeKeys: String?

    @Flag(help: "Tell how each query is answered: the plan, what was compared, and the time.")
    var explain = false

    @OptionGroup var opening: OpeningArguments

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    mutating func validate() throws {
        if let k { try checkRange("--k", k, 1...SearchInputs.maximumK) }
        if let within, within.isNaN { throw ValidationError("--within is not a number") }
        guard k != nil || within == nil || idsOut == nil else {
            throw ValidationError("--ids-out with --within takes --k, the columns of the file")
        }
        try checkRange("--threads", threads, IndexLimits.threads)
        if let ef { try checkRange("--ef", ef, HNSWOptions.efSearchRange) }
        if let queryLimit { try checkRange("--query-limit", queryLimit, 1...Int.max) }
        if let recall {
            guard ef == nil else { throw ValidationError("give --ef or --recall, not both") }
            guard recall > 0, recall <= 1 else {
                throw ValidationError("--recall is \(recall); it must be above 0 and at most 1")
            }
        }
        guard !explain || threads == 1 else { throw ValidationError("--explain takes one thread") }
        guard filterKeys == nil || excludeKeys == nil else {
            throw ValidationError("give --filter-keys or --exclude-keys, not both")
        }
        if let idsOut, !VectorTable.isNameOfIntegers(idsOut) {
            throw ValidationError("--ids-out is '\(idsOut)'; its name must end in .npy or .ivecs")
        }
        try checkOutputs([("--ids-out", idsOut)], inputs: [index, queries, filterKeys, excludeKeys])
    }

    func run() throws {
        let report = try search()
        try json ? Output.printJSON(report) : Output.print(report.table())
    }

    /// Opens the index, searches for the queries, and writes the keys if `--ids-out` is given.
    func search() throws -> SearchReport {
        let file = IndexFile(path: index)
        let index = try file.open(opening.options)
        let inputs = try SearchInputs(
            queries: queries, dimensions: index.dimensions, queryLimit: queryLimit, allowsNoQueries: true)
        let filter = try keyFilter()
        let start = ContinuousClock.now
        let results: [[Neighbor]]
        var explanations: [SearchExplanation]?
        do throws(VectorIndexError) {
            if explain {
                let explained = try explained(index, to: inputs, filter: filter)
                results = explained.map(\.neighbors)
                explanations = explained
            } else {
                results = try answers(of: index, to: inputs, filter: filter)
            }
        } catch .snapshot(let error) {
            throw file.failure(.snapshot(error))
        } catch {
            throw CommandFailure("\(queries): \(error)")
        }
        let seconds = (ContinuousClock.now - start).seconds
        if let idsOut {
            try VectorTable.write(ids: try idRows(results, k: wanted), rows: results.count, columns: wanted, to: idsOut)
        }
        return SearchReport(
            index, k: within == nil ? wanted : k, within: within, threads: threads, seconds: seconds, results: results,
            explanations: explanations)
    }

    private func keyFilter() throws(VectorFileError) -> KeyFilter? {
        if let filterKeys { return KeyFilter(only: try Self.keys(filterKeys)) }
        if let excludeKeys { return KeyFilter(excluding: try Self.keys(excludeKeys)) }
        return nil
    }

    private static func keys(_ path: String) throws(VectorFileError) -> [UInt64] {
        try VectorTable(path: path, acceptsOneDimension: true).keys()
    }

    private func answers(
        of index: HNSWIndex, to inputs: SearchInputs, filter: KeyFilter?
    ) throws(VectorIndexError) -> [[Neighbor]] {
        let progress = ProgressBar("search", total: inputs.queryCount)
        defer { progress.finish() }
        return try index.search(each: inputs.queries, request: request(filter), threads: threads) {
            progress.update($0)
        }
    }

    /// Answers the queries one after the other, and tells how.
    private func explained(
        _ index: HNSWIndex, to inputs: SearchInputs, filter: KeyFilter?
    ) throws(VectorIndexError) -> [SearchExplanation] {
        let progress = ProgressBar("search", total: inputs.queryCount)
        defer { progress.finish() }
        var explanations: [SearchExplanation] = []
        for q in 0..<inputs.queryCount {
            let query = inputs.queries.span.extracting(inputs.queryRange(q))
            explanations.append(try index.explain(query, request: request(filter)))
            progress.update(q + 1)
        }
        return explanations
    }

    private var wanted: Int { k ?? (within == nil ? 10 : .max) }

    private func request(_ filter: KeyFilter?) -> SearchRequest {
        let effort = recall.map { SearchEffort.recall($0) } ?? ef.map { .candidates($0) } ?? .automatic
        return SearchRequest(k: wanted, effort: effort, filter: filter, within: within)
    }
}
