// SPDX-License-Identifier: Apache-2.0

/// Answers nearest-neighbor queries exactly, by comparing the query with every vector.
///
/// Equal distances are ordered by the order of insertion. Under ``Metric/cosine``, distances are compared before rounding errors
/// below 0 and above 2 are cut off. The memory of a removed vector is not reused.
public final class ExactIndex: NearestNeighborIndex {
    /// Values in every vector.
    public let dimensions: Int
    /// What "near" means.
    public let metric: Metric

    /// The instruction set that distances are computed with.
    public let instructionSet: InstructionSet

    /// What searches read.
    let rows: SharedValue<ExactRows>

    /// What changes the vectors, one call at a time.
    let writer: Guarded<SharedValueWriter<ExactRows>>

    /// Makes an empty index.
    ///
    /// - Parameters:
    ///   - dimensions: values in every vector, 1 to 65,536.
    ///   - metric: what "near" means.
    ///   - instructionSet: nil takes `NEAREST_ISA` or the fastest (``InstructionSet/resolve(_:)``).
    ///   - usesCodes: whether 8-bit codes are kept beside the vectors, about `dimensions + 21` bytes each. They rule out most
    ///     vectors before these are read. The results are the same. Batches of vectors of many dimensions are about three times as
    ///     fast. ``Metric/manhattan`` has no codes.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the instruction set is not supported, or the system
    ///   has no address space for the index.
    public init(
        dimensions: Int, metric: Metric, instructionSet: InstructionSet? = nil, usesCodes: Bool = true
    ) throws(VectorIndexError) {
        try VectorIndexError.check("dimensions", dimensions, in: IndexLimits.dimensions)
        do { self.instructionSet = try InstructionSet.resolve(instructionSet) } catch { throw .instructionSet(error) }
        self.dimensions = dimensions
        self.metric = metric
        let writer: SharedValueWriter<ExactRows>
        do throws(StorageError) {
            let rows = try ExactRows(
                dimensions: dimensions, metric: metric, instructionSet: self.instructionSet,
                usesCodes: usesCodes && metric != .manhattan)
            writer = SharedValueWriter(rows)
        } catch { throw VectorIndexError(error) }
        rows = writer.shared
        self.writer = Guarded(writer)
    }

    /// Vectors that are held.
    public var count: Int { rows.read { $0.directory.count } }

    /// Whether the index holds a vector under the key.
    public func contains(key: UInt64) -> Bool { rows.read { $0.directory.slot(of: key) != nil } }

    /// Returns a copy of the vector under the key; normalized under ``Metric/cosine``. The index itself stores vectors
    /// dimension-major, 64 together.
    public func vector(for key: UInt64) -> SharedVector? { rows.read { $0.vector(for: key) } }

