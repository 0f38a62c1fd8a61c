// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// Scratch memory of searches: as many as ever ran at once, handed from one search to the next.
final class ScratchPool<Scratch: AnyObject>: Sendable {
    private let make: @Sendable () -> Scratch

    /// Wrapped, so that what leaves and enters the lock is an owned value.
    private struct Idle: @unchecked Sendable {
        // SAFETY: a scratch is in this list or with one thread, never both.
        var scratches: [Scratch] = []
    }

    private let idle = Mutex(Idle())

    init(make: @escaping @Sendable () -> Scratch) { self.make = make }

    func withScratch<Result, Failure: Error>(_ body: (Scratch) throws(Failure) -> Result) throws(Failure) -> Result {
        let scratch = take()
        defer { give(back: scratch) }
        return try body(scratch)
    }

    private func take() -> Scratch {
        nonisolated(unsafe) var taken: Scratch?
        // SAFETY: the closure runs here, once.
        idle.withLock { taken = $0.scratches.popLast() }
        return taken ?? make()
    }

    private func give(back scratch: Scratch) {
        nonisolated(unsafe) let scratch = scratch
        // SAFETY: the caller gives up the scratch.
        idle.withLock { $0.scratches.append(scratch) }
    }
}

/// One search's memory; used by one thread at a time.
final class QueryScratch {
    var query: PreparedVector
    var search: SearchScratch

    /// The query's codes.
    let codes: AlignedBuffer<UInt8>

    init(query: consuming PreparedVector, codeBytes: Int, parameters: HNSWParameters) {
        self.query = query
        codes = AlignedBuffer(capacity: codeBytes, zero: 0)
        search = SearchScratch(parameters: parameters)
    }
}

/// The memory of searches that take turns on one thread.
final class LaneScratch {
    let lanes: SearchLanes

    /// Codes of the queries of a part of a batch, and what each was multiplied by before it was encoded.
    private(set) var codes = AlignedBuffer<UInt8>(capacity: 0, zero: 0)
    var factors: [Float] = []

    init(parameters: HNSWParameters) { lanes = SearchLanes(parameters: parameters) }

    /// Makes room for queries' codes.
    func reserve(codeBytes: Int, queries: Int) {
        if codes.capacity < codeBytes { codes = AlignedBuffer(capacity: codeBytes, zero: 0) }
        if factors.count < queries { factors = [Float](repeating: 1, count: queries) }
    }
}
