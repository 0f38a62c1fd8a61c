// SPDX-License-Identifier: Apache-2.0

/// How long a search goes on: it keeps `efSearch` candidates, and with a judge it doubles them while its results still change.
package struct SearchBudget: Sendable, Hashable {
    /// Candidates to expand, the paper's `ef`.
    package var efSearch: Int

    /// Decides whether more are expanded; nil if no more are.
    package var judge: SearchJudge?

    /// Distances after which the search gives up: comparing all vectors that may be returned is cheaper.
    package var distanceLimit = Int.max

    /// Nodes to keep at least, whether they are expanded or not.
    private var keptCount = 0

    package init(efSearch: Int, judge: SearchJudge? = nil) {
        self.efSearch = efSearch
        self.judge = judge
    }

    /// The same budget, which keeps at least `count` nodes.
    package func keeping(_ count: Int) -> SearchBudget {
        var budget = self
        budget.keptCount = count
        return budget
    }

    /// Candidates that a search expands where a share of the nodes is admitted: as many in all as find the nearest of them at the
    /// recall that `count` have without a filter. Where few are admitted, the `n` nearest results are what a search without a
    /// filter would find as the `n / share` nearest, and to find so many takes fewer candidates for each
    /// (Benchmarks/EXPERIMENTS.md).
    package static func candidates(_ count: Int, keysPerResult: Float) -> Int {
        Int(Float(count) * 0.25 * (3 + keysPerResult))
    }

    /// In a search for all vectors within a distance: nodes within it that ``efSearch`` suffices for.
    package var expectedCount = 0

    /// Candidates that a search for all vectors within a distance expands, if `count` suffice for `expected` nodes within it, and
    /// there are `nearCount`. As a search for as many nearest takes at equal recall (Benchmarks/EXPERIMENTS.md).
    package static func candidates(_ count: Int, nearCount: Int, expected: Int) -> Int {
        let more = max(0, nearCount - expected)
        return count + more + more / 2
    }

    /// Results that the pool keeps at least: those that are wanted, and those that the judge compares.
    var leastKept: Int { max(keptCount, judge?.nearestCount ?? 0, judge?.outlierNearestCount ?? 0) }

    /// Keys that the pool keeps while `expansions` candidates are expanded. A judged search keeps twice as many while that is
    /// cheap, so that most doublings go on from what was found. The lists that the judge compares always fit.
    package func poolLimit(expansions: Int) -> Int {
        guard judge != nil else { return max(expansions, keptCount) }
        return max(expansions <= Self.cheapPool ? 2 * expansions : expansions, leastKept)
    }

    /// To keep more keys sorted costs more than to begin the search anew, which few searches do.
    private static var cheapPool: Int { 128 }
}

/// Decides at each doubling of the candidates whether a search may end.
///
/// The judge compares the nearest nodes after half of the candidates with those after all of them. The late ones came with the
/// second half. They foretell what the next doubling would bring.
///
/// A query is an outlier if it lies much farther from its nearest result than that lies from its neighbors. It is of another kind
/// than the vectors, or its search ended in the wrong region. The judge compares a longer list for outliers, and accepts fewer late
/// ones.
///
/// Patience (Teofili and Lin, "Patience in Proximity", 2025) ends a search whose results are stable. DARTH (Chatzakis and others,
/// 2025) predicts the recall of a running search from such signs. Here the sign only prolongs a search. Its `efSearch` was measured
/// with the judge at work.
package struct SearchJudge: Sendable, Hashable {
    /// Nearest nodes that are compared, and how many of them may be late.
    package var nearestCount: Int
    package var maximumLate: Int

    /// The same for outliers.
    package var outlierNearestCount: Int
    package var outlierMaximumLate: Int

    /// A query is an outlier above this ratio: the distance to its nearest result, divided by the median distance from that result
    /// to its neighbors.
    package var outlierRatio: Float

    package init(
        nearestCount: Int, maximumLate: Int, outlierNearestCount: Int, outlierMaximumLate: Int, outlierRatio: Float
    ) {
        self.nearestCount = nearestCount
        self.maximumLate = maximumLate
        self.outlierNearestCount = outlierNearestCount
        self.outlierMaximumLate = outlierMaximumLate
        self.outlierRatio = outlierRatio
    }

    /// Whether a search may end after `doublings` doublings, with this many late ones in the usual list and in that of outliers.
    package func isContent(late: Int, outlierLate: Int, ratio: Float, doublings: Int) -> Bool {
        ratio > outlierRatio
            ? outlierLate <= outlierMaximumLate : late <= maximumLate || doublings >= Self.maximumDoublings
    }

    /// A search that is no outlier always ends after this many doublings, because a few members of the data never settle.
    /// Calibration measures what this makes the others miss.
    private static var maximumDoublings: Int { 3 }
}

/// What a judged search knows of its last stage.
struct JudgedSearch {
    var budget = SearchBudget(efSearch: 1)

    /// Where level 0 was entered.
    var entryPoint = Node(rawValue: 0)

    /// Candidates that are expanded at this stage.
    var expansions = 0

    /// The nearest of the last stage, in order; empty before the first.
    var nearest: [NodeKey] = []

    /// How many times the candidates were doubled.
    var doublings = 0

    /// Whether ``nearest`` was found by half of the expansions.
    var hasHalf = false

    /// The node whose neighborhood was measured, and ``SearchJudge/outlierRatio`` of the query there.
    var measured: (node: Node, ratio: Float)?
}
