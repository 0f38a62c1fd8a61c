// SPDX-License-Identifier: Apache-2.0

import Dispatch
import HNSW
import Synchronization

extension HNSWIndex {
    /// Answers many queries at once, on several threads: the results that ``search(_:k:efSearch:)-(Span<Float>,_,_)`` gives for
    /// each.
    ///
    /// Changes made meanwhile are seen by the queries that are answered after them.
    ///
    /// - Parameters:
    ///   - queries: the queries one after the other, a multiple of `dimensions` values.
    ///   - k: results wanted of each, 0 or more.
    ///   - efSearch: candidates to keep, 1 or more, and at least `k` are kept; nil takes ``HNSWOptions/efSearch``.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Returns: the results of each query, nearest first.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or a query is not a vector of this index.
    public func searchBatch(
        _ queries: Span<Float>, k: Int, efSearch: Int? = nil, threads: Int? = nil
    ) throws(VectorIndexError) -> [[Neighbor]] {
        var distanceCount = 0
        return try searchBatch(queries, k: k, efSearch: efSearch, threads: threads, distanceCount: &distanceCount)
    }

    /// Answers many queries at once; see ``searchBatch(_:k:efSearch:threads:)-(Span<Float>,_,_,_)``.
    public func searchBatch(
        _ queries: [Float], k: Int, efSearch: Int? = nil, threads: Int? = nil
    ) throws(VectorIndexError) -> [[Neighbor]] {
        try searchBatch(queries.span, k: k, efSearch: efSearch, threads: threads)
    }

    /// Answers many queries at once with the wanted recall: the results that
    /// ``search(_:k:recall:)-(Span<Float>,_,_)`` gives for each.
    ///
    /// - Parameters:
    ///   - queries: the queries one after the other, a multiple of `dimensions` values.
    ///   - k: results wanted of each, 0 or more.
    ///   - recall: the mean share of the true nearest that is to be found, above 0, up to 1.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Returns: the results of each query, nearest first.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or a query is not a vector of this index.
    public func searchBatch(
        _ queries: Span<Float>, k: Int, recall: Double, threads: Int? = nil
    ) throws(VectorIndexError) -> [[Neighbor]] {
        var distanceCount = 0
        return try searchBatch(
            queries, k: k, plan: try plan(k: k, recall: recall), threads: threads, distanceCount: &distanceCount)
    }

    /// Answers many queries at once with the wanted recall; see
    /// ``searchBatch(_:k:recall:threads:)-(Span<Float>,_,_,_)``.
    public func searchBatch(
        _ queries: [Float], k: Int, recall: Double, threads: Int? = nil
    ) throws(VectorIndexError) -> [[Neighbor]] {
        try searchBatch(queries.span, k: k, recall: recall, threads: threads)
    }

    /// The search that also says how many distances it computed.
    package func searchBatch(
        _ queries: Span<Float>, k: Int, efSearch: Int?, threads: Int?, distanceCount: inout Int
    ) throws(VectorIndexError) -> [[Neighbor]] {
        try searchBatch(
            queries, k: k, plan: try plan(k: k, efSearch: efSearch), threads: threads, distanceCount: &distanceCount)
    }

    /// The search that goes by a plan.
    private func searchBatch(
        _ queries: Span<Float>, k: Int, plan: SearchPlan, threads: Int?, distanceCount: inout Int
    ) throws(VectorIndexError) -> [[Neighbor]] {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        let batch = try PreparedBatch(queries, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        var results = [[Neighbor]](repeating: [], count: batch.count)
        let partSize = max(1, min(Self.maximumPart, (batch.count + threads - 1) / threads))
        let partCount = (batch.count + partSize - 1) / partSize
        let next = Atomic(0)
        let distances = Atomic(0)
        results.withUnsafeMutableBufferPointer { results in
            // SAFETY: every part of the queries is taken by one thread, which writes the results of that part only.
            nonisolated(unsafe) let results = results
            DispatchQueue.concurrentPerform(iterations: max(1, min(threads, partCount))) { _ in
                while true {
                    let first = next.add(1, ordering: .relaxed).oldValue * partSize
                    guard first < batch.count else { return }
                    let part = first..<min(first + partSize, batch.count)
                    // A version is read for a part only: what is removed meanwhile can be used again the sooner.
                    let computed = self.readers.read(self.graph) { place, version in
                        self.find(part, of: batch, k: k, plan: plan, version: version, scratch: place.query) {
                            results[$0] = $1
                        }
                    }
                    distances.add(computed, ordering: .relaxed)
                }
            }
        }
        distanceCount = distances.load(ordering: .relaxed)
        return results
    }

    /// Queries that a thread takes at a time.
    private static var maximumPart: Int { 128 }

    /// Answers a part of a batch. Returns the number of distances computed.
    private func find(
        _ part: Range<Int>, of batch: PreparedBatch, k: Int, plan: SearchPlan, version: GraphVersion,
        scratch: QueryScratch, answer: (Int, [Neighbor]) -> Void
    ) -> Int {
        let view = graph.view(at: version)
        // Not the count, which may be that of another version; an index that is empty by now has nothing to return.
        let limit = min(k, view.slotCount)
        guard limit > 0, count > 0 else { return 0 }
        let state = state.value
        guard case .graph(let effort) = plan else {
            return findEverything(part, of: batch, limit: limit, view: view, vectors: state.vectors, answer: answer)
        }
        scratch.search.view = view
        var distanceCount = 0
        for q in part {
            // A search that judges itself ends by what it has cost.
            scratch.search.distanceCount = 0
            let query = PreparedQuery(values: batch.query(q), squaredNorm: batch.squaredNorm(q), hidden: nil)
            find(query, limit: limit, effort: effort, state: state, scratch: scratch)
            let found = complete(query, limit: limit, vectors: state.vectors, scratch: &scratch.search)
            answer(q, neighbors(found, in: scratch.search))
            distanceCount += scratch.search.distanceCount
        }
        return distanceCount
    }

    /// Answers a part of a batch by comparing every vector. Returns the number of distances computed.
    private func findEverything(
        _ part: Range<Int>, of batch: PreparedBatch, limit: Int, view: GraphView, vectors: StoredVectors,
        answer: (Int, [Neighbor]) -> Void
    ) -> Int {
        let slots = liveSlots(in: view)
        let queries = part.map {
            PreparedQuery(values: batch.query($0), squaredNorm: batch.squaredNorm($0), hidden: nil)
        }
        let found = nearestByRows(to: queries, limit: limit, among: slots, vectors: vectors)
        for (q, nearest) in zip(part, found) { answer(q, nearest.map { neighbor(Slot($0.slot), $0.distance) }) }
        return part.count * slots.count
    }
}
