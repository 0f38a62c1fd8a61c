// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest

/// `index-bench insert`: vectors one by one and by one call.
struct InsertBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "insert",
        abstract:
            "Insert one by one, and by one call on one thread and on several, into an empty index and a full one.",
        discussion:
            "Every insertion is into an index of its own, which is built for it. Ratios are formed within a round.")

    @OptionGroup var arguments: BenchArguments

    @Option(help: "Vectors that the full index holds before.")
    var onto = 50_000

    @Option(help: ArgumentHelp("Vectors inserted: a list.", valueName: "N,N"))
    var sizes = "100,1000,10000"

    @Option(help: "Threads of the last column of calls, 2 or more.")
    var threads = max(2, Processors.count)

    @Option(help: "Times that everything is measured, in turn; medians are given.")
    var rounds = 3

    struct Row: Encodable {
        var before: Int
        var inserted: Int
        var mode: String
        var vectorsPerSecond: Double
        var timesSequential: Double
        var timesOneThread: Double
        var recall: Double
    }

    /// How vectors are inserted.
    private enum Mode: CaseIterable {
        case sequential, oneThread, threads

        func name(threads: Int) -> String {
            switch self {
            case .sequential: "one by one"
            case .oneThread: "one call, 1 thread"
            case .threads: "one call, \(threads) threads"
            }
        }
    }

    mutating func validate() throws {
        try checkRange("--onto", onto, 0...Int.max)
        try checkRange("--threads", threads, 2...IndexLimits.threads.upperBound)
        try checkRange("--rounds", rounds, 1...1_000_000)
        _ = try numbers("--sizes", sizes)
    }

    func run() throws {
        let sizes = try numbers("--sizes", sizes)
        let most = onto + (sizes.max() ?? 0)
        let inputs = try arguments.inputs(generated: most, atLeast: most)
        var rows: [Row] = []
        for before in onto > 0 ? [0, onto] : [0] {
            for size in sizes { rows += try measure(inputs, before: before, size: size) }
        }
        let report = BenchReport(subject: arguments.subject(inputs), rows: rows)
        try report.print(
            json: arguments.json,
            columns: [
                ("onto", { "\($0.before)" }), ("vectors", { "\($0.inserted)" }), ("how", \.mode),
                ("vectors/s", { $0.vectorsPerSecond.text(0) }), ("x one by one", { $0.timesSequential.text(2) }),
                ("x 1 thread", { $0.timesOneThread.text(2) }), ("recall", { $0.recall.text(4) }),
            ])
    }

    private func measure(_ inputs: SearchInputs, before: Int, size: Int) throws -> [Row] {
        let probe = try arguments.makeProbe(inputs, count: before + size)
        // Rates of each round by mode.
        var rates: [[Double]] = []
        var recalls = [Double](repeating: 0, count: Mode.allCases.count)
        for _ in 0..<rounds {
            rates.append([])
            for (i, mode) in Mode.allCases.enumerated() {
                let index = try arguments.makeIndex(inputs)
                try index.insert(
                    contentsOf: inputs.base.span.extracting(inputs.valueRange(0..<before)),
                    keys: Array(inputs.keys[..<before]))
                let start = ContinuousClock.now
                try insert(before..<before + size, of: inputs, into: index, mode: mode)
                rates[rates.count - 1].append(Double(size) / (ContinuousClock.now - start).seconds)
                // The same calls make the same graph: one round tells.
                if rates.count == 1 { recalls[i] = try probe.recall(index) }
            }
        }
        return Mode.allCases.enumerated().map { i, mode in
            Row(
                before: before, inserted: size, mode: mode.name(threads: threads),
                vectorsPerSecond: median(rates.map { $0[i] }), timesSequential: median(rates.map { $0[i] / $0[0] }),
                timesOneThread: median(rates.map { $0[i] / $0[1] }), recall: recalls[i])
        }
    }

    private func insert(_ rows: Range<Int>, of inputs: SearchInputs, into index: HNSWIndex, mode: Mode) throws {
        switch mode {
        case .sequential:
            for row in rows {
                try index.insert(inputs.base.span.extracting(inputs.valueRange(row..<row + 1)), key: UInt64(row))
            }
        case .oneThread, .threads:
            try index.insert(
                contentsOf: inputs.base.span.extracting(inputs.valueRange(rows)), keys: rows.map(UInt64.init),
                threads: mode == .oneThread ? 1 : threads)
        }
    }
}
