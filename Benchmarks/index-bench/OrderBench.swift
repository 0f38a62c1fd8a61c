// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest
import TestSupport
import VectorFiles

/// `index-bench order`: recall by the order in which vectors arrive.
struct OrderBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order",
        abstract:
            "Insert the same vectors shuffled, as they lie in the file, and sorted by cluster or group; compare recall.",
        discussion: "Clusters are found by k-means under the Euclidean distance.")

    @OptionGroup var arguments: BenchArguments

    @Option(help: ArgumentHelp("A group of each vector, int32; sorts by it too.", valueName: "G.npy"))
    var groups: String?

    @Option(help: "Vectors, where none are given by --base.")
    var generated = 50_000

    @Option(help: "Clusters of k-means.")
    var clusters = 100

    @Option(help: ArgumentHelp("Vectors of a call: a list; 0 is one call, 1 inserts one by one.", valueName: "N,N"))
    var calls = "0,1000"

    struct Row: Encodable {
        var order: String
        var callSize: Int
        var vectorsPerSecond: Double
        var recall: Double

        /// The recall minus that of the shuffled vectors inserted by calls of the same size.
        var differenceToShuffled: Double
    }

    mutating func validate() throws {
        try checkRange("--generated", generated, 1...Int.max)
        try checkRange("--clusters", clusters, 1...100_000)
        _ = try numbers("--calls", calls, from: 0)
    }

    func run() throws {
        let inputs = try arguments.inputs(generated: generated, atLeast: 1)
        let probe = try arguments.makeProbe(inputs, count: inputs.baseCount)
        let orders = try self.orders(inputs)
        var rows: [Row] = []
        for callSize in try numbers("--calls", calls, from: 0) {
            var shuffledRecall: Double?
            for (name, positions) in orders {
                let vectors = inputs.base.vectors(at: positions, dimensions: inputs.dimensions)
                let index = try arguments.makeIndex(inputs)
                let start = ContinuousClock.now
                try index.insert(vectors, callSize: callSize == 0 ? inputs.baseCount : callSize)
                let rate = Double(inputs.baseCount) / (ContinuousClock.now - start).seconds
                let recall = try probe.recall(index)
                let reference = shuffledRecall ?? recall
                shuffledRecall = reference
                rows.append(
                    Row(
                        order: name, callSize: callSize == 0 ? inputs.baseCount : callSize, vectorsPerSecond: rate,
                        recall: recall, differenceToShuffled: recall - reference))
            }
        }
        let report = BenchReport(
            subject: "\(arguments.subject(inputs)); \(inputs.baseCount) vectors", rows: rows)
        try report.print(
            json: arguments.json,
            columns: [
                ("order", \.order), ("calls of", { "\($0.callSize)" }), ("vectors/s", { $0.vectorsPerSecond.text(0) }),
                ("recall", { $0.recall.text(4) }), ("- shuffled", { $0.differenceToShuffled.text(4) }),
            ])
    }

    /// Positions of the vectors in each order, shuffled first.
    private func orders(_ inputs: SearchInputs) throws -> [(name: String, positions: [Int])] {
        var generator = SeededGenerator(seed: arguments.indexed.seed)
        let positions = Array(0..<inputs.baseCount)
        let means = try KMeans(inputs, clusters: clusters, rounds: 10, generator: &generator)
        var orders = [
            ("shuffled", positions.shuffled(using: &generator)), ("file", positions),
            ("k-means", positions.sorted { (means.clusters[$0], $0) < (means.clusters[$1], $1) }),
        ]
        if let groups {
            let file = try NumPyFile(path: groups, acceptsOneDimension: true)
            let numbers = try file.int32s()
            guard file.columns == 1, numbers.count >= inputs.baseCount else {
                throw CommandFailure(
                    "\(groups): \(file.rows) x \(file.columns) groups; wanted one for each of \(inputs.baseCount) vectors"
                )
            }
            orders.append(("groups", positions.sorted { (numbers[$0], $0) < (numbers[$1], $1) }))
        }
        return orders
    }
}
