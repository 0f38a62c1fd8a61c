// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Returns the `k` nearest vectors to a query, nearest first, keeping ``HNSWOptions/efSearch`` candidates.
    ///
    /// - Throws: ``VectorIndexError``: `k` is negative, or the query is not a vector of this index.
    public func search(_ query: Span<Float>, k: Int) throws(VectorIndexError) -> [Neighbor] {
        try search(query, k: k, efSearch: nil)
    }

    /// Returns the nearest vectors to a query, nearest first: `k`, or all that the graph finds if there are fewer.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - k: results wanted, 0 or more.
    ///   - efSearch: candidates to keep, 1 or more, and at least `k` are kept; nil takes ``HNSWOptions/efSearch``.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the query is not a vector of this index.
    public func search(_ query: Span<Float>, k: Int, efSearch: Int?) throws(VectorIndexError) -> [Neighbor] {
        var distanceCount = 0
        return try search(query, k: k, efSearch: efSearch, distanceCount: &distanceCount)
    }

    /// Returns the nearest vectors to a query; see ``search(_:k:efSearch:)-(Span<Float>,_,_)``.
    public func search(_ query: [Float], k: Int, efSearch: Int?) throws(VectorIndexError) -> [Neighbor] {
        try search(query.span, k: k, efSearch: efSearch)
    }

    /// The search that also says how many distances it computed.
    package func search(
        _ query: Span<Float>, k: Int, efSearch: Int?, distanceCount: inout Int
    ) throws(VectorIndexError) -> [Neighbor] {
        try VectorIndexError.check("k", k, in: IndexLimits.k)
        let ef = efSearch ?? options.efSearch
        try VectorIndexError.check("efSearch", ef, in: HNSWOptions.efSearchRange)
        return try scratchPool.withScratch { (scratch) throws(VectorIndexError) in
            try scratch.query.prepare(query)
            scratch.search.distanceCount = 0
            defer { distanceCount = scratch.search.distanceCount }
            return access.read {
                let limit = min(k, directory.count)
                guard limit > 0 else { return [] }
                find(limit, ef: max(ef, limit), scratch: scratch)
                return neighbors(limit, in: scratch.search)
            }
        }
    }
}

extension HNSWIndex {
    /// The nearest that a search has left in its scratch; the caller holds `access`.
    func neighbors(_ limit: Int, in scratch: borrowing SearchScratch) -> [Neighbor] {
        var neighbors: [Neighbor] = []
        neighbors.reserveCapacity(limit)
        graph.forEachResult(in: scratch, limit: limit) { slot, distance in
            neighbors.append(Neighbor(key: directory.key(of: slot), distance: metric.presented(distance)))
        }
        return neighbors
    }

    /// Leaves the nearest to the scratch's query in it; the caller holds `access`.
    private func find(_ limit: Int, ef: Int, scratch: QueryScratch) {
        let query = PreparedQuery(values: scratch.query.values, squaredNorm: scratch.query.squaredNorm, hidden: nil)
        find(query, limit: limit, ef: ef, scratch: scratch)
    }

    /// Leaves the nearest to a query in the scratch; the caller holds `access` or `writer`.
    func find(_ query: PreparedQuery, limit: Int, ef: Int, scratch: QueryScratch) {
        scratch.search.hidden = query.hidden
        guard let codes else {
            return graph.search(query.values, ef: ef, kernel: kernel, scratch: &scratch.search)
        }
        let factor = codes.matrix.kernel.encode(
            query: query.values, squaredNorm: query.squaredNorm, by: codes.matrix.quantizer,
            into: scratch.codes.base)
        graph.search(scratch.codes.base, ef: ef, kernel: codes.matrix.kernel, scratch: &scratch.search)
        graph.rerank(
            query.values, limit: limit, leastDistance: codes.leastDistance(queryFactor: factor),
            kernel: kernel, scratch: &scratch.search)
    }
}

extension Metric {
    /// A computed distance without the rounding that leaves the metric's range: cosine distances from 0 to 2.
    func presented(_ distance: Float) -> Float {
        self == .cosine ? min(max(distance, 0), 2) : distance
    }
}

extension HNSWIndex {
    /// Returns the distance from a query to the vector under a key; nil if the key is not there.
    ///
    /// - Throws: ``VectorIndexError``: the query is not a vector of this index.
    public func distance(from query: Span<Float>, to key: UInt64) throws(VectorIndexError) -> Float? {
        try scratchPool.withScratch { (scratch) throws(VectorIndexError) in
            try scratch.query.prepare(query)
            return access.read {
                guard let slot = directory.slot(of: key) else { return nil }
                return metric.presented(kernel.pair(scratch.query.values, vectors.row(slot)))
            }
        }
    }
}
