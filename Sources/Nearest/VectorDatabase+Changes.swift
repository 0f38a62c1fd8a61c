// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

extension VectorDatabase {
    /// Adds an entry.
    ///
    /// - Throws: ``VectorDatabaseError``: the id is there already, or the vector is not one of this database's.
    public func insert(_ entry: VectorEntry) throws(VectorDatabaseError) {
        try insert(contentsOf: [entry], threads: 1)
    }

    /// Adds many entries, all or none. Searches go on at the same time and see none of them before all are there.
    ///
    /// - Parameters:
    ///   - entries: what to add, with ids that are new and different.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core. The index is the same for any number.
    ///   - progress: called with the number of entries linked so far, on the calling thread. It may read. It must not change or
    ///     calibrate the database: that traps. If it throws, nothing was added.
    /// - Throws: ``VectorDatabaseError``: an id is there already or named twice, a vector is not one of this database's,
    ///   `threads` is outside its range, or `progress` has cancelled.
    public func insert(
        contentsOf entries: [VectorEntry], threads: Int? = nil, progress: BatchProgress = { _ in }
    ) throws(VectorDatabaseError) {
        if let threads {
            do { try VectorIndexError.check("threads", threads, in: IndexLimits.threads) } catch { throw .index(error) }
        }
        for entry in entries { try entry.checkMetadata() }
        try writer.withLock { (writer) throws(VectorDatabaseError) in
            try writer.insert(contentsOf: entries, threads: threads, progress: progress)
        }
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
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Returns: a sequence that throws ``VectorDatabaseError`` as ``insert(contentsOf:threads:progress:)`` does.
    public func insertions(
        of entries: [VectorEntry], threads: Int? = nil
    ) -> AsyncThrowingStream<Int, any Error> {
        AsyncThrowingStream { continuation in
            let isCancelled = Flag()
            continuation.onTermination = { if case .cancelled = $0 { isCancelled.raise() } }
            DispatchQueue(label: "batch insertion").async {
                do {
                    try self.insert(contentsOf: entries, threads: threads) { (linked) throws(CancellationError) in
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

    /// Adds an entry, or replaces the one with its id, in one change: a search sees the old one or the new one, never both. Takes
    /// as long as an insertion and a removal.
    ///
    /// - Returns: whether an entry was replaced.
    /// - Throws: ``VectorDatabaseError``: the vector is not one of this database's.
    @discardableResult
    public func upsert(_ entry: VectorEntry) throws(VectorDatabaseError) -> Bool {
        try upsert(contentsOf: [entry], threads: 1) > 0
    }

    /// Adds many entries, and replaces those with their ids, in one change: all or none. A search sees all of the old ones or all of
    /// the new ones.
    ///
    /// - Parameters:
    ///   - entries: what to add, with ids that are different.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    ///   - progress: as for ``insert(contentsOf:threads:progress:)``.
    /// - Returns: the number of entries replaced.
    /// - Throws: ``VectorDatabaseError``: an id is named twice, a vector is not one of this database's, `threads` is outside its
    ///   range, or `progress` has cancelled.
    @discardableResult
    public func upsert(
        contentsOf entries: [VectorEntry], threads: Int? = nil, progress: BatchProgress = { _ in }
    ) throws(VectorDatabaseError) -> Int {
        if let threads {
            do { try VectorIndexError.check("threads", threads, in: IndexLimits.threads) } catch { throw .index(error) }
        }
        for entry in entries { try entry.checkMetadata() }
        return try writer.withLock { (writer) throws(VectorDatabaseError) in
            try writer.upsert(contentsOf: entries, threads: threads, progress: progress)
        }
    }

    /// Removes an entry. Returns whether there was one with the id.
    ///
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    @discardableResult
    public func remove(_ id: String) throws(VectorDatabaseError) -> Bool {
        try writer.withLock { (writer) throws(VectorDatabaseError) in try writer.remove([id]) > 0 }
    }

    /// Unlinks every removed or replaced entry from the index, so that new ones take their places and searches pass them no more
    /// (``HNSWIndex/compact()``). Changes wait, searches do not.
    ///
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    public func compact() throws(VectorDatabaseError) {
        try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.compact() }
    }

    /// Overwrites what the index keeps of removed and replaced vectors with zeros (``HNSWIndex/secureErase()``).
    ///
    /// - Returns: vectors that results still hold and that were not overwritten.
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    @discardableResult
    public func secureErase() throws(VectorDatabaseError) -> Int {
        try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.secureErase() }
    }
}

/// Says once, from any thread to any other, that something is no longer wanted.
private final class Flag: Sendable {
    private let raised = Atomic(false)

    var isRaised: Bool { raised.load(ordering: .relaxed) }

    func raise() { raised.store(true, ordering: .relaxed) }
}
