// SPDX-License-Identifier: Apache-2.0

/// Holds vectors by key and answers which are nearest to a query.
///
/// Any method may be called from any thread. Searches run at the same time, and changes one after the other. Each index says what a
/// search sees of a change under way, and whether it waits for it.
public protocol NearestNeighborIndex: Sendable {
    /// Values in every vector.
    var dimensions: Int { get }

    /// What "near" means.
    var metric: Metric { get }

    /// Vectors that are held.
    var count: Int { get }

    /// The keys of all vectors that the index holds at one time. Linear in their number.
    var keys: [UInt64] { get }

    /// What the index consists of.
    var statistics: IndexStatistics { get }

    /// Adds a vector under a new key.
    ///
    /// - Parameter vector: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    func insert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError)

    /// Removes a vector. Returns whether the key was there.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    @discardableResult
    func remove(key: UInt64) throws(VectorIndexError) -> Bool

    /// Removes many vectors in one change. Keys that are not there are left out. Returns the number of vectors removed.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    @discardableResult
    func remove(keys: [UInt64]) throws(VectorIndexError) -> Int

    /// Removes every vector in one change. Returns the number of vectors removed.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    @discardableResult
    func removeAll() throws(VectorIndexError) -> Int

    /// Returns the nearest vectors to a query, nearest first: `k`, or all if there are fewer.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - request: what is wanted.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the query is not a vector of this index, or the index was
    ///   opened from a damaged file.
    func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, request: SearchRequest
    ) throws(VectorIndexError) -> [Neighbor]

    /// Makes any insertions and removals one change: a search sees all of it or nothing.
    ///
    /// - Parameter body: makes the change. It may search, and finds the index as it was. It must not change the index: that traps.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or ``VectorIndexError``. The index is then as it was before.
    @discardableResult
    func change<Result>(_ body: (inout IndexChange) throws -> Result) throws -> Result

    /// Adds a vector under a key, and removes the one that is there, in one change. Returns whether there was one.
    ///
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    @discardableResult
    func upsert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError) -> Bool

    /// Finds the nearest vectors to a query and writes their keys and distances to the caller's memory, nearest first.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - request: what is wanted. No vectors are included.
    ///   - keys: takes the results' keys.
    ///   - distances: takes their distances.
    /// - Returns: the number of results written: those that ``search(_:request:)`` returns, at most as many as both spans hold.
    /// - Throws: ``VectorIndexError`` as ``search(_:request:)``.
    func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, request: SearchRequest,
        keys: inout MutableSpan<UInt64>, distances: inout MutableSpan<Float>
    ) throws(VectorIndexError) -> Int

    /// Answers many queries at once, on several threads: each as ``search(_:request:)`` does, to the bit.
    ///
    /// Queries see the changes that were made before they are answered.
    ///
    /// - Parameters:
    ///   - queries: vectors of `dimensions` values, or all values one query after the other.
    ///   - request: what is wanted of each.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    ///   - progress: called with the number of queries answered so far, on any thread. If it throws, the search ends.
    /// - Returns: the results of each query, nearest first.
    /// - Throws: ``VectorIndexError``: as ``search(_:request:)``, or `progress` has cancelled.
    ///   ``VectorIndexError/batchVector(position:reason:)`` names the refused query of several.
    func search(
        each queries: borrowing some VectorListInput & ~Copyable & ~Escapable, request: SearchRequest, threads: Int?,
        progress: SearchProgress
    ) throws(VectorIndexError) -> [[Neighbor]]

    /// Whether the index holds a vector under the key.
    func contains(key: UInt64) -> Bool

    /// Returns the vector under the key, normalized under ``Metric/cosine``; nil if the key is not there. An index that stores
    /// whole vectors as 32-bit floats shares its memory.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    func vector(for key: UInt64) throws(VectorIndexError) -> SharedVector?

    /// Returns the vectors under some keys as the index holds them at one time; nil for each key that is not there.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    func vectors(for keys: [UInt64]) throws(VectorIndexError) -> [SharedVector?]
}

extension NearestNeighborIndex {
    /// Whether the index holds no vector.
    public var isEmpty: Bool { count == 0 }

    /// Returns the nearest vectors to a query, nearest first: `k`, or all if there are fewer.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - k: results wanted, 0 or more.
    ///   - effort: what the search does to find them.
    ///   - fields: what results carry beside keys and distances.
    ///   - filter: which vectors may be returned; nil for all.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the query is not a vector of this index, or the index was
    ///   opened from a damaged file.
    @inlinable
    public func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, k: Int, effort: SearchEffort = .automatic,
        including fields: SearchFields = [], filter: KeyFilter? = nil
    ) throws(VectorIndexError) -> [Neighbor] {
        try search(query, request: SearchRequest(k: k, effort: effort, including: fields, filter: filter))
    }

    /// Returns all vectors within a distance of a query, nearest first.
    ///
    /// An ``HNSWIndex`` finds them at the recall of the effort, and all of them by ``SearchEffort/exact``.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - distance: the largest distance of a result, in the metric's units.
    ///   - limit: the most results; nil for all.
    ///   - effort: what the search does to find them.
    ///   - fields: what results carry beside keys and distances.
    ///   - filter: which vectors may be returned; nil for all.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the query is not a vector of this index, or the index was
    ///   opened from a damaged file.
    @inlinable
    public func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, within distance: Float, limit: Int? = nil,
        effort: SearchEffort = .automatic, including fields: SearchFields = [], filter: KeyFilter? = nil
    ) throws(VectorIndexError) -> [Neighbor] {
        let request = SearchRequest(
            k: limit ?? .max, effort: effort, including: fields, filter: filter, within: distance)
        return try search(query, request: request)
    }

    /// Answers many queries at once; see ``search(each:request:threads:progress:)``.
    @inlinable
    public func search(
        each queries: borrowing some VectorListInput & ~Copyable & ~Escapable, k: Int,
        effort: SearchEffort = .automatic, including fields: SearchFields = [], filter: KeyFilter? = nil,
        threads: Int? = nil, progress: SearchProgress = { _ in }
    ) throws(VectorIndexError) -> [[Neighbor]] {
        let request = SearchRequest(k: k, effort: effort, including: fields, filter: filter)
        return try search(each: queries, request: request, threads: threads, progress: progress)
    }

    /// Answers many queries at once, on every core; see ``search(each:request:threads:progress:)``.
    @inlinable
    public func search(
        each queries: borrowing some VectorListInput & ~Copyable & ~Escapable, request: SearchRequest,
        threads: Int? = nil
    ) throws(VectorIndexError) -> [[Neighbor]] {
        try search(each: queries, request: request, threads: threads, progress: { _ in })
    }
}
