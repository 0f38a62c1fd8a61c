// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

extension HNSWIndex {
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
    public func search(
        each queries: borrowing some VectorListInput & ~Copyable & ~Escapable, request: SearchRequest, threads: Int?,
        progress: SearchProgress
    ) throws(VectorIndexError) -> [[Neighbor]] {
        var distanceCount = 0
        return try search(
            each: queries, request: request, threads: threads, progress: progress, distanceCount: &distanceCount)
    }

    /// The search that also says how many distances it computed.
    package func search(
        each queries: borrowing some VectorListInput & ~Copyable & ~Escapable, request: SearchRequest, threads: Int?,
        progress: SearchProgress = { _ in }, distanceCount: inout Int
    ) throws(VectorIndexError) -> [[Neighbor]] {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        let batch = try PreparedBatch(queries, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        let plan = try plan(request)
        var results = [[Neighbor]](repeating: [], count: batch.count)
        let partSize = max(1, min(Self.maximumPart, (batch.count + threads - 1) / threads))
        let distances = Atomic(0)
        do throws(CancellationError) {
            try results.withUnsafeMutableBufferPointer { results throws(CancellationError) in
                try Parallel.forEachPart(
                    of: batch.count, size: partSize, threads: threads, progress: progress
                ) { part in
                    // Each part reads its own version, so that slots of removed vectors are reused sooner.
                    let computed = readers.read(graph) { place, version in
                        find(part, of: batch, request: request, plan: plan, version: version, scratch: place.query) {
                            results[$0] = $1
                        }
                    }
                    distances.add(computed, ordering: .relaxed)
                }
            }
        } catch { throw .cancelled }
        withExtendedLifetime(plan) {}
        distanceCount = distances.load(ordering: .relaxed)
        return results
    }

    /// Queries that a thread takes at a time.
    private static var maximumPart: Int { 128 }

    /// Answers a part of a batch. Returns the number of distances computed.
    private func find(
        _ part: Range<Int>, of batch: PreparedBatch, request: SearchRequest, plan: SearchPlan, version: GraphVersion,
        scratch: QueryScratch, answer: (Int, [Neighbor]) -> Void
    ) -> Int {
        var view = graph.view(at: version, filter: plan.filter)
        view.radius = plan.radius
        // Not the count, which may be that of another version; an index that is empty by now has nothing to return.
        let limit = min(request.reach, view.slotCount)
        guard limit > 0, count > 0 else { return 0 }
        let state = state.value
        let shared = request.including.contains(.vectors) ? state.vectors : nil
        if case .everything = plan.way {
            return findEverything(
                part, of: batch, limit: limit, view: view, vectors: state.vectors,
                vector: shared?.shared(version: version.number)
            ) { q, neighbors in
                answer(q, request.page(of: neighbors))
            }
        }
        // The same for every query of the part.
        let matches = plan.way == .matches ? matches(plan.filter, in: view, version: version) : []
        scratch.search.view = view
        var distanceCount = 0
        for q in part {
            // A search with a judge ends by the distances that it has computed.
            scratch.search.distanceCount = 0
            let query = PreparedQuery(values: batch.query(q), squaredNorm: batch.squaredNorm(q), hidden: nil)
            let found: Int
            if case .graph(let budget) = plan.way {
                found = follow(query, limit: limit, budget: budget, plan: plan, state: state, scratch: scratch)
            } else {
                found = compareByCodes(query, limit: limit, among: matches, state: state, scratch: &scratch.search)
            }
            let count = within(plan.radius, found, in: scratch.search)
            answer(q, request.page(of: neighbors(count, in: scratch.search, vectors: shared, version: version)))
            distanceCount += scratch.search.distanceCount
        }
        return distanceCount
    }

    /// Answers a part of a batch by comparing every vector. Returns the number of distances computed.
    private func findEverything(
        _ part: Range<Int>, of batch: PreparedBatch, limit: Int, view: GraphView, vectors: StoredVectors,
        vector: ((Slot) -> SharedVector)?, answer: (Int, [Neighbor]) -> Void
    ) -> Int {
        let slots = graph.admittedSlots(in: view)
        let queries = part.map {
            PreparedQuery(values: batch.query($0), squaredNorm: batch.squaredNorm($0), hidden: nil)
        }
        let found = vectors.nearestByRows(
            to: queries, limit: limit, within: view.radius ?? .infinity, among: slots)
        for (q, nearest) in zip(part, found) {
            answer(q, nearest.map { neighbor(Slot($0.slot), $0.distance, vector: vector?(Slot($0.slot))) })
        }
        return part.count * slots.count
    }
}
