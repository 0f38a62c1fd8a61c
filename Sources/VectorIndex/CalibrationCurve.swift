// SPDX-License-Identifier: Apache-2.0

import HNSW

extension Calibration.Curve {
    /// Recalls that are tried.
    private static let wishes = [
        0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.875, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999,
    ]

    /// The settings from the least candidates on, until one reaches the highest recall.
    ///
    /// A point's recall is the highest wish that it and all lower ones fulfil: in the mean over all queries, and in the mean over
    /// every neighborhood as far as chance allows to tell.
    ///
    /// - Parameters:
    ///   - kIndex: which of ``CalibrationStages/ks``.
    ///   - outlierRatio: see ``SearchJudge/outlierRatio``.
    ///   - vectorCount: the vectors that were searched.
    ///   - growth: the vectors there are by the end of the batch, in those that were searched. A search that must pass a cluster
    ///     needs as many candidates as that has vectors, so candidates grow with them.
    init(_ queries: [AskedQuery], kIndex: Int, outlierRatio: Float, vectorCount: Int, growth: Double) {
        let k = CalibrationStages.ks[kIndex]
        self.init(k: k, queryCount: queries.count { $0.isRandom }, points: [])
        var fulfilled = 0;
        for first in CalibrationStages.perDoubling..<CalibrationStages.expansions.count {
            let expansions = CalibrationStages.expansions[first]
            if expansions < k { continue }
            if queries.allSatisfy({ first >= $0.stages.count && !$0.isComplete }) { break }
            var best: Summary?
            for wish in fulfilled..<Self.wishes.count {
                let judge = SearchJudge(recall: Self.wishes[wish], k: k, outlierRatio: outlierRatio)
                let effort = SearchEffort(efSearch: expansions, judge: judge)
                let outcomes = queries.map {
                    JudgedOutcome(
                        of: $0, from: first, kIndex: kIndex, judge: judge, effort: effort, vectorCount: vectorCount)
                }
                let summary = Summary(queries, outcomes, k: k)
                guard summary.fulfils(Self.wishes[wish]) else { break }
                fulfilled = wish
                best = summary
            }
            guard let best else { continue }
            let recall = Self.wishes[fulfilled]
            points.append(
                Calibration.Point(
                    efSearch: Int((Double(expansions) * growth).rounded(.up)), recall: recall,
                    standardError: best.standardError,
                    distancesPerQuery: best.distancesPerQuery))
            if fulfilled == Self.wishes.count - 1 { break }
        }
    }
}

/// The recall of some searches, over all queries and over each neighborhood.
private struct Summary {
    var recall: Double
    var standardError: Double
    var distancesPerQuery: Double

    /// The mean recall of the queries of each group that has enough of them, and its standard error.
    var groups: [(recall: Double, standardError: Double)] = []

    /// Fewer queries say nothing about a neighborhood.
    private static var leastQueries: Int { 8 }

    init(_ queries: [AskedQuery], _ outcomes: [JudgedOutcome], k: Int) {
        var all = Moments()
        var byGroup: [Int: Moments] = [:]
        var distances = 0
        for (query, outcome) in zip(queries, outcomes) {
            let share = Double(outcome.hits) / Double(k)
            if query.isRandom {
                all.add(share)
                distances += outcome.distanceCount
            }
            for group in query.groups { byGroup[group, default: Moments()].add(share) }
        }
        (recall, standardError) = all.mean(k: k)
        distancesPerQuery = Double(distances) / max(Double(all.count), 1)
        groups = byGroup.values.filter { $0.count >= Self.leastQueries }.map { $0.mean(k: k) }
    }

    /// Whether a wished recall is reached: so surely that a hundredth less is reached in 19 of 20 samples of queries, and
    /// two hundredths less in every neighborhood, but for chance.
    func fulfils(_ wish: Double) -> Bool {
        recall >= wish && recall - 1.65 * standardError >= wish - 0.01
            && groups.allSatisfy { $0.recall + 1.5 * $0.standardError >= wish - 0.02 }
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
        // A sample that misses nothing proves no certainty: as if one more query had found all, and one more nothing.
        let careful = (sum + 1) / (n + 2)
        let leastError = (careful * (1 - careful) / (n * Double(k))).squareRoot()
        return (mean, max((variance / n).squareRoot(), leastError))
    }
}
