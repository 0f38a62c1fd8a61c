// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest

/// `index-bench load`: how long it takes to have an index again, by its size.
struct LoadBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Have an index again: by looking up and inserting every vector, by reading its file, by mapping it.",
        discussion: """
            Five ways, each in a process of its own: scan (each id is looked for in a list: quadratic), reinsert (found in a \
            dictionary; all are inserted on every core), read (the file is copied to memory), map, verify (mapped, every checksum \
            and number verified). A scan that would take longer than --limit-seconds is measured for so long and extrapolated; the \
            time to insert, that of reinsert, is added. Files are in the page cache. The last column is the exponent e of \
            time = c * count^e, fitted by least squares of the logarithms.
            """)

    @Option(help: ArgumentHelp("Vectors: a list.", valueName: "N,N"))
    var counts = "1000,10000,100000,1000000"

    @Option(help: "Dimensions of the vectors, which are generated in 200 clusters.")
    var dimensions = 128

    @Option(help: "Seeds the vectors.")
    var seed: UInt64 = 42

    @Option(help: "Seconds after which a scan is extrapolated.")
    var limitSeconds = 10.0

    @Option(help: "Times that a file is opened; the median is given.")
    var rounds = 5

    @Option(help: ArgumentHelp("Where the indexes are saved, and left.", valueName: "DIR"))
    var folder = ".build/load"

    @Option(help: ArgumentHelp("Write the times as a picture.", valueName: "FILE.svg"))
    var plot: String?

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    struct Row: Encodable {
        var way: LoadWay
        var count: Int
        var openMilliseconds: Double

        /// To the first answer.
        var answerMilliseconds: Double

        /// The share of the lookups of a scan that was measured.
        var measuredShare: Double
        var peakBytes: Int
        var fileBytes: Int?

        /// Of all rows of this way.
        var exponent: Double?
    }

    mutating func validate() throws {
        _ = try numbers("--counts", counts)
        try checkRange("--dimensions", dimensions, IndexLimits.dimensions)
        try checkRange("--rounds", rounds, 1...1000)
        guard limitSeconds > 0, limitSeconds < 1e6 else { throw ValidationError("--limit-seconds is \(limitSeconds)") }
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var rows: [Row] = []
        for count in try numbers("--counts", counts) {
            // In this order: it saves the file that the others open, and the scan is measured without its insertion.
            let inserted = try measure(.reinsert, count: count)
            var scanned = try measure(.scan, count: count)
            scanned.openMilliseconds += inserted.openMilliseconds
            scanned.answerMilliseconds += inserted.answerMilliseconds
            rows += [scanned, inserted]
            for way in [LoadWay.read, .map, .verify] { rows.append(try measure(way, count: count)) }
        }
        for i in rows.indices { rows[i].exponent = exponent(rows.filter { $0.way == rows[i].way }) }
        if let plot { try write(picture(rows).svg(), to: plot) }
        let report = BenchReport(
            subject:
                "\(dimensions) dimensions, squared Euclidean, codes as the index chooses; peak memory of each process",
            rows: rows)
        try report.print(
            json: json,
            columns: [
                ("way", \.way.rawValue), ("vectors", { "\($0.count)" }), ("open ms", { $0.openMilliseconds.text(2) }),
                ("first answer ms", { $0.answerMilliseconds.text(2) }),
                ("measured", { $0.measuredShare < 1 ? ($0.measuredShare * 100).text(2) + " %" : "all" }),
                ("peak MB", { (Double($0.peakBytes) / 1e6).text(0) }),
                ("GB/s", { row in row.fileBytes.map { (Double($0) / 1e6 / row.openMilliseconds).text(1) } ?? "-" }),
                ("exponent", { $0.exponent?.text(2) ?? "-" }),
            ])
    }

    /// Runs this program again for one measurement.
    private func measure(_ way: LoadWay, count: Int) throws -> Row {
        let file = "\(folder)/\(count)x\(dimensions).nearest"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "load-once", "--way", way.rawValue, "--count", "\(count)", "--dimensions", "\(dimensions)", "--seed",
            "\(seed)",
            "--file", file, "--limit-seconds", "\(limitSeconds)", "--rounds", "\(rounds)",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CommandFailure("\(way.rawValue) of \(count) vectors failed") }
        let found = try JSONDecoder().decode(LoadOnce.Measurement.self, from: data)
        let opensFile = way != .scan && way != .reinsert
        let attributes = opensFile ? try FileManager.default.attributesOfItem(atPath: file) : [:]
        return Row(
            way: way, count: count, openMilliseconds: found.openSeconds * 1e3,
            answerMilliseconds: found.answerSeconds * 1e3, measuredShare: found.measuredShare,
            peakBytes: found.peakBytes, fileBytes: attributes[.size] as? Int)
    }

    /// The slope of the line through the logarithms; nil for one size.
    private func exponent(_ rows: [Row]) -> Double? {
        let points = rows.map { (x: log(Double($0.count)), y: log($0.answerMilliseconds)) }
        let n = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / n
        let meanY = points.reduce(0) { $0 + $1.y } / n
        let spread = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard spread > 0 else { return nil }
        return points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread
    }

    private func picture(_ rows: [Row]) -> LogLogPlot {
        LogLogPlot(
            title: "vectors; milliseconds to the first answer",
            xTicks: [1e3, 1e4, 1e5, 1e6, 1e7].map { .init($0, "\(Int($0))") },
            yTicks: [0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].map { .init($0, "\($0)") },
            series: LoadWay.allCases.map { way in
                LogLogPlot.Series(
                    way.rawValue,
                    points: rows.filter { $0.way == way }.map { (Double($0.count), $0.answerMilliseconds) })
            })
    }

    private func write(_ text: String, to path: String) throws(CommandFailure) {
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw CommandFailure("\(path): cannot be written: \(error.localizedDescription)")
        }
    }
}
