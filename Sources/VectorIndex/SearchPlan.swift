// SPDX-License-Identifier: Apache-2.0

import HNSW

/// How a query is answered.
enum SearchPlan: Sendable, Hashable {
    /// By a search of the graph.
    case graph(SearchEffort)

    /// By comparing every vector.
    case everything
}

extension HNSWIndex {
    /// The plan of a search that keeps some candidates.
    ///
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the index was opened from a damaged file.
    func plan(k: Int, efSearch: Int?) throws(VectorIndexError) -> SearchPlan {
        let ef = efSearch ?? options.efSearch
        try VectorIndexError.check("k", k, in: IndexLimits.k)
        try VectorIndexError.check("efSearch", ef, in: HNSWOptions.efSearchRange)
        try snapshot.require(.search)
        return .graph(SearchEffort(efSearch: max(ef, min(k, max(count, 1)))))
    }

    /// The plan of a search for a recall. Calibrates first if that is due.
    ///
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the index was opened from a damaged file.
    func plan(k: Int, recall: Double) throws(VectorIndexError) -> SearchPlan {
        guard recall > 0, recall <= 1 else { throw .invalidRecall(recall) }
        try VectorIndexError.check("k", k, in: IndexLimits.k)
        try snapshot.require(.search)
        guard k > 0, recall < 1, count >= Self.calibrationMinimumCount else { return .everything }
        renewCalibration()
        guard let calibrated = readers.read(graph, { _, _ in state.value.calibrated }),
            let ef = calibrated.calibration.efSearch(forRecall: recall, k: k)
        else { return .everything }
        let limit = min(k, max(count, 1))
        let growth = Double(count) / Double(calibrated.calibration.vectorCount)
        let grown = growth > 1 ? Int((Double(ef) * growth).rounded(.up)) : ef
        let judge = calibrated.outlierRatio.map { SearchJudge(recall: recall, k: limit, outlierRatio: $0) }
        return .graph(SearchEffort(efSearch: max(grown, limit), judge: judge))
    }
}
