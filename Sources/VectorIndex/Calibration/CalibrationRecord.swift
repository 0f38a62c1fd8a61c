// SPDX-License-Identifier: Apache-2.0

import HNSW

/// What the searches of a calibration share.
enum CalibrationStages {
    /// Candidates that are expanded at each stage, ascending. The first stages serve only as the halves of later ones.
    static let expansions: [Int] = {
        var stages: [Int] = []
        for doubling in 2..<13 { for part in quarters { stages.append(Int((Double(1 << doubling) * part).rounded())) } }
        return stages + [1 << 13]
    }()

    /// Powers of the fourth root of 2.
    private static let quarters = [1, 1.189207115002721, 1.4142135623730951, 1.681792830507429]

    static let perDoubling = quarters.count

    /// The numbers of results that are asked for.
    static let ks = [1, 10, 100, 1000]

    /// The most random queries that ask for each of ``ks``: the more results, the fewer queries an estimate needs.
    static let queryCounts = [768, 768, 256, 64]

    /// How many nearest nodes a search for `k` results compares from stage to stage: usually, and as an outlier.
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
    /// If a doubling has brought a share of the nearest, about a fourth of that share is still missing for members of the data. For
    /// outliers, which come nearer in small steps, up to twice the share is. Measured on 41 sets (Benchmarks/EXPERIMENTS.md).
    init(recall: Double, k: Int, outlierRatio: Float) {
        let counts = CalibrationStages.nearestCounts(k: k)
        // The farther `k` is beyond what is measured, the fewer late ones the judge accepts.
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
    /// The least share of late ones that outliers may have, at any recall.
    private static var leastOutlierShare: Double { 0.03 }

    /// How many late ones among the `count` nearest every judge accepts.
    static func strictestLate(among count: Int) -> Int {
        // The shortest list is that of members only.
        count <= CalibrationStages.nearestCounts[0] ? 0 : Int((leastOutlierShare * Double(count)).rounded())
    }
}

/// What the search for one query found at each stage.
struct AskedQuery {
    struct Stage {
        /// True nearest found, for each `k`.
        var hits: [Int]

        /// Distances computed by a search that begins with this stage.
        var distanceCount: Int

        /// The late ones, for each of ``CalibrationStages/nearestCounts``.
        var late: [Int]

        var outlierRatio: Float
    }

    var stages: [Stage] = []

    /// Whether the last stage found all that was asked for. Later ones would as well.
    var isComplete = false

    /// Whether the query was drawn from all vectors alike, not for its neighborhood.
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
    /// - Parameter vectorCount: the distances of comparing every vector.
    func outcome(from first: Int, budget: SearchBudget, judge: SearchJudge, vectorCount: Int) -> (hits: Int, cost: Int)
    {
        let (expansions, step) = (CalibrationStages.expansions, CalibrationStages.perDoubling)
        let last = stages.count - 1
        var index = first
        var cost = 0
        var poolLimit = budget.poolLimit(expansions: expansions[first])
        while true {
            let stage = stages[min(index, last)]
            // Beyond the last stage, distances grow with the candidates.
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
