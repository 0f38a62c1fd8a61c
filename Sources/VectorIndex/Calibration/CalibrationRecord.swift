// SPDX-License-Identifier: Apache-2.0

import HNSW

/// What the searches of a calibration share.
enum CalibrationStages {
    /// Candidates that are expanded at each stage, ascending; the first serve only as halves of others.
    static let expansions: [Int] = {
        var stages: [Int] = []
        for doubling in 2..<13 { for part in quarters { stages.append(Int((Double(1 << doubling) * part).rounded())) } }
        return stages + [1 << 13]
    }()

    /// Powers of the fourth root of 2.
    private static let quarters = [1, 1.189207115002721, 1.4142135623730951, 1.681792830507429]

    static let perDoubling = quarters.count

    /// Results that are asked for.
    static let ks = [1, 10, 100, 1000]

    /// The most random queries that ask for each of ``ks``: the more results, the fewer queries an estimate needs.
    static let queryCounts = [768, 768, 256, 64]

    /// Nearest nodes that are compared from stage to stage, by the wish for `k` results: of searches and of outliers.
    static func nearestCounts(k: Int) -> (usual: Int, outlier: Int) { (max(k, 10), max(k, 64)) }

    /// The counts that ``nearestCounts(k:)`` can be for the first of ``ks``: the first of ``nearestCounts``.
    static func nearestCounts(among kCount: Int) -> [Int] {
        guard kCount > 0 else { return [] }
        return nearestCounts.filter { $0 <= nearestCounts(k: ks[kCount - 1]).outlier }
    }

    /// All that ``nearestCounts(k:)`` can be for ``ks``, ascending.
    static let nearestCounts: [Int] = Array(
        Set(ks.flatMap { [nearestCounts(k: $0).usual, nearestCounts(k: $0).outlier] })
    )
    .sorted()
}

extension SearchJudge {
    /// The judge of searches for a recall.
    ///
    /// A doubling that brings a share of the nearest leaves about a fourth of that share to be found, of members of the data. Of
    /// outliers, which come nearer in small steps, it leaves up to twice the share. Measured on 41 sets (Benchmarks/EXPERIMENTS.md).
    init(recall: Double, k: Int, outlierRatio: Float) {
        let counts = CalibrationStages.nearestCounts(k: k)
        // The farther beyond what is measured, the more the judge decides.
        let measured = Double(CalibrationStages.ks[CalibrationStages.ks.count - 1])
        let factor = max(4 * min(1, measured / Double(k)), 0.3)
        let missed = 1 - recall
        let outlierShare = max(Self.leastOutlierShare, min(0.08, missed))
        self.init(
            nearestCount: counts.usual, maximumLate: Int(factor * missed * Double(counts.usual) + 1e-9),
            outlierNearestCount: counts.outlier,
            outlierMaximumLate: Int((outlierShare * Double(counts.outlier)).rounded()), outlierRatio: outlierRatio)
    }
}

extension SearchJudge {
    /// The share of late ones that outliers may have at any recall.
    private static var leastOutlierShare: Double { 0.03 }

    /// Late ones among so many nearest that no judge objects to.
    static func strictestLate(among count: Int) -> Int {
        // The shorter lists are those of members, or serve as both.
        count <= CalibrationStages.nearestCounts[0] ? 0 : Int((leastOutlierShare * Double(count)).rounded())
    }
}

/// What the search for one query found at each stage.
struct AskedQuery {
    struct Stage {
        /// True nearest found, for each `k`.
        var hits: [Int]

        /// Distances computed by a search that begins here.
        var distanceCount: Int

        /// For each of ``CalibrationStages/nearestCounts``.
        var late: [Int]

        var outlierRatio: Float
    }

    var stages: [Stage] = []

    /// Whether the last stage found everything, so that later ones would as well.
    var isComplete = false

    /// Whether it was drawn from all vectors alike, and not for its neighborhood.
    var isRandom = true

    /// The neighborhoods that the query belongs to.
    var groups: [Int] = []
}

/// What the searches for one query found at each stage, for one `k`.
struct JudgedStages {
    struct Stage {
        var hits: Int
        var distanceCount: Int
        var late: Int
        var outlierLate: Int
        var outlierRatio: Float
    }

    let k: Int
    let stages: [Stage]
    let isComplete: Bool

    init(_ query: AskedQuery, kIndex: Int) {
        k = CalibrationStages.ks[kIndex]
        let counts = CalibrationStages.nearestCounts(k: k)
        let usual = CalibrationStages.nearestCounts.firstIndex(of: counts.usual) ?? 0
        let outlier = CalibrationStages.nearestCounts.firstIndex(of: counts.outlier) ?? 0
        stages = query.stages.map {
            Stage(
                hits: $0.hits[kIndex], distanceCount: $0.distanceCount, late: $0.late[usual],
                outlierLate: $0.late[outlier],
                outlierRatio: $0.outlierRatio)
        }
        isComplete = query.isComplete
    }

    /// What a search that begins at one stage would have found, and the distances that it would have computed.
    ///
    /// - Parameter vectorCount: what comparing everything compares.
    func outcome(from first: Int, budget: SearchBudget, judge: SearchJudge, vectorCount: Int) -> (hits: Int, cost: Int)
    {
        let (expansions, step) = (CalibrationStages.expansions, CalibrationStages.perDoubling)
        let last = stages.count - 1
        var index = first
        var cost = 0
        var poolLimit = budget.poolLimit(expansions: expansions[first])
        while true {
            let stage = stages[min(index, last)]
            // What lies beyond the last stage takes so many times the distances.
            let stageCost =
                index <= last ? stage.distanceCount : stage.distanceCount * expansions[index] / expansions[last]
            let isContent =
                index > last && isComplete
                || judge.isContent(
                    late: stage.late, outlierLate: stage.outlierLate, ratio: stage.outlierRatio,
                    doublings: (index - first) / step)
            if isContent { return (stage.hits, cost + stageCost) }
            if 4 * stageCost >= vectorCount { return (k, cost + stageCost + vectorCount) }
            let next = index + step
            guard next < expansions.count else { return (stage.hits, cost + stageCost) }
            if expansions[next] > poolLimit {
                cost += stageCost
                poolLimit = budget.poolLimit(expansions: expansions[next])
            }
            index = next
        }
    }
}
