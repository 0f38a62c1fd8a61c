// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Answers nearest-neighbour queries exactly, by comparing the query with every vector.
///
/// Equal distances are ordered by the order of insertion; under ``Metric/cosine``, those that are equal before rounding errors
/// below 0 and above 2 are cut off. The memory of a removed vector is not reused yet.
public final class ExactIndex: NearestNeighborIndex, @unchecked Sendable {
    // SAFETY: `directory`, `live`, `maximumSquaredNorm` and the count of `vectors` are read under `access.read` and changed
    // under `access.write`; only the holder of `writer` changes them, so it may also read them without `access`.

    /// Values in every vector.
    public let dimensions: Int
    /// What "near" means.
    public let metric: Metric

    /// The instruction set that distances are computed with.
    public let instructionSet: InstructionSet

    let vectors: VectorBlocks
    let kernel: Float32BlockKernel

    /// Codes of the vectors, slot by slot; nil where there are none.
    let codes: CodeBlocks?

    let access = ReadersWriterLock()
    let writer = Guarded(())
    var directory: KeyDirectory

    /// A bit for each vector of a block that is not removed.
    var live: [UInt64] = []

    /// The largest `Σ x²` of a vector that was ever inserted.
    var maximumSquaredNorm: Float = 0

    /// Makes an empty index.
    ///
    /// - Parameters:
    ///   - dimensions: values in every vector, 1 to 65,536.
    ///   - metric: what "near" means.
    ///   - instructionSet: nil takes `NEAREST_ISA` or the fastest (``InstructionSet/resolve(_:)``).
    ///   - usesCodes: whether 8-bit codes are kept beside the vectors, about `dimensions + 21` bytes each, which rule out most
    ///     vectors before they are read. The results are the same, and batches of many dimensions about three times as fast.
    ///     ``Metric/manhattan`` has no codes.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the instruction set is not supported, or the system
    ///   has no address space for the index.
    public init(
        dimensions: Int, metric: Metric, instructionSet: InstructionSet? = nil, usesCodes: Bool = true
    ) throws(VectorIndexError) {
        try VectorIndexError.check("dimensions", dimensions, in: IndexLimits.dimensions)
        do { self.instructionSet = try InstructionSet.resolve(instructionSet) } catch { throw .instructionSet(error) }
        self.dimensions = dimensions
        self.metric = metric
        do {
            vectors = try VectorBlocks(dimensions: dimensions)
            directory = try KeyDirectory(capacity: vectors.capacity)
        } catch { throw VectorIndexError(error) }
        kernel = vectors.kernel(metric: metric, instructionSet: self.instructionSet)
        do {
            codes =
                usesCodes && metric != .manhattan
                ? try CodeBlocks(
                    dimensions: dimensions, metric: metric, instructionSet: self.instructionSet,
                    blocks: vectors.capacity / Float32BlockKernel.blockSize)
                : nil
        } catch { throw VectorIndexError(error) }
    }

    /// Vectors that are held.
    public var count: Int { access.read { directory.count } }

    /// Whether the index holds a vector under the key.
    public func contains(key: UInt64) -> Bool { access.read { directory.slot(of: key) != nil } }

    /// Returns a copy of the vector under the key; normalised under ``Metric/cosine``. The index itself stores vectors
    /// dimension-major, 64 together.
    public func vector(for key: UInt64) -> SharedVector? {
        access.read { directory.slot(of: key).map { SharedVector(vectors.vector($0)) } }
    }

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
    /// - Throws: ``VectorIndexError``: the number of values, a vector or a key is not as it must be, or there is no room. The
    ///   refused vector of several is named by ``VectorIndexError/batchVector(position:reason:)``.
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
        try writer.withLock { _ throws(VectorIndexError) in
            try access.write { () throws(VectorIndexError) in
                try directory.checkNew(keys)
                try VectorIndexError.wrap { () throws(StorageError) in
                    try self.vectors.ensure(additional: keys.count)
                    try codes?.ensure(additional: keys.count)
                    try directory.ensure(slotCount: self.vectors.count + keys.count, additional: keys.count)
                }
            }
            // A part at a time, so that searches need not wait for all of a large batch to be copied.
            for first in stride(from: 0, to: keys.count, by: 256) {
                access.write { append(vectors, keys: keys, part: first..<min(first + 256, keys.count)) }
            }
        }
    }

    /// Stores vectors that have been checked; the caller holds `writer` and `access`.
    private func append(
        _ vectors: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64], part: Range<Int>
    ) {
        var prepared = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        for i in part {
            do throws(VectorIndexError) {
                try vectors.withVector(at: i, dimensions: dimensions) { (vector) throws(VectorIndexError) in
                    try prepared.prepare(vector)
                }
            } catch {
                preconditionFailure("a vector has changed while it was inserted: \(error)")
            }
            maximumSquaredNorm = max(maximumSquaredNorm, prepared.squaredNorm)
            let slot = self.vectors.append(prepared.values, squaredNorm: prepared.squaredNorm)
            codes?.append(prepared.values, squaredNorm: prepared.squaredNorm)
            directory.set(keys[i], slot)
            setLive(slot, true)
        }
    }

    /// Removes a vector; it is never returned again. Returns whether the key was there.
    @discardableResult
    public func remove(key: UInt64) -> Bool {
        writer.withLock { _ in
            access.write { forget(key) }
        }
    }

    /// Removes a vector, if its key is there; the caller holds `writer` and `access`.
    func forget(_ key: UInt64) -> Bool {
        guard let slot = directory.remove(key) else { return false }
        setLive(slot, false)
        return true
    }

    /// Whether a slot's vector is not removed; the caller reads or holds `writer`.
    func isLive(_ slot: Slot) -> Bool {
        let (block, place) = slot.index.quotientAndRemainder(dividingBy: Float32BlockKernel.blockSize)
        return live[block] & 1 << UInt64(place) != 0
    }

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
    /// - Returns: the number of results written: those that ``search(_:request:)`` returns, as many as both spans hold.
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
            return access.read { nearest(to: tile, request: request)[0] }
        }
    }

    static func slot(_ block: Int, _ place: Int) -> UInt32 {
        UInt32(block * Float32BlockKernel.blockSize + place)
    }

    private func setLive(_ slot: Slot, _ isLive: Bool) {
        let (block, place) = slot.index.quotientAndRemainder(dividingBy: Float32BlockKernel.blockSize)
        while live.count <= block { live.append(0) }
        let bit = UInt64(1) << UInt64(place)
        if isLive { live[block] |= bit } else { live[block] &= ~bit }
    }

    func neighbor(_ candidate: NearestSelection.Candidate) -> Neighbor {
        Neighbor(key: directory.key(of: Slot(candidate.slot)), distance: metric.presented(candidate.distance))
    }
}
