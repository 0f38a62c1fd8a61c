// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest
import TestSupport

/// What is indexed and asked, for every benchmark of real data.
struct BenchArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Vectors to index; without it, generated ones in 200 clusters.", valueName: "B"))
    var base: String?

    @Option(help: ArgumentHelp("Queries, none of them a stored vector.", valueName: "Q"))
    var queries: String?

    @Option(help: "Dimensions of generated vectors.")
    var dimensions = 384

    @OptionGroup var indexed: IndexArguments

    @Option(help: "What vectors are compared by: none (the vectors themselves), int8, int4, or auto.")
    var codes = CodesOption.auto

    @Option(help: "Neighbors a query asks for.")
    var k = 10

    @Option(help: "Candidates that a search keeps.")
    var ef = 64

    @Option(help: ArgumentHelp("Ask only the first N queries.", valueName: "N"))
    var queryLimit = 1000

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    mutating func validate() throws {
        guard (base == nil) == (queries == nil) else {
            throw ValidationError("give both --base and --queries, or neither")
        }
        try checkRange("--dimensions", dimensions, IndexLimits.dimensions)
        try checkRange("--k", k, 1...SearchInputs.maximumK)
        try checkRange("--ef", ef, HNSWOptions.efSearchRange)
        try checkRange("--query-limit", queryLimit, 1...1_000_000)
    }

    /// The files' vectors and queries, or `generated` vectors.
    ///
    /// - Throws: ``CommandFailure``: a file is at fault or holds fewer than `least` vectors.
    func inputs(generated: Int, atLeast least: Int) throws(CommandFailure) -> SearchInputs {
        guard let base, let queries else {
            let count = max(indexed.limit ?? generated, least)
            let data = GaussianClusters(
                count: count + queryLimit, dimensions: dimensions, clusters: 200, directions: 24, seed: indexed.seed)
            let end = count * dimensions
            return SearchInputs(
                dimensions: dimensions, base: Array(data.vectors[..<end]), queries: Array(data.vectors[end...]))
        }
        let inputs = try SearchInputs(base: base, queries: queries, limit: indexed.limit, queryLimit: queryLimit)
        guard inputs.baseCount >= least else {
            throw CommandFailure("\(base): \(inputs.baseCount) vectors; \(least) are needed")
        }
        return inputs
    }

    /// An empty index for the inputs.
    func makeIndex(_ inputs: SearchInputs) throws -> HNSWIndex {
        try indexed.makeIndex(dimensions: inputs.dimensions, codes: codes)
    }

    /// What the queries find among the first `count` vectors of the inputs.
    func makeProbe(_ inputs: SearchInputs, count: Int) throws -> SearchProbe {
        try SearchProbe(inputs, count: count, metric: indexed.metric.metric, k: k, ef: ef)
    }

    /// What the table's first line says of the data.
    func subject(_ inputs: SearchInputs) -> String {
        "\(base ?? "generated clusters"): \(inputs.dimensions) dimensions, \(indexed.metric.rawValue), codes \(codes.rawValue), "
            + "recall@\(k) of \(inputs.queryCount) queries at ef \(ef)"
    }
}

extension SearchInputs {
    /// Where the values of some vectors lie in `base`.
    func valueRange(_ rows: Range<Int>) -> Range<Int> { rows.lowerBound * dimensions..<rows.upperBound * dimensions }
}

/// The numbers of a list with commas between, each at least `least`.
func numbers(_ name: String, _ list: String, from least: Int = 1) throws -> [Int] {
    let numbers = list.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.allSatisfy({ $0.map { $0 >= least } ?? false }) else {
        throw ValidationError("\(name) is '\(list)'; it must be numbers from \(least) on, with commas between")
    }
    return numbers.compactMap { $0 }
}
