// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// Scratch memory of searches: as many as ever ran at once, handed from one search to the next.
final class ScratchPool: Sendable {
    /// One search's memory; used by one thread at a time.
    final class Scratch {
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

    private let dimensions: Int
    private let codeBytes: Int
    private let metric: Metric
    private let instructionSet: InstructionSet
    private let parameters: HNSWParameters

    /// Wrapped, so that what leaves and enters the lock is an owned value.
    private struct Idle: @unchecked Sendable {
        // SAFETY: a scratch is in this list or with one thread, never both.
        var scratches: [Scratch] = []
    }

    private let idle = Mutex(Idle())

    init(
        dimensions: Int, metric: Metric, codes: VectorCodes, instructionSet: InstructionSet,
        parameters: HNSWParameters
    ) {
        self.dimensions = dimensions
        codeBytes = CodeKernel.rowStride(codes, dimensions: dimensions, metric: metric)
        self.metric = metric
        self.instructionSet = instructionSet
        self.parameters = parameters
    }

    func withScratch<Result, Failure: Error>(_ body: (Scratch) throws(Failure) -> Result) throws(Failure) -> Result {
        let scratch = take()
        defer { give(back: scratch) }
        return try body(scratch)
    }

    private func take() -> Scratch {
        nonisolated(unsafe) var taken: Scratch?
        // SAFETY: the closure runs here, once.
        idle.withLock { taken = $0.scratches.popLast() }
        if let taken { return taken }
        let query = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        return Scratch(query: query, codeBytes: codeBytes, parameters: parameters)
    }

    private func give(back scratch: Scratch) {
        nonisolated(unsafe) let scratch = scratch
        // SAFETY: the caller gives up the scratch.
        idle.withLock { $0.scratches.append(scratch) }
    }
}
