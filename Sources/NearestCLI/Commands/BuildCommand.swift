// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest
import VectorFiles

/// `nearest build`: builds an index and saves it.
struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build an index of a file of vectors and save it.",
        discussion: """
            Vectors are read from \(VectorTable.formats) files. Their keys are their row numbers, from 0 on. A file \
            at --out is replaced once all of the new one is on the disk.
            """)

    @Option(help: ArgumentHelp("Vectors to index.", valueName: "B"))
    var base: String

    @Option(help: ArgumentHelp("Where to save the index.", valueName: "FILE.nearest"))
    var out: String

    @OptionGroup var indexed: IndexArguments

    @Option(help: "What vectors are compared by: none (the vectors themselves), int8, int4, or auto.")
    var codes = CodesOption.auto

    @Option(parsing: .unconditional, help: "Threads that build. The graph does not depend on their number.")
    var buildThreads = Processors.count

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    struct Report: Encodable {
        var count: Int
        var dimensions: Int
        var metric: String

        /// The codes in use.
        var codes: String

        /// What vectors are stored as.
        var rows: String
        var buildSeconds: Double
        var saveSeconds: Double

        /// The length of the file.
        var bytes: Int
    }

    mutating func validate() throws {
        try checkOutputs([("--out", out)], inputs: [base])
        try checkRange("--build-threads", buildThreads, IndexLimits.threads)
        guard !indexed.compact || codes != .none else {
            throw ValidationError("--codes-only keeps codes only: give --codes int8, int4 or auto")
        }
    }

    func run() throws {
        let report = try build()
        if json {
            try Output.printJSON(report)
        } else {
            try Output.print(
                "\(report.count) vectors x \(report.dimensions), \(report.metric), rows \(report.rows), codes \(report.codes): "
                    + String(
                        format: "built in %.1f s, saved in %.1f s, %ld bytes", report.buildSeconds, report.saveSeconds,
                        report.bytes))
        }
    }

    /// Builds and saves.
    func build() throws -> Report {
        let file = IndexFile(path: out)
        try file.checkFolder()
        let inputs = try SearchInputs(base: base, limit: indexed.limit)
        let start = ContinuousClock.now
        let index = try indexed.build(inputs, of: base, codes: codes, threads: buildThreads)
        let built = ContinuousClock.now
        let bytes = try file.save(index)
        return Report(
            count: index.count, dimensions: index.dimensions, metric: indexed.metric.rawValue,
            codes: CodesOption(index.codesInUse).rawValue, rows: RowsOption(index.options.rows).rawValue,
            buildSeconds: (built - start).seconds,
            saveSeconds: (ContinuousClock.now - built).seconds, bytes: bytes)
    }
}
