// SPDX-License-Identifier: Apache-2.0

import HNSW

/// How a query is answered.
struct SearchPlan: Sendable {
    enum Way: Sendable, Hashable {
        /// By a search of the graph.
        case graph(SearchBudget)

        /// By comparing the codes of every vector that the filter admits, and the nearest of them by their vectors.
        case matches

        /// By comparing every vector that the filter admits.
        case everything
    }

    var way: Way

    /// Which vectors may be returned; nil for all.
    var filter: SlotFilter?
}

extension HNSWIndex {
    /// The plan of a search. Calibrates first if that is due.
    ///
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the index was opened from a damaged file.
    func plan(_ request: SearchRequest) throws(VectorIndexError) -> SearchPlan {
        try request.check()
        try snapshot.require(.search)
        let way: SearchPlan.Way =
            switch request.effort {
            case .automatic: way(k: request.k, candidates: options.efSearch)
            case .candidates(let count): way(k: request.k, candidates: count)
            case .recall(let recall): way(k: request.k, recall: recall)
            case .exact: .everything
            }
        guard let filter = request.filter else { return SearchPlan(way: way) }
        return plan(way, filter: filter)
    }

    private func way(k: Int, candidates: Int) -> SearchPlan.Way {
        .graph(SearchBudget(efSearch: max(candidates, min(k, max(count, 1)))))
    }

    private func way(k: Int, recall: Double) -> SearchPlan.Way {
        guard k > 0, recall < 1, count >= Self.calibrationMinimumCount else { return .everything }
        renewCalibration()
        guard let calibrated = readers.read(graph, { _, _ in state.value.calibrated }),
            let ef = calibrated.calibration.efSearch(forRecall: recall, k: k)
        else { return .everything }
        let limit = min(k, max(count, 1))
        let growth = Double(count) / Double(calibrated.calibration.vectorCount)
        let grown = growth > 1 ? Int((Double(ef) * growth).rounded(.up)) : ef
        let judge = calibrated.outlierRatio.map { SearchJudge(recall: recall, k: limit, outlierRatio: $0) }
        return .graph(SearchBudget(efSearch: max(grown, limit), judge: judge))
    }
}

// With a filter.
extension HNSWIndex {
    /// Distances that a search of the graph computes for each node that it expands, in distances of rows that are known beforehand.
    private static var distancesPerExpansion: Double { 20 }

    /// Chooses the cheaper way: to search the graph until as many admitted nodes are expanded as without a filter, or to compare all
    /// that the filter admits. A search of the graph gives up when it has cost as much as the other way.
    private func plan(_ way: SearchPlan.Way, filter: KeyFilter) -> SearchPlan {
        guard case .graph(var budget) = way else {
            return SearchPlan(way: way, filter: filter.slotFilter(for: storage, isExact: false))
        }
        let slots = filter.slotFilter(for: storage, isExact: false)
        let share = Double(max(slots.matchCount, 1)) / Double(max(count, 1))
        let cost = Double(budget.efSearch) / min(share, 1) * Self.distancesPerExpansion
        guard Double(slots.matchCount) > cost else {
            return SearchPlan(way: .matches, filter: filter.slotFilter(for: storage, isExact: true))
        }
        budget.distanceLimit = slots.matchCount
        return SearchPlan(way: .graph(budget), filter: slots)
    }
}
