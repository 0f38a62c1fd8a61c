// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// The searches under way: the memory of each, and the version of the graph that it reads. Entering takes no lock.
///
/// A slot that a change takes out of the graph is reused only when every search has ended that may have seen it (epoch-based
/// reclamation, Fraser 2004). A search announces the version that it reads. The writer asks for the oldest.
final class Readers: @unchecked Sendable {
    // SAFETY: a place's memory belongs to the thread that has taken the place. `next` is set before the place is published.

    /// A place for one search at a time. Places are kept: there are as many as searches ever ran at the same time.
    final class Place {
        fileprivate let isTaken = Atomic(true)

        /// The number of the version that is read; 0 if none is.
        fileprivate let announced = Atomic<UInt64>(0)
        fileprivate var next: Unmanaged<Place>?

        private let makeQueryScratch: () -> QueryScratch

        /// The memory of a search.
        private(set) lazy var query = makeQueryScratch()

        fileprivate init(query: @escaping () -> QueryScratch) { makeQueryScratch = query }
    }

    private let first = Atomic<Unmanaged<Place>?>(nil)
    private let makeQueryScratch: @Sendable () -> QueryScratch

    init(query: @escaping @Sendable () -> QueryScratch) { makeQueryScratch = query }

    deinit {
        var place = first.load(ordering: .acquiring)
        while let last = place {
            place = last.takeUnretainedValue().next
            last.release()
        }
    }

    /// Calls `body` with a place that is the caller's until `body` returns. Announces no version, so `body` must read no slot that
    /// may be reused.
    func withPlace<Result, Failure: Error>(_ body: (Place) throws(Failure) -> Result) throws(Failure) -> Result {
        let place = take()
        defer { place.isTaken.store(false, ordering: .releasing) }
        return try body(place)
    }

    /// Calls `body` with a place and the current version of the graph. No slot of that version is reused until `body` returns.
    func read<Result, Failure: Error>(
        _ graph: HNSWGraph, _ body: (Place, GraphVersion) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let place = take()
        defer {
            place.announced.store(0, ordering: .releasing)
            place.isTaken.store(false, ordering: .releasing)
        }
        var version = graph.version
        while true {
            place.announced.store(version.number, ordering: .sequentiallyConsistent)
            // A writer that has not seen the announcement has already published another version.
            let present = graph.version
            if present == version { return try body(place, version) }
            version = present
        }
    }

    /// The oldest version that is read now, at most `present`.
    func oldest(present: GraphVersion) -> GraphVersion {
        var oldest = present
        var place = first.load(ordering: .sequentiallyConsistent)
        while let current = place?.takeUnretainedValue() {
            let announced = current.announced.load(ordering: .sequentiallyConsistent)
            if announced != 0 { oldest = min(oldest, GraphVersion(announced)) }
            place = current.next
        }
        return oldest
    }

    private func take() -> Place {
        var place = first.load(ordering: .acquiring)
        while let current = place?.takeUnretainedValue() {
            if !current.isTaken.load(ordering: .relaxed),
                current.isTaken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing)
                    .exchanged
            {
                return current
            }
            place = current.next
        }
        let new = Unmanaged.passRetained(Place(query: makeQueryScratch))
        var head = first.load(ordering: .relaxed)
        while true {
            new.takeUnretainedValue().next = head
            let result = first.compareExchange(expected: head, desired: new, ordering: .sequentiallyConsistent)
            if result.exchanged { return new.takeUnretainedValue() }
            head = result.original
        }
    }
}
