// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Adds a vector of `dimensions` finite values under a new key.
    ///
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    public func insert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError) {
        try vector.withSpan { (vector) throws(VectorIndexError) in
            _ = try insertBatch(keys: [key], isReplacing: false, threads: 1, progress: { _ in }) {
                (_, prepared) throws(VectorIndexError) in
                try prepared.prepare(vector)
            }
        }
    }

    /// Adds many vectors, all or none: an error leaves the index unchanged.
    ///
    /// The graph is the same for any number of threads. Searches go on at the same time, and see all of the vectors or none.
    ///
    /// - Parameters:
    ///   - vectors: one vector of `dimensions` values for each key, or all values one vector after the other.
    ///   - keys: the key of each vector.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    ///   - progress: called with the number of vectors linked so far, on the calling thread. It may search. It must not change,
    ///     calibrate or measure the index: that traps. If it throws, the index is left as it was before the call.
    /// - Throws: ``VectorIndexError``: `progress` has cancelled; the number of values, a vector, a key or `threads` is refused; or
    ///   there is no room. ``VectorIndexError/batchVector(position:reason:)`` names the refused vector of several.
    public func insert(
        contentsOf vectors: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64],
        threads: Int? = nil,
        progress: BatchProgress = { _ in }
    ) throws(VectorIndexError) {
        _ = try insertBatch(vectors, keys: keys, isReplacing: false, threads: threads, progress: progress)
    }

    /// Adds a vector under a key, and removes the one that is there, in one change: a search finds the old one or the new one.
    ///
    /// - Returns: whether there was one.
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    @discardableResult
    public func upsert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError) -> Bool {
        try vector.withSpan { (vector) throws(VectorIndexError) in
            try insertBatch(keys: [key], isReplacing: true, threads: 1, progress: { _ in }) {
                (_, prepared) throws(VectorIndexError) in
                try prepared.prepare(vector)
            } > 0
        }
    }

    /// Adds many vectors, and removes those that are under their keys, in one change. Parameters and errors are those of
    /// ``insert(contentsOf:keys:threads:progress:)``, but keys may be present.
    ///
    /// - Returns: the number of vectors replaced.
    @discardableResult
    public func upsert(
        contentsOf vectors: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64],
        threads: Int? = nil,
        progress: BatchProgress = { _ in }
    ) throws(VectorIndexError) -> Int {
        try insertBatch(vectors, keys: keys, isReplacing: true, threads: threads, progress: progress)
    }

    private func insertBatch(
        _ vectors: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64], isReplacing: Bool,
        threads: Int?, progress: BatchProgress
    ) throws(VectorIndexError) -> Int {
        try vectors.check(keys: keys, dimensions: dimensions)
        var checkedCount = 0
        return try insertBatch(keys: keys, isReplacing: isReplacing, threads: threads, progress: progress) {
            (i, prepared) throws(VectorIndexError) in
            do throws(VectorIndexError) {
                try vectors.withVector(at: i, dimensions: dimensions) { (vector) throws(VectorIndexError) in
                    try prepared.prepare(vector)
                }
            } catch {
                precondition(checkedCount < keys.count, "a vector has changed while it was inserted")
                throw error
            }
            checkedCount += 1
        }
    }

    /// Adds the vectors that `prepare` makes ready, by their positions. Returns how many it replaced.
    private func insertBatch(
        keys: [UInt64], isReplacing: Bool, threads: Int?, progress: BatchProgress,
        prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) -> Int {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        guard !keys.isEmpty else { return 0 }
        return try writer.withLock { (writer) throws(VectorIndexError) in
            try writer.insertBatch(
                keys: keys, isReplacing: isReplacing, threads: threads, progress: progress, prepare: prepare)
        }
    }
}

/// Called with the number of vectors linked so far; throws to cancel the batch. It may search the index. A call that waits for
/// changes traps: another change, a calibration, ``HNSWIndex/memoryBytes`` or ``HNSWIndex/checkInvariants()``.
public typealias BatchProgress = (Int) throws(CancellationError) -> Void
