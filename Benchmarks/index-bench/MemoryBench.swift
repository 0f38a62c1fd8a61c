// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest
import TestSupport

/// `index-bench memory`: results that share their vectors beside results that copy them.
struct MemoryBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract:
            "Count the bytes that results with vectors allocate: vectors shared with the index, and copies of them.")

    @Option(help: ArgumentHelp("Results and dimensions: a list.", valueName: "NxD,NxD"))
    var results = "1000x512,10000x1536"

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    struct Row: Encodable {
        var call: String
        var results: Int
        var dimensions: Int
        var bytesWithoutVectors: Int
        var bytesSharing: Int
        var bytesCopying: Int

        /// Of the bytes that vectors take beside the results without them, those that sharing does not take.
        var saved: Double {
            1 - Double(bytesSharing - bytesWithoutVectors) / Double(max(bytesCopying - bytesWithoutVectors, 1))
        }
    }

    mutating func validate() throws { _ = try settings() }

    func run() throws {
        guard AllocationCounter.works else {
            throw CommandFailure(
                "allocations are counted on Linux with the GNU C library, without a sanitizer; not here")
        }
        var rows: [Row] = []
        for (count, dimensions) in try settings() { rows += try measure(count: count, dimensions: dimensions) }
        let report = BenchReport(subject: "bytes allocated by one call for all vectors of a database", rows: rows)
        try report.print(
            json: json,
            columns: [
                ("call", \.call), ("results", { "\($0.results)" }), ("dimensions", { "\($0.dimensions)" }),
                ("without vectors", { "\($0.bytesWithoutVectors)" }), ("sharing", { "\($0.bytesSharing)" }),
                ("copying", { "\($0.bytesCopying)" }), ("saved for vectors", { "\((100 * $0.saved).text(2)) %" }),
            ])
    }

    private func settings() throws -> [(count: Int, dimensions: Int)] {
        try results.split(separator: ",", omittingEmptySubsequences: false).map { setting in
            let parts = setting.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
            guard parts.count == 2, parts.allSatisfy({ $0 > 0 }) else {
                throw ValidationError("--results is '\(results)'; it must be as 1000x512, with commas between")
            }
            return (parts[0], parts[1])
        }
    }

    private func measure(count: Int, dimensions: Int) throws -> [Row] {
        var generator = SeededGenerator(seed: 1)
        let values = generator.vectors(count: count, dimensions: dimensions)
        let query = generator.vector(dimensions: dimensions)
        // What is allocated does not depend on how good the graph is.
        let options = HNSWOptions(efConstruction: 32)
        return [
            try searches(of: values, dimensions: dimensions, query: query, options: options),
            try lookups(of: values, dimensions: dimensions, options: options),
        ]
    }

    /// `VectorDatabase.search`, which finds every entry.
    private func searches(of values: [Float], dimensions: Int, query: [Float], options: HNSWOptions) throws -> Row {
        let count = values.count / dimensions
        let database = try VectorDatabase(dimensions: dimensions, metric: .squaredEuclidean, options: options)
        try database.insert(
            contentsOf: (0..<count).map { i in
                VectorEntry(id: "\(i)", vector: Array(values[i * dimensions..<(i + 1) * dimensions]))
            })
        // The first search makes scratch memory, which later ones use again.
        var found = try database.search(query, k: count).count
        let without = try AllocationCounter.bytes { found = min(found, try database.search(query, k: count).count) }
        let sharing = try AllocationCounter.bytes {
            found = min(found, try database.search(query, k: count, including: .vectors).count)
        }
        let copying = try AllocationCounter.bytes {
            let results = try database.search(query, k: count, including: .vectors)
            let copies = results.map { $0.vector.map { Array($0) } }
            found = min(found, copies.count)
        }
        return Row(
            call: "search(including: .vectors)", results: found, dimensions: dimensions, bytesWithoutVectors: without,
            bytesSharing: sharing, bytesCopying: copying)
    }

    /// `HNSWIndex.vector(for:)` of every key.
    private func lookups(of values: [Float], dimensions: Int, options: HNSWOptions) throws -> Row {
        let count = values.count / dimensions
        let index = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean, options: options)
        let keys = (0..<UInt64(count)).map { $0 }
        try index.insert(contentsOf: values, keys: keys)
        var found = count
        let sharing = try AllocationCounter.bytes {
            let vectors = try keys.map { try index.vector(for: $0) }
            found = min(found, vectors.count)
        }
        let copying = try AllocationCounter.bytes {
            let vectors = try keys.map { try index.vector(for: $0).map { Array($0) } }
            found = min(found, vectors.count)
        }
        return Row(
            call: "vector(for:)", results: found, dimensions: dimensions, bytesWithoutVectors: 0, bytesSharing: sharing,
            bytesCopying: copying)
    }
}
