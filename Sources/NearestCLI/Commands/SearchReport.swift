// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Foundation
import Nearest

/// What `nearest search` finds. The properties are the keys of its JSON.
struct SearchReport: Encodable {
    struct Hit: Encodable {
        var key: UInt64
        var distance: Float
    }

    /// How a query was answered.
    struct Explanation: Encodable {
        var plan: String
        var matches: Int?
        var candidates: Int?
        var gaveUp: Bool
        var distances: Int
        var hops: Int
        var preparationSeconds: Double
        var seconds: Double

        init(_ explanation: SearchExplanation) {
            plan = explanation.plan.rawValue
            matches = explanation.matches
            candidates = explanation.candidates
            gaveUp = explanation.gaveUp
            distances = explanation.distances
            hops = explanation.hops
            preparationSeconds = explanation.preparation.seconds
            seconds = explanation.duration.seconds
        }
    }

    /// Of the index.
    var count: Int
    var dimensions: Int
    var metric: String
    var codes: String
    var k: Int?
    var within: Float?
    var threads: Int
    var seconds: Double
    var qps: Double

    /// Of each query, nearest first.
    var results: [[Hit]]

    /// Of each query, if it was asked for.
    var explanations: [Explanation]?

    init(
        _ index: HNSWIndex, k: Int?, within: Float?, threads: Int, seconds: Double, results: [[Neighbor]],
        explanations: [SearchExplanation]?
    ) {
        count = index.count
        dimensions = index.dimensions
        metric = MetricOption(index.metric).rawValue
        codes = CodesOption(index.codesInUse).rawValue
        self.k = k
        self.within = within
        self.threads = threads
        self.seconds = seconds
        qps = seconds > 0 ? Double(results.count) / seconds : 0
        self.results = results.map { $0.map { Hit(key: $0.key, distance: $0.distance) } }
        self.explanations = explanations?.map { Explanation($0) }
    }

    private static func table(_ explanations: [Explanation]) -> [String] {
        var lines = [" query  plan                   matches  candidates   distances   hops        us"]
        for (query, each) in explanations.enumerated() {
            let plan = each.gaveUp ? "\(each.plan), gave up" : each.plan
            let matches = each.matches.map { "\($0)" } ?? "-"
            let candidates = each.candidates.map { "\($0)" } ?? "-"
            lines.append(
                String(format: "%6ld  ", query) + plan.padded(to: 20) + matches.padded(to: -10)
                    + candidates.padded(to: -12)
                    + String(format: "%12ld%7ld%10.1f", each.distances, each.hops, each.seconds * 1e6))
        }
        return lines
    }

    func table() -> String {
        var lines = [" query                   key      distance"]
        for (query, hits) in results.enumerated() {
            for hit in hits { lines.append(String(format: "%6ld%22llu%14.6g", query, hit.key, hit.distance)) }
        }
        if let explanations { lines += [""] + Self.table(explanations) }
        return lines.joined(separator: "\n")
    }
}

extension String {
    /// The text with spaces behind it, or before it if `width` is negative.
    fileprivate func padded(to width: Int) -> String {
        let spaces = String(repeating: " ", count: max(0, abs(width) - count))
        return width < 0 ? spaces + self : self + spaces
    }
}