    /// Adds a vector of `dimensions` finite values under a new key.
    ///
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    public func insert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError) {
        try vector.withSpan { (vector) throws(VectorIndexError) in try insert(contentsOf: vector, keys: [key]) }
    }

    /// Adds many vectors, all or none: an error leaves the index unchanged.
    ///
    /// - Parameters:
    ///   - vectors: one vector of `dimensions` values for each key, or all values one vector after the other.
    ///   - keys: the key of each vector.
    /// - Throws: ``VectorIndexError``: the number of values, a vector or a key is refused, or there is no room.
    ///   ``VectorIndexError/batchVector(position:reason:)`` names the refused vector of several.
    public func insert(
        contentsOf vectors: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64]
    ) throws(VectorIndexError) {
        try vectors.check(keys: keys, dimensions: dimensions)
        var prepared = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        for i in keys.indices {
            do throws(VectorIndexError) {
                try vectors.withVector(at: i, dimensions: dimensions) { (vector) throws(VectorIndexError) in
                    try prepared.prepare(vector)
                }
            } catch {
                throw keys.count == 1 ? error : .batchVector(position: i, reason: error)
            }
        }
        try writer.withLock { (rows) throws(VectorIndexError) in
            try rows.write { (rows) throws(VectorIndexError) in
                try rows.directory.checkNew(keys)
                try VectorIndexError.wrap { () throws(StorageError) in try rows.ensure(additional: keys.count) }
            }
            // A part at a time, so that searches do not wait until all of a large batch is copied.
            for first in stride(from: 0, to: keys.count, by: 256) {
                rows.write { $0.append(vectors, keys: keys, part: first..<min(first + 256, keys.count)) }
            }
        }
    }

    /// Makes any insertions and removals one change: a search sees all of it or nothing, and waits while it is applied.
    ///
    /// - Parameter body: makes the change. It may search, and finds the index as it was. It must not change the index: that traps.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or ``VectorIndexError``: there is no room. The index is then as it was before.
    @discardableResult
    public func change<Result>(_ body: (inout IndexChange) throws -> Result) throws -> Result {
        try typedChange(failure: { $0 as any Error }, body)
    }

    private func typedChange<Result, Failure: Error>(
        failure: (VectorIndexError) -> Failure, _ body: (inout IndexChange) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let shared = rows
        return try writer.withLock { (rows) throws(Failure) in
            let prepared = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
            var change = IndexChange(dimensions: dimensions, prepared: prepared) { key in
                shared.read { $0.directory.slot(of: key) != nil }
            }
            let result = try body(&change)
            let collected = change.collected()
            do throws(VectorIndexError) {
                try rows.write { (rows) throws(VectorIndexError) in
                    let keys = collected.keys
                    try VectorIndexError.wrap { () throws(StorageError) in try rows.ensure(additional: keys.count) }
                    for key in collected.removedKeys { _ = rows.remove(key) }
                    rows.append(collected.values, keys: keys, part: 0..<keys.count)
                }
            } catch { throw failure(error) }
            return result
        }
    }

    /// Adds a vector under a key, and removes the one that is there, in one change.
    ///
    /// - Returns: whether there was one.
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    @discardableResult
    public func upsert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError) -> Bool {
        try vector.withSpan { (vector) throws(VectorIndexError) in try upsert(contentsOf: vector, keys: [key]) > 0 }
    }

    /// Adds many vectors, and removes those that are under their keys, in one change.
    ///
    /// - Parameters:
    ///   - vectors: one vector of `dimensions` values for each key, or all values one vector after the other.
    ///   - keys: the key of each vector; no key twice.
    /// - Returns: the number of vectors replaced.
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    @discardableResult
    public func upsert(
        contentsOf vectors: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64]
    ) throws(VectorIndexError) -> Int {
        try KeyDirectory.checkDistinct(keys)
        return try typedChange(failure: { $0 }) { (change) throws(VectorIndexError) in
            let count = change.remove(keys: keys)
            try change.insert(contentsOf: vectors, keys: keys)
            return count
        }
    }

    /// Removes a vector; it is never returned again. Returns whether the key was there.
    @discardableResult
    public func remove(key: UInt64) -> Bool { writer.withLock { $0.write { $0.remove(key) } } }

    /// Returns the `k` nearest vectors to a query, nearest first, or all if there are fewer. Linear in the number of vectors.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - request: what is wanted. Under every effort each vector is compared.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the query is not a vector of this index.
    @inlinable
    public func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, request: SearchRequest
    ) throws(VectorIndexError) -> [Neighbor] {
        try query.withSpan { (query) throws(VectorIndexError) in try neighbors(of: query, request: request) }
    }

    /// Finds the nearest vectors to a query and writes their keys and distances to the caller's memory, nearest first.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - request: what is wanted. No vectors are included.
    ///   - keys: takes the results' keys.
    ///   - distances: takes their distances.
    /// - Returns: the number of results written: those that ``search(_:request:)`` returns, at most as many as both spans hold.
    /// - Throws: ``VectorIndexError`` as ``search(_:request:)``.
    public func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, request: SearchRequest,
        keys: inout MutableSpan<UInt64>, distances: inout MutableSpan<Float>
    ) throws(VectorIndexError) -> Int {
        var request = request
        request.including = []
        let neighbors = try search(query, request: request)
        let count = min(neighbors.count, keys.count, distances.count)
        for i in 0..<count {
            keys[i] = neighbors[i].key
            distances[i] = neighbors[i].distance
        }
        return count
    }

    @usableFromInline
    func neighbors(of query: Span<Float>, request: SearchRequest) throws(VectorIndexError) -> [Neighbor] {
        try request.check()
        var prepared = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        try prepared.prepare(query)
        return withUnsafePointer(to: prepared.squaredNorm) { squaredNorm in
            let tile = QueryBlock(
                base: prepared.values, count: 1, stride: VectorMatrix.paddedDimensions(dimensions),
                squaredNorms: squaredNorm)
            return rows.read { $0.nearest(to: tile, request: request)[0] }
        }
    }
}
