// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Nearest

/// Queries with the distance of their k-th true neighbor: what an index is asked to say how good and how fast it is.
struct SearchProbe {
    let inputs: SearchInputs
    let k: Int
    let ef: Int

    /// The distance of each query's `k`-th true neighbor.
    private let truth: [Float]

    /// Finds the true neighbors among the first `count` stored vectors.
    init(_ inputs: SearchInputs, count: Int, metric: Metric, k: Int, ef: Int) throws {
        self.inputs = inputs
        self.k = min(k, count)
        self.ef = ef
        let exact = try ExactIndex(dimensions: inputs.dimensions, metric: metric)
        try exact.insert(
            contentsOf: inputs.base.span.extracting(0..<count * inputs.dimensions), keys: (0..<UInt64(count)).map { $0 }
        )
        truth = try exact.search(each: inputs.queries, k: self.k).map { $0.last?.distance ?? -.infinity }
    }

    /// The share of the true neighbors that the index finds.
    func recall(_ index: HNSWIndex) throws -> Double {
        let found = try index.search(each: inputs.queries, k: k, effort: .candidates(ef))
        return Recall.mean(of: found.map { $0.map(\.distance) }, kthTrueDistances: truth, k: k)
    }

    /// Queries a second, asked one by one on this thread.
    func queriesPerSecond(_ index: HNSWIndex) throws -> Double {
        let start = ContinuousClock.now
        for q in 0..<inputs.queryCount {
            _ = try index.search(inputs.queries.span.extracting(inputs.queryRange(q)), k: k, effort: .candidates(ef))
        }
        return Double(inputs.queryCount) / (ContinuousClock.now - start).seconds
    }
}
