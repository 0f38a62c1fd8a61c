// SPDX-License-Identifier: Apache-2.0

import HNSW

extension Calibration.Curve {
    /// The recalls that are tried.
    private static let wishes = [0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999]

    /// For each wish, the setting that fulfils it with the fewest distances, if one does.
    ///
    /// A wish is fulfilled on average over all queries and, as far as chance allows to tell, over each neighborhood.
    ///
    /// - Parameters:
    ///   - kIndex: which of ``CalibrationStages/ks``.
    ///   - outlierRatio: see ``SearchJudge/outlierRatio``.
    ///   - vectorCount: the vectors that were searched.
    ///   - growth: the number of vectors at the end of the batch, divided by the number that was searched. A search that must pass
    ///     a cluster needs as many candidates as the cluster has vectors, so candidates grow with them.
    init(_ queries: [AskedQuery], kIndex: Int, outlierRatio: Float, vectorCount: Int, growth: Double) {
        let k = CalibrationStages.ks[kIndex]
        self.init(k: k, queryCount: queries.count { $0.isRandom }, points: [])
        guard !queries.isEmpty else { return }
        let judged = queries.map { JudgedStages($0, kIndex: kIndex) }
        let stages = CalibrationStages.expansions
        // Beyond one doubling more than any search was measured with, stages say nothing new.
        let end = min(stages.count, (queries.map(\.stages.count).max() ?? 0) + CalibrationStages.perDoubling)
        var first = CalibrationStages.perDoubling
        while first < end, stages[first] < k { first += 1 }
        for wish in Self.wishes {
            let judge = SearchJudge(recall: wish, k: k, outlierRatio: outlierRatio)
            func summary(_ first: Int) -> Summary {
                let budget = SearchBudget(efSearch: stages[first], judge: judge)
                let outcomes = judged.map {
                    $0.outcome(from: first, budget: budget, judge: judge, vectorCount: vectorCount)
                }
                return Summary(queries, outcomes, k: k)
            }
            var best: (first: Int, summary: Summary)?
            while first < end {
                let summary = summary(first)
                if summary.fulfils(wish) {
                    best = (first, summary)
                    break
                }
                first += 1
            }
            guard let least = best else { return }
            // To begin with about 1.4 times or twice as many may be cheaper than to double.
            for next in [first + CalibrationStages.perDoubling / 2, first + CalibrationStages.perDoubling]
            where next < end {
                let summary = summary(next)
                if summary.distancesPerQuery < best?.summary.distancesPerQuery ?? 0, summary.fulfils(wish) {
                    best = (next, summary)
                }
            }
            let chosen = best ?? least
            first = chosen.first
            let efSearch = Int((Double(stages[first]) * growth).rounded(.up))
            if points.last?.efSearch == efSearch { points.removeLast() }
            points.append(
                Calibration.Point(
                    efSearch: efSearch, recall: wish, standardError: chosen.summary.standardError,
                    distancesPerQuery: chosen.summary.distancesPerQuery))
        }
    }
}

/// The recall of some searches, over all queries and over each neighborhood.
private struct Summary {
    var recall: Double
    var standardError: Double
    var distancesPerQuery: Double

    /// For each group with enough queries: their mean recall, and its standard error.
    var groups: [(recall: Double, standardError: Double)] = []

    /// Fewer queries say nothing about a neighborhood.
    private static var leastQueries: Int { 8 }

    init(_ queries: [AskedQuery], _ outcomes: [(hits: Int, cost: Int)], k: Int) {
        var all = Moments()
        var byGroup: [Moments] = []
        var distances = 0
        for (query, outcome) in zip(queries, outcomes) {
            let share = Double(outcome.hits) / Double(k)
            if query.isRandom {
                all.add(share)
                distances += outcome.cost
            }
            for group in query.groups {
                while byGroup.count <= group { byGroup.append(Moments()) }
                byGroup[group].add(share)
            }
        }
        (recall, standardError) = all.mean(k: k)
        distancesPerQuery = Double(distances) / max(Double(all.count), 1)
        groups = byGroup.filter { $0.count >= Self.leastQueries }.map { $0.mean(k: k) }
    }

    /// Whether a wished recall is reached. 19 of 20 samples of queries must reach a hundredth less. Every neighborhood must reach
    /// two hundredths less, within two standard errors.
    func fulfils(_ wish: Double) -> Bool {
        recall >= wish && recall - 1.65 * standardError >= wish - 0.01
            && groups.allSatisfy { $0.recall + 2 * $0.standardError >= wish - 0.02 }
    }
}

/// Sums of shares.
private struct Moments {
    var count = 0
    var sum = 0.0
    var squares = 0.0

    mutating func add(_ share: Double) {
        count += 1
        sum += share
        squares += share * share
    }

    /// The mean and its standard error.
    func mean(k: Int) -> (recall: Double, standardError: Double) {
        guard count > 0 else { return (0, 1) }
        let n = Double(count)
        let mean = sum / n
        let variance = max(0, squares - n * mean * mean) / max(n - 1, 1)
        // A sample that misses nothing proves no certainty: count one more query that found all, and one more that found nothing.
        let careful = (sum + 1) / (n + 2)
        let leastError = (careful * (1 - careful) / (n * Double(k))).squareRoot()
        return (mean, max((variance / n).squareRoot(), leastError))
    }
}
