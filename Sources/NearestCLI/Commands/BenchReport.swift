// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Foundation
import Nearest

/// What `nearest bench` finds. The properties are the keys of its JSON.
struct BenchReport: Encodable {
    /// How the index was made.
    struct Build: Encodable {
        var seconds: Double
        var threads: Int
        var vectorsPerSecond: Double

        /// The table's word for what was done: built or opened.
        var verb: String

        private enum CodingKeys: CodingKey {
            case seconds, threads, vectorsPerSecond
        }

        init(seconds: Double, threads: Int, count: Int, verb: String) {
            self.seconds = seconds
            self.threads = threads
            vectorsPerSecond = seconds > 0 ? Double(count) / seconds : 0
            self.verb = verb
        }
    }

    struct Memory: Encodable {
        var bytesPerVector: Int
        var peakResidentBytes: Int
    }

    /// The medians of one setting of ef over the rounds.
    struct Point: Encodable {
        var ef: Int

        /// Nil without ground truth. The key is then absent.
        var recall: Double?
        var qps: Double
        var p50Microseconds: Double
        var p99Microseconds: Double
        var distancesPerQuery: Double
    }

    var count: Int
    var dimensions: Int
    var metric: String
    var codes: String

    /// What vectors are stored as.
    var rows: String
    var instructionSet: String
    var build: Build
    var memory: Memory
    var points: [Point]

    func table() -> String {
        var lines = [
            "\(count) vectors x \(dimensions), \(metric), rows \(rows), codes \(codes), \(instructionSet)",
            String(
                format: "\(build.verb) in %.\(build.seconds < 1 ? 4 : 1)f s on %ld thread%@ (%.0f vectors/s), "
                    + "%ld bytes a vector, peak %ld MB",
                build.seconds, build.threads, build.threads == 1 ? "" : "s", build.vectorsPerSecond,
                memory.bytesPerVector,
                memory.peakResidentBytes / 1_000_000),
            "    ef  recall  queries/s  p50 us  p99 us  distances/query",
        ]
        for point in points {
            let recall = point.recall.map { String(format: "%.4f", $0) } ?? "-"
            let padded = String(repeating: " ", count: max(0, 8 - recall.count)) + recall
            lines.append(
                String(
                    format: "%6ld%@%11.0f%8.0f%8.0f%17.0f", point.ef, padded, point.qps, point.p50Microseconds,
                    point.p99Microseconds, point.distancesPerQuery))
        }
        return lines.joined(separator: "\n")
    }
}

extension BenchReport.Point {
    /// - Parameters:
    ///   - truth: the distance of each query's k-th true neighbor.
    ///   - distances: of the results of each query.
    init(ef: Int, measurements: [SearchBench.Measurement], truth: [Float]?, distances: [[Float]], k: Int) {
        self.ef = ef
        recall = truth.map {
            Recall.mean(of: distances, kthTrueDistances: $0, k: k)
        }
        qps = median(measurements.map(\.queriesPerSecond))
        p50Microseconds = median(measurements.map { percentile($0.latencies, 0.50).seconds * 1e6 })
        p99Microseconds = median(measurements.map { percentile($0.latencies, 0.99).seconds * 1e6 })
        distancesPerQuery = Double(measurements[0].distanceCount) / Double(max(measurements[0].results.count, 1))
    }
}
