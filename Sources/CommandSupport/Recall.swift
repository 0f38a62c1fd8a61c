// SPDX-License-Identifier: Apache-2.0

/// The share of the true neighbors that were found.
package enum Recall {
    /// Recall@k with ties: a result is a hit if it is no farther than the k-th true neighbor, up to rounding.
    ///
    /// - Parameter distances: of the results of each query.
    package static func mean(of distances: [[Float]], kthTrueDistances: [Float], k: Int) -> Double {
        guard !distances.isEmpty, k > 0 else { return 0 }
        var hits = 0
        for (found, kth) in zip(distances, kthTrueDistances) {
            let bound = kth + 1e-6 * max(abs(kth), 1e-3)
            hits += found.prefix(k).filter { $0 <= bound }.count
        }
        return Double(hits) / Double(distances.count * k)
    }
}
