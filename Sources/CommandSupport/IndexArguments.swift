// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// The options that an index is built with, for every command that builds one. A command that opens a saved index instead
/// compares those that are given with it.
package struct IndexArguments: ParsableArguments {
    @Option(
        name: .customLong("metric"),
        help: "The metric: l2 (squared), ip (negated inner product), cosine (1 - cos) or l1. (default: l2)")
    private var givenMetric: MetricOption?

    @Option(
        name: .customLong("m"), parsing: .unconditional,
        help: "M: neighbors of a new node on each level. Level 0 keeps twice as many. (default: 16)")
    private var givenM: Int?

    @Option(
        name: .customLong("ef-construction"), parsing: .unconditional,
        help: "Candidates that an insertion considers. (default: 200)")
    private var givenEfConstruction: Int?

    @Option(name: .customLong("seed"), parsing: .unconditional, help: "Seeds the graph. (default: 42)")
    private var givenSeed: UInt64?

    @Option(
        name: .customLong("rows"),
        help: "What vectors are stored as: float32, or float16, half the memory. (default: float32)")
    private var givenRows: RowsOption?

    @Option(parsing: .unconditional, help: ArgumentHelp("Index only the first N vectors.", valueName: "N"))
    package var limit: Int?

    @Flag(
        name: [.customLong("codes-only"), .customLong("compact")],
        help: "Keep codes only, a third of the memory. Not with --codes none. --compact is its old name.")
    package var compact = false

    package init() {}

    package var metric: MetricOption { givenMetric ?? .l2 }
    package var m: Int { givenM ?? 16 }
    package var efConstruction: Int { givenEfConstruction ?? 200 }
    package var seed: UInt64 { givenSeed ?? 42 }
    package var rows: RowsOption { givenRows ?? .float32 }

    /// Whether the index keeps other values than it is given: codes only, or rounded ones.
    package var changesVectors: Bool { compact || rows == .float16 }

    package mutating func validate() throws {
        try checkRange("--m", m, HNSWOptions.mRange)
        try checkRange("--ef-construction", efConstruction, HNSWOptions.efConstructionRange)
        if let limit { try checkRange("--limit", limit, 1...Int.max) }
    }

    /// Makes an empty index.
    package func makeIndex(dimensions: Int, codes: CodesOption) throws -> HNSWIndex {
        let options = HNSWOptions(
            m: m, efConstruction: efConstruction, seed: seed, codes: codes.codes, keepsVectors: !compact,
            rows: rows.rows)
        return try HNSWIndex(dimensions: dimensions, metric: metric.metric, options: options)
    }

    /// Builds an index of the inputs' vectors, and shows the progress.
    ///
    /// - Parameter path: the file of the vectors, which errors name.
    package func build(_ inputs: SearchInputs, of path: String, codes: CodesOption, threads: Int) throws -> HNSWIndex {
        let index = try makeIndex(dimensions: inputs.dimensions, codes: codes)
        let progress = ProgressBar("build", total: inputs.baseCount)
        defer { progress.finish() }
        try namingFile(path) {
            try index.insert(contentsOf: inputs.base, keys: inputs.keys, threads: threads) { progress.update($0) }
        }
        return index
    }
}

extension IndexArguments {
    /// Throws wrong usage if an option that is given contradicts a saved index.
    ///
    /// - Parameters:
    ///   - codes: the option's value, if given. Both the codes that the index was asked for and those in use agree with it.
    ///   - path: the index's file, which errors name.
    package func check(against info: SnapshotInfo, codes: CodesOption?, path: String) throws {
        func check(_ name: String, _ given: String?, _ found: String...) throws {
            guard let given, !found.contains(given) else { return }
            throw ValidationError("\(name) is \(given); \(path) was built with \(found[0])")
        }
        try check("--metric", givenMetric?.rawValue, MetricOption(info.metric).rawValue)
        try check("--m", givenM.map { "\($0)" }, "\(info.options.m)")
        try check("--ef-construction", givenEfConstruction.map { "\($0)" }, "\(info.options.efConstruction)")
        try check("--rows", givenRows?.rawValue, RowsOption(info.options.rows).rawValue)
        try check("--seed", givenSeed.map { "\($0)" }, "\(info.options.seed)")
        try check(
            "--codes", codes?.rawValue, CodesOption(info.options.codes).rawValue, CodesOption(info.codesInUse).rawValue)
        guard !compact || !info.options.keepsVectors else {
            throw ValidationError("--codes-only is given; \(path) was built without it")
        }
    }
}
