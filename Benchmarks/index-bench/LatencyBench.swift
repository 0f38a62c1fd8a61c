// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest

/// `index-bench latency`: searches in quiet and beside a writer.
struct LatencyBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measure how long searches take in quiet, and while a thread inserts without pause.",
        discussion: """
            Every round builds an index for each kind of writing, searches it in quiet, and searches it while it is \
            written; ratios are of the two. Writing ends early where the file has no vectors left.
            """)

    @OptionGroup var arguments: BenchArguments

    @Option(help: "Vectors that the index holds before.")
    var stored = 50_000

    @Option(help: "Threads that search.")
    var readers = max(1, Processors.count - 1)

    @Option(help: "Threads that a batch is inserted with.")
    var writerThreads = 1

    @Option(help: "Vectors of a batch.")
    var batch = 1000

    @Option(help: "Seconds of each measurement.")
    var seconds = 5.0

    @Option(help: "Times that everything is measured, in turn; medians are given.")
    var rounds = 3

    struct Row: Encodable {
        var writer: String
        var vectorsPerSecond: Double
        var queriesPerSecond: Double
        var p50Microseconds: Double
        var p95Microseconds: Double
        var p99Microseconds: Double

        /// The 99th percentile over that of the same index in quiet.
        var timesQuietP99: Double
    }

    mutating func validate() throws {
        try checkRange("--stored", stored, 1...Int.max)
        try checkRange("--readers", readers, IndexLimits.threads)
        try checkRange("--writer-threads", writerThreads, IndexLimits.threads)
        try checkRange("--batch", batch, 1...Int.max)
        try checkRange("--rounds", rounds, 1...1_000_000)
        guard seconds > 0, seconds <= 3600 else {
            throw ValidationError("--seconds is \(seconds); it must be above 0, up to 3600")
        }
    }

    func run() throws {
        let inputs = try arguments.inputs(generated: 2 * stored, atLeast: stored + batch)
        var quiet: [SearchLoad.Measurement] = []
        var single: [SearchLoad.Measurement] = []
        var batches: [SearchLoad.Measurement] = []
        // Of the 99th percentile beside a writer over that in quiet, by round.
        var ratios: (single: [Double], batches: [Double]) = ([], [])
        for _ in 0..<rounds {
            let (singleQuiet, singleWriting) = try measure(inputs, callSize: 1)
            let (batchQuiet, batchWriting) = try measure(inputs, callSize: batch)
            quiet += [singleQuiet, batchQuiet]
            single.append(singleWriting)
            batches.append(batchWriting)
            ratios.single.append(singleWriting.microseconds(0.99) / singleQuiet.microseconds(0.99))
            ratios.batches.append(batchWriting.microseconds(0.99) / batchQuiet.microseconds(0.99))
        }
        let rows = [
            row("none", quiet, ratios: [1]), row("one by one", single, ratios: ratios.single),
            row("batches of \(batch)", batches, ratios: ratios.batches),
        ]
        let report = BenchReport(
            subject: "\(arguments.subject(inputs)); \(stored) vectors, \(readers) searching", rows: rows)
        try report.print(
            json: arguments.json,
            columns: [
                ("writer", \.writer), ("vectors/s", { $0.vectorsPerSecond.text(0) }),
                ("queries/s", { $0.queriesPerSecond.text(0) }), ("p50 us", { $0.p50Microseconds.text(1) }),
                ("p95 us", { $0.p95Microseconds.text(1) }), ("p99 us", { $0.p99Microseconds.text(1) }),
                ("x quiet p99", { $0.timesQuietP99.text(2) }),
            ])
    }

    private func row(_ writer: String, _ measurements: [SearchLoad.Measurement], ratios: [Double]) -> Row {
        Row(
            writer: writer, vectorsPerSecond: median(measurements.map(\.vectorsPerSecond)),
            queriesPerSecond: median(measurements.map(\.queriesPerSecond)),
            p50Microseconds: median(measurements.map { $0.microseconds(0.5) }),
            p95Microseconds: median(measurements.map { $0.microseconds(0.95) }),
            p99Microseconds: median(measurements.map { $0.microseconds(0.99) }), timesQuietP99: median(ratios))
    }

    /// Builds an index, and searches it in quiet and while calls of `callSize` vectors are inserted.
    private func measure(
        _ inputs: SearchInputs, callSize: Int
    ) throws -> (quiet: SearchLoad.Measurement, writing: SearchLoad.Measurement) {
        let index = try arguments.makeIndex(inputs)
        try index.insert(
            contentsOf: inputs.base.span.extracting(inputs.valueRange(0..<stored)), keys: Array(inputs.keys[..<stored]))
        let load = SearchLoad(
            index: index, inputs: inputs, k: arguments.k, ef: arguments.ef, readers: readers, seconds: seconds)
        let quiet = try load.measure()
        var next = stored
        let writing = try load.measure { () throws(VectorIndexError) in
            let rows = next..<next + callSize
            guard rows.upperBound <= inputs.baseCount else { return nil }
            next = rows.upperBound
            try index.insert(
                contentsOf: inputs.base.span.extracting(inputs.valueRange(rows)), keys: rows.map(UInt64.init),
                threads: writerThreads)
            return callSize
        }
        return (quiet, writing)
    }
}
