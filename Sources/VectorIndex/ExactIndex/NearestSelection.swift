// SPDX-License-Identifier: Apache-2.0

/// The `limit` nearest of many (slot, distance) pairs, offered in any order; equal distances are ordered by slot.
struct NearestSelection {
    struct Candidate: Comparable {
        var distance: Float
        var slot: UInt32

        static func < (a: Candidate, b: Candidate) -> Bool { (a.distance, a.slot) < (b.distance, b.slot) }
    }

    private let limit: Int

    /// Candidates that are farther than the `limit`-th by no more than this are kept as well: the error of the distances offered.
    private let margin: Float

    private var candidates: [Candidate] = []

    /// No candidate farther than this can be among the nearest.
    private(set) var bound: Float

    /// - Parameter bound: no farther candidate is kept.
    init(limit: Int, margin: Float = 0, bound: Float = .infinity) {
        precondition(limit > 0)
        self.limit = limit
        self.margin = margin
        self.bound = bound
        pruningCount = 2 * min(limit, 1 << 24) + 64
        candidates.reserveCapacity(min(pruningCount, 1 << 12))
    }

    /// Candidates gather until there are this many. Then the farthest are dropped. It is at least twice what was left the last
    /// time, so that sorting costs little for each, even if ties or the margin keep many.
    private var pruningCount: Int

    mutating func offer(slot: UInt32, distance: Float) {
        guard distance <= bound else { return }
        candidates.append(Candidate(distance: distance, slot: slot))
        if candidates.count >= pruningCount { prune() }
    }

    /// The candidates kept, nearest first: the `limit` nearest and what lies within the margin behind them.
    mutating func sorted() -> [Candidate] {
        prune()
        return candidates
    }

    private mutating func prune() {
        candidates.sort()
        guard candidates.count >= limit else { return }
        bound = candidates[limit - 1].distance + margin
        var end = margin == 0 ? limit : candidates.count
        while end > limit, candidates[end - 1].distance > bound { end -= 1 }
        candidates.removeSubrange(end...)
        pruningCount = max(pruningCount, 2 * candidates.count)
    }
}
