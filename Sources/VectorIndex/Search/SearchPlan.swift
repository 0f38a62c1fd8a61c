// SPDX-License-Identifier: Apache-2.0

import HNSW

/// How a query is answered.
enum SearchPlan: Sendable, Hashable {
    /// By a search of the graph.
    case graph(SearchBudget)

    /// By comparing every vector.
    case everything
}

extension HNSWIndex {
    /// The plan of a search. Calibrates first if that is due.
    ///
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the index was opened from a damaged file.
    func plan(_ request: SearchRequest) throws(VectorIndexError) -> SearchPlan {
        try request.check()
        try snapshot.require(.search)
        switch request.effort {
        case .automatic: return plan(k: request.k, candidates: options.efSearch)
        case .candidates(let count): return plan(k: request.k, candidates: count)
        case .recall(let recall): return plan(k: request.k, recall: recall)
        case .exact: return .everything
        }
    }

    private func plan(k: Int, candidates: Int) -> SearchPlan {
        .graph(SearchBudget(efSearch: max(candidates, min(k, max(count, 1)))))
    }

    private func plan(k: Int, recall: Double) -> SearchPlan {
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
