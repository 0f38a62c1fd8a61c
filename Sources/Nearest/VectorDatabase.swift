// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

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

    private let index: HNSWIndex
    private let access = ReadersWriterLock()
    private let writer = Guarded(())
    private var catalog = Catalog()

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

// MARK: - Changes

extension VectorDatabase {
    /// Adds an entry.
    ///
    /// - Throws: ``VectorDatabaseError``: the id is there already, or the vector is not one of this database's.
    public func insert(_ entry: VectorEntry) throws(VectorDatabaseError) {
        try batchInsert([entry], parallelism: 1)
    }

    /// Adds many entries, all or none. Searches go on meanwhile and see none of them before all are there.
    ///
    /// - Parameters:
    ///   - entries: what to add, with ids that are new and different.
    ///   - parallelism: threads to use, 1 to 1,024; nil uses every core. The index is the same for any number.
    ///   - progress: called now and then with the number of entries linked so far, on the calling thread. It may read;
    ///     changing or calibrating the database there is a programming error and traps. If it throws, nothing was added.
    /// - Returns: the ids, in the order of the entries.
    /// - Throws: ``VectorDatabaseError``: an id is there already or named twice, a vector is not one of this database's,
    ///   `parallelism` is outside its range, or `progress` has cancelled.
    @discardableResult
    public func batchInsert(
        _ entries: [VectorEntry], parallelism: Int? = nil, progress: BatchProgress = { _ in }
    ) throws(VectorDatabaseError) -> [String] {
        if let parallelism {
            do { try VectorIndexError.check("parallelism", parallelism, in: IndexLimits.threads) } catch {
                throw .index(error)
            }
        }
        try changing { () throws(VectorDatabaseError) in
            try catalog.checkNew(entries)
            let keys = addRecords(of: entries)
            do throws(VectorIndexError) {
                try index.insertBatch(
                    entries.lazy.map(\.vector), keys: keys, threads: parallelism, progress: progress)
            } catch {
                access.write { catalog.removeRecords(of: keys) }
                throw VectorDatabaseError(error, inserting: entries)
            }
            forEachPart(of: keys.count) { part in catalog.publish(keys[part]) }
        }
        return entries.map(\.id)
    }

    /// Adds many entries on a thread of its own, all or none, and tells how many are linked so far.
    ///
    /// ```swift
    /// for try await linked in database.insertions(of: entries) { print("\(linked) of \(entries.count)") }
    /// ```
    ///
    /// Insertion begins at once and does not wait for the loop. All entries are there once the sequence has told their number and
    /// ended; none is, if it throws. It is cancelled when the task that iterates is cancelled, which ends the sequence without an
    /// error, or when the sequence is dropped: then none is there, or all where the last had been linked before.
    ///
    /// - Parameters:
    ///   - entries: what to add, with ids that are new and different.
    ///   - parallelism: threads to use, 1 to 1,024; nil uses every core.
    /// - Returns: a sequence that throws ``VectorDatabaseError`` as ``batchInsert(_:parallelism:progress:)`` does.
    public func insertions(
        of entries: [VectorEntry], parallelism: Int? = nil
    ) -> AsyncThrowingStream<Int, any Error> {
        AsyncThrowingStream { continuation in
            let isCancelled = Flag()
            continuation.onTermination = { if case .cancelled = $0 { isCancelled.raise() } }
            DispatchQueue(label: "batch insertion").async {
                do {
                    try self.batchInsert(entries, parallelism: parallelism) { (linked) throws(CancellationError) in
                        if isCancelled.isRaised { throw CancellationError() }
                        continuation.yield(linked)
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
        }
    }

    /// Adds an entry, or replaces the one with its id, in one change: a search sees the old one or the new one, never both.
    ///
    /// - Returns: whether an entry was replaced.
    /// - Throws: ``VectorDatabaseError``: the vector is not one of this database's.
    @discardableResult
    public func upsert(_ entry: VectorEntry) throws(VectorDatabaseError) -> Bool {
        try changing { () throws(VectorDatabaseError) in
            let oldKey = catalog.key(of: entry.id)
            let keys = addRecords(of: [entry])
            do throws(VectorIndexError) {
                if let oldKey {
                    try index.replace(oldKey, with: entry.vector.span, key: keys[0])
                } else {
                    try index.insert(entry.vector, key: keys[0])
                }
            } catch {
                access.write { catalog.removeRecords(of: keys) }
                throw VectorDatabaseError(error, inserting: [entry])
            }
            access.write {
                if let oldKey { catalog.removeRecords(of: [oldKey]) }
                catalog.publish(keys[...])
            }
            return oldKey != nil
        }
    }

    /// Removes an entry. Returns whether there was one with the id.
    ///
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    @discardableResult
    public func remove(_ id: String) throws(VectorDatabaseError) -> Bool {
        try changing { () throws(VectorDatabaseError) in
            guard let key = catalog.key(of: id) else { return false }
            try VectorDatabaseError.wrap { () throws(VectorIndexError) in _ = try index.remove(key: key) }
            access.write { catalog.removeRecords(of: [key]) }
            return true
        }
    }

    /// Unlinks every removed or replaced entry from the index, so that new ones take their places and searches pass them no more
    /// (``HNSWIndex/compact()``). Changes wait, searches do not.
    ///
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    public func compact() throws(VectorDatabaseError) {
        try changing { () throws(VectorDatabaseError) in
            try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.compact() }
        }
    }

    /// Overwrites what the index keeps of removed and replaced vectors with zeros (``HNSWIndex/secureErase()``).
    ///
    /// - Returns: vectors that results still hold and that were not overwritten.
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    @discardableResult
    public func secureErase() throws(VectorDatabaseError) -> Int {
        try changing { () throws(VectorDatabaseError) in
            try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.secureErase() }
        }
    }

    /// Records a batch's entries under new keys, which it returns.
    private func addRecords(of entries: [VectorEntry]) -> [UInt64] {
        var keys: [UInt64] = []
        keys.reserveCapacity(entries.count)
        forEachPart(of: entries.count) { part in keys += catalog.addRecords(of: entries[part]) }
        return keys
    }

    /// Changes the catalog a part of a batch at a time, so that reads need not wait for all of it.
    private func forEachPart(of count: Int, _ change: (Range<Int>) -> Void) {
        for first in stride(from: 0, to: count, by: 1024) {
            access.write { change(first..<min(first + 1024, count)) }
        }
    }

    /// Runs `body` as the only change.
    private func changing<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try writer.withLock { _ throws(Failure) in try body() }
    }
}

/// Says once, from any thread to any other, that something is no longer wanted.
private final class Flag: Sendable {
    private let raised = Atomic(false)

    var isRaised: Bool { raised.load(ordering: .relaxed) }

    func raise() { raised.store(true, ordering: .relaxed) }
}
