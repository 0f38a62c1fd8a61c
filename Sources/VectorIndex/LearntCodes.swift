// SPDX-License-Identifier: Apache-2.0

import HNSW

/// The codes of an index's vectors, and how far distances by them can be trusted.
struct LearntCodes {
    let matrix: CodeMatrix
    let accuracy: CodeAccuracy

    /// See ``CodeAccuracy/leastDistance(queryFactor:)``.
    func leastDistance(queryFactor: Float) -> LinearBound { accuracy.leastDistance(queryFactor: queryFactor) }
}
