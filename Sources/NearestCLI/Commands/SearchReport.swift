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

    /// Of the index.
    var count: Int
    var dimensions: Int
    var metric: String
    var codes: String
    var k: Int
    var threads: Int
    var seconds: Double
    var qps: Double

    /// Of each query, nearest first.
    var results: [[Hit]]

    init(_ index: HNSWIndex, k: Int, threads: Int, seconds: Double, results: [[Neighbor]]) {
        count = index.count
        dimensions = index.dimensions
        metric = MetricOption(index.metric).rawValue
        codes = CodesOption(index.codesInUse).rawValue
        self.k = k
        self.threads = threads
        self.seconds = seconds
        qps = seconds > 0 ? Double(results.count) / seconds : 0
        self.results = results.map { $0.map { Hit(key: $0.key, distance: $0.distance) } }
    }

    func table() -> String {
        var lines = [" query                   key      distance"]
        for (query, hits) in results.enumerated() {
            for hit in hits { lines.append(String(format: "%6ld%22llu%14.6g", query, hit.key, hit.distance)) }
        }
        return lines.joined(separator: "\n")
    }
}
