// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest
import TestSupport

/// `index-bench churn`: every vector replaced, over and over.
struct ChurnBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "churn",
        abstract: "Replace every vector by itself under a new key, several times, and compare with the index as built.",
        discussion: """
            Vectors are replaced in the order of the file: a batch of keys is removed, and the same vectors are inserted. \
            The graph links equal vectors by one node, so a vector may come back to the node that it was removed from; \
            with --noise it does not. Queries a second are those of the index and of a fresh one, asked in turn.
            """)

    @OptionGroup var arguments: BenchArguments

    @Option(help: "Vectors, where none are given by --base.")
    var generated = 50_000

    @Option(help: "Times that every vector is replaced.")
    var replacements = 10

    @Option(help: "Vectors of a batch; 1 replaces one by one.")
    var batch = 1000

    @Option(
        help: ArgumentHelp(
            "Replace a vector not by itself but by the file's vector with a normal deviation of X times the standard "
                + "deviation of all values.", valueName: "X"))
    var noise: Float = 0

    @Option(help: "Threads that a batch is inserted with.")
    var threads = Processors.count

    @Option(help: "Passes over the queries for each speed; the median is given.")
    var rounds = 3

    struct Row: Encodable {
        /// Times that every vector was replaced; 0 is the index as built.
        var replaced: Int
        var replacementsPerSecond: Double?
        var recall: Double
        var queriesPerSecond: Double

        /// Queries a second over those of the fresh index, in turn with it.
        var timesFreshSpeed: Double
        var memoryBytes: Int
        var timesFreshMemory: Double

        /// What the process has more than before the index was built; nil where the system does not say.
        var residentBytes: Int?
    }

    mutating func validate() throws {
        try checkRange("--generated", generated, 1...Int.max)
        try checkRange("--replacements", replacements, 1...Int.max)
        try checkRange("--batch", batch, 1...Int.max)
        try checkRange("--threads", threads, IndexLimits.threads)
        guard noise >= 0, noise <= 1 else { throw ValidationError("--noise is \(noise); it must be from 0 to 1") }
        try checkRange("--rounds", rounds, 1...1_000_000)
    }

    func run() throws {
        let inputs = try arguments.inputs(generated: generated, atLeast: 1)
        var probe = try arguments.makeProbe(inputs, count: inputs.baseCount)
        var generator = SeededGenerator(seed: arguments.indexed.seed)
        let fresh = try build(inputs)
        let residentBefore = ProcessMemory.residentBytes
        let index = try build(inputs)
        var rows: [Row] = []
        for round in 0...replacements {
            var rate: Double?
            if round > 0 {
                let present = noise == 0 ? inputs : noisy(inputs, generator: &generator)
                let start = ContinuousClock.now
                try replaceAll(by: present, in: index, round: round)
                rate = Double(inputs.baseCount) / (ContinuousClock.now - start).seconds
                if noise > 0 { probe = try arguments.makeProbe(present, count: inputs.baseCount) }
            }
            let resident = ProcessMemory.residentBytes
            // The first pass makes scratch memory and is not measured.
            _ = (try probe.queriesPerSecond(index), try probe.queriesPerSecond(fresh))
            let speeds = try (0..<rounds).map { _ in
                (index: try probe.queriesPerSecond(index), fresh: try probe.queriesPerSecond(fresh))
            }
            rows.append(
                Row(
                    replaced: round, replacementsPerSecond: rate, recall: try probe.recall(index),
                    queriesPerSecond: median(speeds.map(\.index)),
                    timesFreshSpeed: median(speeds.map { $0.index / $0.fresh }), memoryBytes: index.memoryBytes,
                    timesFreshMemory: Double(index.memoryBytes) / Double(fresh.memoryBytes),
                    residentBytes: resident.flatMap { now in residentBefore.map { now - $0 } }))
        }
        let report = BenchReport(
            subject: "\(arguments.subject(inputs)); \(inputs.baseCount) vectors, replaced by \(batch), noise \(noise)",
            rows: rows)
        try report.print(
            json: arguments.json,
            columns: [
                ("replaced", { $0.replaced == 0 ? "fresh" : "\($0.replaced)" }),
                ("vectors/s", { $0.replacementsPerSecond?.text(0) ?? "-" }), ("recall", { $0.recall.text(4) }),
                ("queries/s", { $0.queriesPerSecond.text(0) }), ("x fresh", { $0.timesFreshSpeed.text(2) }),
                ("memory MB", { (Double($0.memoryBytes) / 1e6).text(1) }), ("x fresh", { $0.timesFreshMemory.text(2) }),
                ("resident MB", { $0.residentBytes.map { (Double($0) / 1e6).text(1) } ?? "-" }),
            ])
    }

    private func build(_ inputs: SearchInputs) throws -> HNSWIndex {
        let index = try arguments.makeIndex(inputs)
        try index.insert(contentsOf: inputs.base, keys: inputs.keys, threads: threads)
        return index
    }

    /// Vectors beside the inputs'.
    private func noisy(_ inputs: SearchInputs, generator: inout SeededGenerator) -> SearchInputs {
        let count = Double(inputs.base.count)
        let mean = inputs.base.reduce(0) { $0 + Double($1) } / count
        let variance = inputs.base.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        let scale = noise * Float(variance.squareRoot())
        let base = inputs.base.map { $0 + scale * generator.nextNormal() }
        return SearchInputs(dimensions: inputs.dimensions, base: base, queries: inputs.queries)
    }

    /// Gives every vector a new key: that of the round before and the number of vectors.
    private func replaceAll(by inputs: SearchInputs, in index: HNSWIndex, round: Int) throws {
        let count = inputs.baseCount
        for first in stride(from: 0, to: count, by: batch) {
            let rows = first..<min(first + batch, count)
            let newKeys = rows.map { UInt64(round * count + $0) }
            for key in newKeys { try index.remove(key: key - UInt64(count)) }
            try index.insert(
                contentsOf: inputs.base.span.extracting(inputs.valueRange(rows)), keys: newKeys, threads: threads)
        }
    }
}
