// SPDX-License-Identifier: Apache-2.0

/// How a search was answered (``HNSWIndex/explain(_:request:)``).
public struct SearchExplanation: Sendable {
    /// How a search finds the nearest vectors.
    public enum Plan: String, Sendable, Codable, CaseIterable {
        /// It follows the edges of the graph from node to node.
        case graph

        /// It compares the codes of every vector that the filter admits, and then the nearest of these by their vectors.
        case matches

        /// It compares every vector that may be returned.
        case everything
    }

    /// What was found, nearest first.
    public internal(set) var neighbors: [Neighbor] = []

    /// The plan that was chosen.
    public let plan: Plan

    /// Vectors that the filter admitted when it was prepared; nil without a filter.
    public let matches: Int?

    /// Candidates that a search of the graph begins with; nil under the other plans.
    public let candidates: Int?

    /// Whether a search of the graph ended because comparing all vectors that may be returned was cheaper, and these were
    /// compared.
    public internal(set) var gaveUp = false

    /// Vectors and codes that were compared with the query.
    public internal(set) var distances = 0

    /// Hops of a search of the graph: times that the neighbors of some candidates were compared at once.
    public internal(set) var hops = 0

    /// Time to choose the plan: to prepare the filter and to calibrate, where these were due.
    public internal(set) var preparation = Duration.zero

    /// Time of the search itself.
    public internal(set) var duration = Duration.zero

    init(_ plan: SearchPlan) {
        matches = plan.filter?.matchCount
        switch plan.way {
        case .graph(let budget): (self.plan, candidates) = (.graph, budget.efSearch)
        case .matches: (self.plan, candidates) = (.matches, nil)
        case .everything: (self.plan, candidates) = (.everything, nil)
        }
    }
}
