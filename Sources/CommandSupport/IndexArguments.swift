// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// What an index is built with, for every command that builds one.
package struct IndexArguments: ParsableArguments {
    @Option(help: "The metric: l2 (squared), ip (negated inner product), cosine (1 - cos) or l1.")
    package var metric = MetricOption.l2

    @Option(help: "M: neighbours of a new node on each level; level 0 keeps twice as many.")
    package var m = 16

    @Option(help: "Candidates that an insertion considers.")
    package var efConstruction = 200

    @Option(help: "Seeds the graph.")
    package var seed: UInt64 = 42

    @Option(help: ArgumentHelp("Index only the first N vectors.", valueName: "N"))
    package var limit: Int?

    @Flag(help: "Keep codes only, once they are learnt: a third of the memory. Not with --codes none.")
    package var compact = false

    package init() {}

    package mutating func validate() throws {
        try checkRange("--m", m, HNSWOptions.mRange)
        try checkRange("--ef-construction", efConstruction, HNSWOptions.efConstructionRange)
        if let limit { try checkRange("--limit", limit, 1...Int.max) }
    }

    /// Makes an empty index.
    package func makeIndex(dimensions: Int, codes: CodesOption) throws -> HNSWIndex {
        let options = HNSWOptions(
            m: m, efConstruction: efConstruction, seed: seed, codes: codes.codes, keepsVectors: !compact)
        return try HNSWIndex(dimensions: dimensions, metric: metric.metric, options: options)
    }

    /// Builds the index of the inputs' vectors, and shows how far it is.
    package func build(_ inputs: SearchInputs, codes: CodesOption, threads: Int) throws -> HNSWIndex {
        let index = try makeIndex(dimensions: inputs.dimensions, codes: codes)
        let progress = ProgressBar("build", total: inputs.baseCount)
        defer { progress.finish() }
        try index.insertBatch(inputs.base, keys: inputs.keys, threads: threads) { progress.update($0) }
        return index
    }
}
