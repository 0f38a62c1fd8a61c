// SPDX-License-Identifier: Apache-2.0

/// Names how far apart two vectors are. Under every metric a smaller value means nearer.
public enum Metric: String, Sendable, Hashable, CaseIterable, Codable {
    /// The sum of `|a - b|` (L1). At least 0.
    case manhattan

    /// The sum of `(a - b)²` (L2 without the square root). At least 0.
    case squaredEuclidean

    /// The negated inner product, `-Σ a·b`. Any value, negative ones included.
    case innerProduct

    /// `1 - cos(a, b)`, from 0 (same direction) to 2 (opposite). Vectors are normalized when they are inserted, and a zero
    /// vector, which has no direction, is refused.
    case cosine
}
