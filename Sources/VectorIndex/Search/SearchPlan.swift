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

    /// The largest distance of a result; nil for any.
    var radius: Float?

    /// For a first search of the graph within a radius, which finds out whether there are more than a few. nil if it would cost
    /// as much as the second.
    var fewBudget: SearchBudget?
}

extension HNSWIndex {
    /// The plan of a search. Calibrates first if that is due.
    ///
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the index was opened from a damaged file.
    func plan(_ request: SearchRequest) throws(VectorIndexError) -> SearchPlan {
        try request.check()
        try snapshot.require(.search)
        guard let radius = request.within else { return plan(request, k: request.reach) }
        // A search for few decides whether there are many.
        let few = self.plan(request, k: min(request.reach, Self.fewWithin))
        var plan = self.plan(request, k: min(request.reach, Self.manyWithin))
        if case .graph(let fewBudget) = few.way, case .graph(var budget) = plan.way {
            if fewBudget.efSearch != budget.efSearch { plan.fewBudget = fewBudget }
            if case .recall = request.effort {
                budget.expectedCount = Self.manyWithin
            } else {
                budget.expectedCount = budget.efSearch / 2
            }
            // Comparing all takes no longer.
            budget.distanceLimit = min(budget.distanceLimit, count)
            plan.way = .graph(budget)
        }
        // Cosine distances end at 2, and are computed with an error.
        plan.radius = metric == .cosine && radius >= 2 ? .infinity : radius
        return plan
    }

    /// Results of the first search within a radius.
    static var fewWithin: Int { 10 }

    /// Results for which the second begins, which goes on as long as it finds more.
    private static var manyWithin: Int { 100 }

    private func plan(_ request: SearchRequest, k: Int) -> SearchPlan {
        let way: SearchPlan.Way =
            switch request.effort {
            case .automatic: way(k: k, candidates: options.efSearch)
            case .candidates(let count): way(k: k, candidates: count)
            case .recall(let recall): way(k: k, recall: recall)
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
    /// What a search of the graph spends on each candidate, in distances of rows that are known beforehand: some 18 distances, of
    /// rows that must be waited for.
    private static var costPerCandidate: Int { 40 }

    /// Chooses the cheaper way: to search the graph until as many admitted nodes are expanded as without a filter, or to compare all
    /// that the filter admits. A search of the graph gives up when it has cost as much as the other way.
    private func plan(_ way: SearchPlan.Way, filter: KeyFilter) -> SearchPlan {
        guard case .graph(var budget) = way else {
            return SearchPlan(way: way, filter: filter.slotFilter(for: storage, isExact: false))
        }
        let slots = filter.slotFilter(for: storage, isExact: false)
        let share = min(1, Float(slots.matchCount) / Float(max(count, 1)))
        // A judge compares lists of admitted nodes. Half of the candidates must lead to as many.
        if budget.judge != nil { budget.efSearch = Int(Float(budget.efSearch) * (1.5 - share / 2)) }
        let candidates = SearchBudget.candidates(
            budget.efSearch, keysPerResult: 1 / max(share, 1e-6))
        guard slots.matchCount > candidates * Self.costPerCandidate else {
            return SearchPlan(way: .matches, filter: filter.slotFilter(for: storage, isExact: true))
        }
        budget.distanceLimit = slots.matchCount / 2
        return SearchPlan(way: .graph(budget), filter: slots)
    }
}
