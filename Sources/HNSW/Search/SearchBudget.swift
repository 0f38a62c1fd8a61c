// SPDX-License-Identifier: Apache-2.0

/// How long a search goes on: it keeps `efSearch` candidates, and with a judge it doubles them while its results still change.
package struct SearchBudget: Sendable, Hashable {
    /// Candidates to expand, the paper's `ef`.
    package var efSearch: Int

    /// What decides whether more are expanded; nil expands no more.
    package var judge: SearchJudge?

    /// Nodes to keep at least, whether they are expanded or not.
    private var keptCount = 0

    package init(efSearch: Int, judge: SearchJudge? = nil) {
        self.efSearch = efSearch
        self.judge = judge
    }

    /// The same budget, which keeps more nodes than it expands if these are fewer.
    package func keeping(_ count: Int) -> SearchBudget {
        var budget = self
        budget.keptCount = count
        return budget
    }

    /// Keys that the pool keeps while `expansions` candidates are expanded. A judged search keeps twice as many while that is cheap,
    /// so that most doublings go on from what was found; the lists that are compared must fit.
    package func poolLimit(expansions: Int) -> Int {
        guard let judge else { return max(expansions, keptCount) }
        let limit = expansions <= Self.cheapPool ? 2 * expansions : expansions
        return max(limit, judge.nearestCount, judge.outlierNearestCount, keptCount)
    }

    /// A pool of more keys costs more to keep sorted than beginning the search anew, which few searches do.
    private static var cheapPool: Int { 128 }
}

/// Decides at each doubling of the candidates whether a search may end.
///
/// The nearest that half of the candidates led to are compared with those that all of them led to. The late ones among these, which
/// the second half brought, foretell what the next doubling would bring. Queries that lie farther from their nearest result than
/// that lies from its neighbors (outliers: queries of another kind than the vectors, and searches that ended in the wrong place) are
/// held to a longer list and to fewer late ones.
///
/// Patience (Teofili and Lin, "Patience in Proximity", 2025) ends a search whose results are stable; DARTH (Chatzakis and others,
/// 2025) predicts the recall of a running search from such signs. Here the sign only prolongs a search whose `efSearch` is measured
/// with the judge at work.
package struct SearchJudge: Sendable, Hashable {
    /// Nearest nodes that are compared, and how many of them may be late.
    package var nearestCount: Int
    package var maximumLate: Int

    /// The same of outliers.
    package var outlierNearestCount: Int
    package var outlierMaximumLate: Int

    /// The distance to the nearest result in medians of that one's distances to its neighbors from which on a query is an outlier.
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

    /// Whether a search may end that found so many late ones among the nearest of either list after some doublings.
    package func isContent(late: Int, outlierLate: Int, ratio: Float, doublings: Int) -> Bool {
        ratio > outlierRatio
            ? outlierLate <= outlierMaximumLate : late <= maximumLate || doublings >= Self.maximumDoublings
    }

    /// Doublings after which a search that is no outlier ends in any case: a few members of the data never settle, and what the
    /// others miss by that is measured with the rest.
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

    /// How often the candidates were doubled.
    var doublings = 0

    /// Whether ``nearest`` is of half as many expansions.
    var hasHalf = false

    /// The node whose neighborhood was measured, and ``SearchJudge/outlierRatio`` of the query there.
    var measured: (node: Node, ratio: Float)?
}
