// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Keeps vectors with ids and metadata in memory, and finds the nearest to a query.
///
/// ```swift
/// let database = try VectorDatabase(dimensions: 3, metric: .cosine)
/// try database.insert(VectorEntry(id: "red", vector: [1, 0, 0], metadata: ["hex": "#f00"]))
/// let nearest = try database.search([0.9, 0.1, 0], k: 1)  // "red"
/// ```
///
/// Any method may be called from any thread.
///
/// - Changes are made one after the other. What a call has inserted, replaced or removed is seen by every read that begins after it
///   returns.
/// - A search never waits for the index: it finds the entries that were there when it began, all of a batch or none of it, the old
///   or the new one of an entry that is being replaced and not both. Ids and metadata are looked up under a lock that a change
///   holds while it enters 1,024 of them at most.
public final class VectorDatabase: @unchecked Sendable {
    // SAFETY: `catalog` is read under `access.read` and changed under `access.write`, by the holder of `writer` only.

    let index: HNSWIndex
    let access = ReadersWriterLock()
    let writer = Guarded(())
    var catalog = Catalog()

    /// Makes an empty database.
    ///
    /// - Parameters:
    ///   - dimensions: values in every vector, 1 to 65,536.
    ///   - metric: what "near" means.
    ///   - options: the parameters of the index.
    /// - Throws: ``VectorDatabaseError/index(_:)``: a parameter is outside its range, or the system has no room.
    public init(
        dimensions: Int, metric: Metric, options: HNSWOptions = HNSWOptions()
    ) throws(VectorDatabaseError) {
        do {
            index = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
        } catch { throw .index(error) }
    }

    /// Values in every vector.
    public var dimensions: Int { index.dimensions }

    /// What "near" means.
    public var metric: Metric { index.metric }

    /// Entries in the database.
    public var count: Int { access.read { catalog.count } }

    /// Whether the database has no entry.
    public var isEmpty: Bool { count == 0 }

    /// Whether an entry has the id.
    public func contains(_ id: String) -> Bool { access.read { catalog.key(of: id) != nil } }

    /// Returns the entry with the id, nil if there is none. Under ``Metric/cosine`` its vector is the normalised one.
    ///
    /// - Throws: ``VectorDatabaseError``: the index cannot be read.
    public func get(_ id: String) throws(VectorDatabaseError) -> VectorEntry? {
        while true {
            let found = access.read { catalog.key(of: id).map { (key: $0, record: catalog.record(of: $0)) } }
            guard let found else { return nil }
            let vector = try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.vector(for: found.key)
            }
            if let record = found.record, let vector {
                return VectorEntry(id: id, vector: Array(vector), metadata: record.metadata)
            }
            // It was replaced or removed between the two, which the catalog is about to learn.
            sched_yield()
        }
    }

    /// Returns the entries nearest to a query, nearest first: `k`, or all if there are fewer.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - k: results wanted, 0 or more.
    ///   - efSearch: candidates to keep, 1 or more: more finds more, more slowly. nil takes ``HNSWOptions/efSearch``.
    ///   - includingVectors: whether results carry their vectors.
    /// - Throws: ``VectorDatabaseError/index(_:)``
    public func search(
        _ query: [Float], k: Int, efSearch: Int? = nil, includingVectors: Bool = false
    ) throws(VectorDatabaseError) -> [SearchResult] {
        try results { () throws(VectorIndexError) in
            guard includingVectors else {
                return try index.search(query, k: k, efSearch: efSearch).map { ($0, nil) }
            }
            return try index.searchVectors(query, k: k, efSearch: efSearch).map { ($0.neighbor, $0.vector) }
        }
    }

    /// Returns the entries nearest to a query, nearest first, with the wanted recall in the mean over queries
    /// (``HNSWIndex/search(_:k:recall:)-(Span<Float>,_,_)``).
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - k: results wanted, 0 or more.
    ///   - recall: the mean share of the true nearest that is to be found, above 0, up to 1.
    ///   - includingVectors: whether results carry their vectors.
    /// - Throws: ``VectorDatabaseError/index(_:)``
    public func search(
        _ query: [Float], k: Int, recall: Double, includingVectors: Bool = false
    ) throws(VectorDatabaseError) -> [SearchResult] {
        try results { () throws(VectorIndexError) in
            guard includingVectors else { return try index.search(query, k: k, recall: recall).map { ($0, nil) } }
            return try index.searchVectors(query, k: k, recall: recall).map { ($0.neighbor, $0.vector) }
        }
    }

    /// The recall that searches reach by the number of candidates (``HNSWIndex/calibration``).
    public var calibration: Calibration? { index.calibration }

    /// Measures the recall of searches on queries like those that will be asked; without any, on stored vectors
    /// (``HNSWIndex/calibrate(queries:threads:)``). Searches go on meanwhile, changes wait.
    ///
    /// - Parameters:
    ///   - queries: some hundreds for a good estimate, none of them a stored vector; `dimensions` finite values each.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Throws: ``VectorDatabaseError/index(_:)``: a query is not a vector of this database, or `threads` is outside its range.
    public func calibrate(queries: [[Float]] = [], threads: Int? = nil) throws(VectorDatabaseError) {
        do throws(VectorIndexError) {
            for (i, query) in queries.enumerated() where query.count != dimensions {
                let reason = VectorIndexError.dimensionMismatch(expected: dimensions, found: query.count)
                throw queries.count == 1 ? reason : .batchVector(position: i, reason: reason)
            }
            try index.calibrate(queries: queries.flatMap { $0 }, threads: threads)
        } catch {
            throw .index(error)
        }
    }

    /// The entries that `search` finds, with the vectors if it gives any.
    ///
    /// An entry can be removed after it was found: then the search is repeated, at last while no entry can be.
    private func results(
        search: () throws(VectorIndexError) -> [(neighbor: Neighbor, vector: SharedVector?)]
    ) throws(VectorDatabaseError) -> [SearchResult] {
        do throws(VectorIndexError) {
            for _ in 0..<3 {
                let found = try search()
                if let results = access.read({ records(of: found) }) { return results }
            }
            return try access.read { () throws(VectorIndexError) in records(of: try search()) ?? [] }
        } catch {
            throw .index(error)
        }
    }

    /// What is recorded of what was found; nil if something of it is no more. The caller holds `access`.
    private func records(of found: [(neighbor: Neighbor, vector: SharedVector?)]) -> [SearchResult]? {
        var results: [SearchResult] = []
        results.reserveCapacity(found.count)
        for (neighbor, vector) in found {
            guard let record = catalog.record(of: neighbor.key) else { return nil }
            results.append(
                SearchResult(
                    id: record.id, distance: neighbor.distance, metadata: record.metadata, vector: vector))
        }
        return results
    }
}
