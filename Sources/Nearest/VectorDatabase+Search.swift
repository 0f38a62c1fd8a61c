// SPDX-License-Identifier: Apache-2.0

import VectorIndex

extension VectorDatabase {
    /// Returns the entries nearest to a query, nearest first: `k`, or all if there are fewer.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - k: results wanted, 0 or more.
    ///   - effort: what the search does to find them.
    ///   - fields: what results carry beside ids, distances and metadata.
    /// - Throws: ``VectorDatabaseError/index(_:)``: a parameter is outside its range, or the query is not a vector of this database.
    public func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, k: Int, effort: SearchEffort = .automatic,
        including fields: SearchFields = []
    ) throws(VectorDatabaseError) -> [SearchResult] {
        try search(query, request: SearchRequest(k: k, effort: effort, including: fields))
    }

    /// Returns the entries nearest to a query, nearest first, as a request says.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - request: what is wanted.
    /// - Throws: ``VectorDatabaseError/index(_:)``: a parameter is outside its range, or the query is not a vector of this database.
    public func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, request: SearchRequest
    ) throws(VectorDatabaseError) -> [SearchResult] {
        guard request.filter == nil, request.after == nil else { throw .keyFilter }
        do throws(VectorIndexError) {
            return try query.withSpan { (query) throws(VectorIndexError) in try results(of: query, request) }
        } catch {
            throw .index(error)
        }
    }

    /// Answers many queries at once, on several threads; see ``search(each:request:threads:progress:)``.
    public func search(
        each queries: borrowing some VectorListInput & ~Copyable & ~Escapable, k: Int,
        effort: SearchEffort = .automatic,
        including fields: SearchFields = [], threads: Int? = nil, progress: SearchProgress = { _ in }
    ) throws(VectorDatabaseError) -> [[SearchResult]] {
        try search(
            each: queries, request: SearchRequest(k: k, effort: effort, including: fields), threads: threads,
            progress: progress)
    }

    /// Answers many queries at once, on several threads: each as ``search(_:request:)`` does.
    ///
    /// Queries see the changes that were made before they are answered.
    ///
    /// - Parameters:
    ///   - queries: vectors of `dimensions` values, or all values one query after the other.
    ///   - request: what is wanted of each.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    ///   - progress: called with the number of queries answered so far, on any thread. If it throws, the search ends.
    /// - Returns: the results of each query, nearest first.
    /// - Throws: ``VectorDatabaseError/index(_:)``: as ``search(_:request:)``, or `progress` has cancelled.
    public func search(
        each queries: borrowing some VectorListInput & ~Copyable & ~Escapable, request: SearchRequest,
        threads: Int? = nil, progress: SearchProgress = { _ in }
    ) throws(VectorDatabaseError) -> [[SearchResult]] {
        guard request.filter == nil, request.after == nil else { throw .keyFilter }
        do throws(VectorIndexError) {
            let found = try index.search(each: queries, request: request, threads: threads, progress: progress)
            var results: [[SearchResult]] = []
            results.reserveCapacity(found.count)
            for (q, neighbors) in found.enumerated() {
                if let known = catalog.read({ $0.results(of: neighbors) }) {
                    results.append(known)
                } else {
                    // An entry was removed after it was found: the query is asked again.
                    try queries.withVector(at: q, dimensions: dimensions) { (query) throws(VectorIndexError) in
                        results.append(try self.results(of: query, request))
                    }
                }
            }
            return results
        } catch {
            throw .index(error)
        }
    }

    /// The entries nearest to a query.
    ///
    /// An entry can be removed after it was found: then the search is repeated, at last while no entry can be.
    private func results(of query: Span<Float>, _ request: SearchRequest) throws(VectorIndexError) -> [SearchResult] {
        for _ in 0..<3 {
            let found = try index.search(query, request: request)
            if let results = catalog.read({ $0.results(of: found) }) { return results }
        }
        return try catalog.read { (catalog) throws(VectorIndexError) in
            catalog.results(of: try index.search(query, request: request)) ?? []
        }
    }
}

extension Catalog {
    /// What is recorded of what was found; nil if something of it is no more.
    func results(of found: [Neighbor]) -> [SearchResult]? {
        var results: [SearchResult] = []
        results.reserveCapacity(found.count)
        for neighbor in found {
            guard let record = record(of: neighbor.key) else { return nil }
            results.append(
                SearchResult(
                    id: record.id, distance: neighbor.distance, metadata: record.metadata, vector: neighbor.vector))
        }
        return results
    }
}
