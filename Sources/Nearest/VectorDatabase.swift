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
/// - A search never waits for the index. It finds the entries that were there when it began: all of a batch or none of it, and the
///   old or the new one of an entry that is being replaced. Ids and metadata are looked up under a lock that a change
///   holds while it enters 1,024 of them at most.
public final class VectorDatabase: Sendable {
    let index: HNSWIndex

    /// What reads look up.
    let catalog: SharedValue<Catalog>

    /// What changes both, one call at a time.
    let writer: Guarded<DatabaseWriter>

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
        let writer = DatabaseWriter(index: index)
        catalog = writer.catalog.shared
        self.writer = Guarded(writer)
    }

    /// Values in every vector.
    public var dimensions: Int { index.dimensions }

    /// What "near" means.
    public var metric: Metric { index.metric }

    /// Entries in the database.
    public var count: Int { catalog.read { $0.count } }

    /// Whether the database has no entry.
    public var isEmpty: Bool { count == 0 }

    /// Whether an entry has the id.
    public func contains(_ id: String) -> Bool { catalog.read { $0.key(of: id) != nil } }

    /// Returns the entry with the id, nil if there is none. Under ``Metric/cosine`` its vector is the normalized one.
    ///
    /// - Throws: ``VectorDatabaseError``: the index cannot be read.
    public func entry(for id: String) throws(VectorDatabaseError) -> VectorEntry? {
        while true {
            let found = catalog.read { catalog in
                catalog.key(of: id).map { (key: $0, record: catalog.record(of: $0)) }
            }
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

    /// The recall that searches reach by the number of candidates (``HNSWIndex/calibration``).
    public var calibration: Calibration? { index.calibration }

    /// Measures the recall of searches on queries like those that will be asked (``HNSWIndex/calibrate(queries:threads:)``). Searches
    /// go on at the same time, changes wait.
    ///
    /// - Parameters:
    ///   - queries: some hundreds for a good estimate, none of them a stored vector; `dimensions` finite values each.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Throws: ``VectorDatabaseError/index(_:)``: a query is not a vector of this database, or `threads` is outside its range.
    public func calibrate(
        queries: borrowing some VectorListInput & ~Copyable & ~Escapable, threads: Int? = nil
    ) throws(VectorDatabaseError) {
        do throws(VectorIndexError) { try index.calibrate(queries: queries, threads: threads) } catch {
            throw .index(error)
        }
    }

    /// Measures the recall of searches on stored vectors (``HNSWIndex/calibrate(threads:)``).
    ///
    /// - Parameter threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Throws: ``VectorDatabaseError/index(_:)``: `threads` is outside its range.
    public func calibrate(threads: Int? = nil) throws(VectorDatabaseError) {
        try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.calibrate(threads: threads) }
    }
}
