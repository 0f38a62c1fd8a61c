// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The recall that searches of an index reach by the number of candidates they begin with, measured on the index itself.
///
/// A search for a recall begins with the candidates of the first point that reaches it. It goes on while its results still change.
/// Between two points the recall may be a step, so nothing is interpolated.
public struct Calibration: Sendable, Hashable, Codable {
    /// One setting.
    public struct Point: Sendable, Hashable, Codable {
        /// Candidates that a search begins with.
        public var efSearch: Int

        /// The highest recall that a search can be asked for here, 0 to 1: the share of the `k` true nearest that it finds on
        /// average. The average of a neighborhood may be two hundredths lower, or more by chance.
        public var recall: Double

        /// The standard error of ``recall``: how far it may be from what other queries of this kind show.
        public var standardError: Double

        /// Distances computed for a query that asks for this recall, on average.
        public var distancesPerQuery: Double
    }

    /// The settings measured for one number of results.
    public struct Curve: Sendable, Hashable, Codable {
        /// Results a query asked for.
        public var k: Int

        /// Queries that were asked, without those asked for their neighborhood.
        public var queryCount: Int

        /// By `efSearch`, ascending.
        public var points: [Point]
    }

    /// What was asked.
    public enum Source: String, Sendable, Hashable, Codable {
        /// Vectors of a batch before they were linked.
        case heldOutVectors

        /// Vectors of the index itself, each hidden from its own search: a little harder to answer than new ones, because the
        /// graph around them relies on them.
        case storedVectors

        /// Queries that the caller gave.
        case queries
    }

    /// What was asked.
    public let source: Source

    /// Vectors that the index held.
    public let vectorCount: Int

    /// By `k`, ascending.
    public let curves: [Curve]

    /// Returns the candidates to begin with for a mean recall; nil if no measured setting is known to reach it.
    ///
    /// For a `k` between two that were measured, the candidates are interpolated; for one beyond, they grow with `k`.
    ///
    /// - Parameters:
    ///   - recall: above 0, up to 1.
    ///   - k: results wanted, 1 or more.
    public func efSearch(forRecall recall: Double, k: Int) -> Int? {
        precondition(recall > 0 && recall <= 1 && k >= 1)
        // A sample can miss nothing by chance; only comparing every vector misses nothing for certain.
        guard recall < 1, let first = curves.first, let last = curves.last else { return nil }
        if k <= first.k { return first.efSearch(forRecall: recall) }
        guard k < last.k else {
            return last.efSearch(forRecall: recall).map {
                Int(exactly: (Double($0) * Double(k) / Double(last.k)).rounded(.up)) ?? Int.max
            }
        }
        for (low, high) in zip(curves, curves.dropFirst()) where k <= high.k {
            guard let lowEf = low.efSearch(forRecall: recall), let highEf = high.efSearch(forRecall: recall) else {
                return nil
            }
            let position = log(Double(k) / Double(low.k)) / log(Double(high.k) / Double(low.k))
            let logarithm = log(Double(lowEf)) * (1 - position) + log(Double(highEf)) * position
            return max(k, Calibration.candidates(logarithm))
        }
        return nil
    }
}

extension Calibration {
    /// The whole number of candidates at or above the number with this logarithm, less a rounding error.
    fileprivate static func candidates(_ logarithm: Double) -> Int { Int((exp(logarithm) * (1 - 1e-12)).rounded(.up)) }
}

extension Calibration.Curve {
    /// Between two points the recall may be a step, so the upper one is taken.
    func efSearch(forRecall recall: Double) -> Int? { points.first { $0.recall >= recall }?.efSearch }
}
