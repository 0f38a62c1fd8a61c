// SPDX-License-Identifier: Apache-2.0

/// The vectors that may be among those with the `limit` largest scores, offered in any order with bounds of their scores.
struct BoundedSelection {
    struct Candidate {
        var slot: UInt32
        var least: Float
        var largest: Float
    }

    private let limit: Int
    private let maximum: Int

    private(set) var candidates: [Candidate] = []

    /// The `limit` largest of the least scores that were offered: a heap, the smallest first.
    private var leastScores: [Float] = []

    /// The `limit`-th largest of the least scores. A vector whose largest score is below it is ruled out.
    private(set) var bound = -Float.infinity

    /// Whether there were more candidates than the maximum. None are kept then, and later ones are refused.
    private(set) var isOverfull = false

    /// Candidates gather until there are this many. Then those that the bound rules out are dropped. It is at least twice what was
    /// left the last time, so that a pass costs little for each candidate.
    private var pruningCount: Int

    /// - Parameter maximum: the most candidates that are kept, at least `limit`.
    init(limit: Int, maximum: Int) {
        precondition(limit > 0 && maximum >= limit)
        self.limit = limit
        self.maximum = maximum
        pruningCount = 4 * limit + 64
    }

    mutating func offer(slot: UInt32, least: Float, largest: Float) {
        guard largest >= bound else { return }
        candidates.append(Candidate(slot: slot, least: least, largest: largest))
        raiseBound(least)
        if candidates.count >= pruningCount { prune() }
    }

    /// Drops what the bound rules out.
    mutating func prune() {
        let bound = bound
        candidates.removeAll { $0.largest < bound }
        if candidates.count > maximum {
            isOverfull = true
            self.bound = .infinity
            candidates = []
        }
        pruningCount = max(pruningCount, 2 * candidates.count)
    }

    private mutating func raiseBound(_ least: Float) {
        guard leastScores.count == limit else {
            leastScores.append(least)
            if leastScores.count == limit {
                leastScores.sort()
                bound = leastScores[0]
            }
            return
        }
        guard least > bound else { return }
        // One check that the heap is not shared, instead of one for each access.
        leastScores.withUnsafeMutableBufferPointer { heap in
            var hole = 0
            while true {
                var child = 2 * hole + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < least else { break }
                heap[hole] = heap[child]
                hole = child
            }
            heap[hole] = least
        }
        bound = leastScores[0]
    }
}
