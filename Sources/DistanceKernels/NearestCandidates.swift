// SPDX-License-Identifier: Apache-2.0

/// The rows that may be among the k nearest, by distances that are off by a known error at most.
struct NearestCandidates {
    private(set) var rows: [RankedRow] = []
    private let k: Int
    private var bound = Float.infinity
    private var fullCount: Int

    init(k: Int) {
        self.k = k
        fullCount = 4 * max(k, 64)
    }

    /// Adds a row unless k others are nearer for certain: an approximate distance beyond the k-th by twice the error.
    mutating func add(_ distance: Float, row: Int, error: Float) {
        guard !(distance > bound) else { return }
        // Sums that overflowed may give NaN: the row stays until its exact distance is known.
        rows.append(RankedRow(index: row, distance: distance.isNaN ? -.infinity : distance))
        guard rows.count >= fullCount else { return }
        rows.sort()
        let kth = rows[k - 1].distance + 2 * error
        bound = kth.isNaN ? .infinity : kth
        let end = rows.firstIndex { $0.distance > bound } ?? rows.count
        rows.removeSubrange(end...)
        // Where many rows are as near, sorting again pays only after as many more.
        fullCount = max(fullCount, 2 * rows.count)
    }
}
