// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Returns the nearest vectors to a query, nearest first: `k`, or all if there are fewer.
    ///
    /// If edges lead to fewer vectors than are wanted, every vector is compared.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - request: what is wanted.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the query is not a vector of this index, or the index was
    ///   opened from a damaged file.
    @inlinable
    public func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, request: SearchRequest
    ) throws(VectorIndexError) -> [Neighbor] {
        try query.withSpan { (query) throws(VectorIndexError) in try neighbors(of: query, request: request) }
    }

    /// Finds the nearest vectors to a query and writes their keys and distances to the caller's memory, nearest first. Allocates
    /// nothing if as many searches have run at the same time before.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - request: what is wanted. No vectors are included.
    ///   - keys: takes the results' keys.
    ///   - distances: takes their distances.
    /// - Returns: the number of results written: those that ``search(_:request:)`` returns, at most as many as both spans hold.
    /// - Throws: ``VectorIndexError`` as ``search(_:request:)``.
    @inlinable
    public func search(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, request: SearchRequest,
        keys: inout MutableSpan<UInt64>, distances: inout MutableSpan<Float>
    ) throws(VectorIndexError) -> Int {
        try keys.withUnsafeMutableBufferPointer { (keys) throws(VectorIndexError) in
            try distances.withUnsafeMutableBufferPointer { (distances) throws(VectorIndexError) in
                try query.withSpan { (query) throws(VectorIndexError) in
                    try writeNeighbors(of: query, request: request, keys: keys, distances: distances)
                }
            }
        }
    }

    @usableFromInline
    func neighbors(of query: Span<Float>, request: SearchRequest) throws(VectorIndexError) -> [Neighbor] {
        var distanceCount = 0
        return try search(query, request: request, distanceCount: &distanceCount)
    }

    /// The search that also says how many distances it computed.
    package func search(
        _ query: Span<Float>, request: SearchRequest, distanceCount: inout Int
    ) throws(VectorIndexError) -> [Neighbor] {
        var neighbors: [Neighbor] = []
        distanceCount = try search(query, k: request.reach, plan: try plan(request)) {
            limit, scratch, version, vectors in
            neighbors = self.neighbors(
                limit, in: scratch, vectors: request.including.contains(.vectors) ? vectors : nil, version: version)
        }
        return request.page(of: neighbors)
    }

    @usableFromInline
    func writeNeighbors(
        of query: Span<Float>, request: SearchRequest, keys: UnsafeMutableBufferPointer<UInt64>,
        distances: UnsafeMutableBufferPointer<Float>
    ) throws(VectorIndexError) -> Int {
        var count = 0
        let limit = min(request.k, keys.count, distances.count)
        _ = try search(query, k: request.reach, plan: try plan(request)) { found, scratch, _, _ in
            graph.forEachResult(in: scratch, limit: found) { slot, distance in
                let key = keyBySlot.base[slot.index]
                guard count < limit, request.after?.hasPassed(key) != true else { return }
                // Subscripts check their bounds.
                keys[count] = key
                distances[count] = metric.presented(distance)
                count += 1
            }
        }
        return count
    }

    /// Answers a query, and tells how: for finding out why a search is slow or finds too little.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - request: what is wanted.
    /// - Throws: ``VectorIndexError`` as ``search(_:request:)``.
    public func explain(
        _ query: borrowing some VectorInput & ~Copyable & ~Escapable, request: SearchRequest
    ) throws(VectorIndexError) -> SearchExplanation {
        try query.withSpan { (query) throws(VectorIndexError) in
            let start = ContinuousClock.now
            let plan = try plan(request)
            let planned = ContinuousClock.now
            var explanation = SearchExplanation(plan)
            let vectors = request.including.contains(.vectors)
            explanation.distances = try search(query, k: request.reach, plan: plan) { limit, scratch, version, stored in
                explanation.hops = scratch.hops
                explanation.gaveUp = scratch.isUndecided
                explanation.neighbors = request.page(
                    of: neighbors(limit, in: scratch, vectors: vectors ? stored : nil, version: version))
            }
            explanation.preparation = planned - start
            explanation.duration = ContinuousClock.now - planned
            return explanation
        }
    }

    /// Searches, and calls `body` with the number of results and the memory that holds them, unless nothing is wanted or there.
    /// Returns the number of distances computed.
    private func search(
        _ query: Span<Float>, k: Int, plan: SearchPlan,
        body: (Int, borrowing SearchScratch, GraphVersion, StoredVectors) -> Void
    ) throws(VectorIndexError) -> Int {
        defer { withExtendedLifetime(plan) {} }
        return try readers.read(graph) { (place, version) throws(VectorIndexError) in
            let scratch = place.query
            try scratch.query.prepare(query)
            var view = graph.view(at: version, filter: plan.filter)
            view.radius = plan.radius
            // Not the count, which may be that of another version; an index that is empty by now has nothing to return.
            let limit = min(k, view.slotCount)
            guard limit > 0, count > 0 else { return 0 }
            scratch.search.distanceCount = 0
            scratch.search.hops = 0
            scratch.search.view = view
            let prepared = PreparedQuery(
                values: scratch.query.values, squaredNorm: scratch.query.squaredNorm, hidden: nil)
            let state = state.value
            let found: Int
            switch plan.way {
            case .graph(let budget):
                found = follow(prepared, limit: limit, budget: budget, plan: plan, state: state, scratch: scratch)
            case .matches:
                scratch.search.isUndecided = false
                let slots = matches(plan.filter, in: view, version: version)
                found = compareByCodes(prepared, limit: limit, among: slots, state: state, scratch: &scratch.search)
            case .everything:
                scratch.search.isUndecided = false
                let slots = graph.admittedSlots(in: view)
                found = compare(prepared, limit: limit, among: slots, vectors: state.vectors, scratch: &scratch.search)
            }
            body(within(plan.radius, found, in: scratch.search), scratch.search, version, state.vectors)
            return scratch.search.distanceCount
        }
    }
}

extension HNSWIndex {
    /// The nearest vectors that a search has left in its scratch.
    ///
    /// - Parameters:
    ///   - vectors: those that the search read, if results carry their vectors.
    ///   - version: the version that it read.
    func neighbors(
        _ limit: Int, in scratch: borrowing SearchScratch, vectors: StoredVectors?, version: GraphVersion
    ) -> [Neighbor] {
        var neighbors: [Neighbor] = []
        neighbors.reserveCapacity(limit)
        guard let vectors else {
            graph.forEachResult(in: scratch, limit: limit) { slot, distance in
                neighbors.append(neighbor(slot, distance))
            }
            return neighbors
        }
        let vector = vectors.shared(version: version.number)
        graph.forEachResult(in: scratch, limit: limit) { slot, distance in
            neighbors.append(neighbor(slot, distance, vector: vector(slot)))
        }
        return neighbors
    }

    func neighbor(_ slot: Slot, _ distance: Float, vector: SharedVector? = nil) -> Neighbor {
        Neighbor(key: keyBySlot.base[slot.index], distance: metric.presented(distance), vector: vector)
    }

    /// Searches the graph, as a plan says. Returns the number of results.
    func follow(
        _ query: PreparedQuery, limit: Int, budget: SearchBudget, plan: SearchPlan, state: SearchState,
        scratch: QueryScratch
    ) -> Int {
        let radius = scratch.search.view.radius
        if let radius, let fewBudget = plan.fewBudget {
            let few = min(limit, Self.fewWithin)
            scratch.search.view.radius = nil
            find(query, limit: few, budget: fewBudget, state: state, scratch: scratch)
            let found = complete(query, limit: few, state: state, filter: plan.filter, scratch: &scratch.search)
            scratch.search.view.radius = radius
            if few == limit || within(radius, found, in: scratch.search) < few { return found }
        }
        find(query, limit: limit, budget: budget, state: state, scratch: scratch)
        return complete(query, limit: limit, state: state, filter: plan.filter, scratch: &scratch.search)
    }

    /// Leaves the nearest to a query in the scratch: of the vectors that its view sees and that edges lead to.
    ///
    /// - Parameter state: loaded after the scratch's view was taken.
    func find(_ query: PreparedQuery, limit: Int, budget: SearchBudget, state: SearchState, scratch: QueryScratch) {
        scratch.search.hidden = query.hidden
        switch state.kernel {
        case .codes(let kernel):
            let coded = kernel.query(
                of: query.values, space: scratch.search.querySpace.elements(kernel.queryLength))
            graph.search(
                coded, budget: budget.keeping(Self.keptCount(limit: limit)), kernel: kernel, scratch: &scratch.search)
            finish(query, coded: coded, limit: limit, budget: budget, state: state, scratch: &scratch.search)
            return
        case .float32(let kernel):
            graph.search(query.values, budget: budget.keeping(limit), kernel: kernel, scratch: &scratch.search)
        case .float16(let kernel):
            graph.search(query.values, budget: budget.keeping(limit), kernel: kernel, scratch: &scratch.search)
        }
        scratch.search.reached = graph.reachedCount(in: scratch.search)
    }

    /// Candidates that a search by codes keeps at least, to compare them by their vectors. They are enough that estimates do not
    /// keep out neighbors near the edge.
    static func keptCount(limit: Int) -> Int { limit + max(16, limit / 2) }

    /// The share of neighbors that codes may keep out of a search's candidates.
    private static var mostMissed: Float { 0.004 }

    /// Compares the candidates of a search by codes by their stored vectors. Searches again by stored vectors if the codes cannot
    /// tell the neighbors from the vectors around them.
    func finish(
        _ query: PreparedQuery, coded: UnsafePointer<UInt8>, limit: Int, budget: SearchBudget, state: SearchState,
        scratch: inout SearchScratch
    ) {
        guard let codes = state.codes else { return }
        scratch.reached = graph.reachedCount(in: scratch)
        let missed = graph.rerank(
            query.values, coded: coded, limit: limit, kernel: codes.kernel, vectors: state.vectors, scratch: &scratch)
        guard missed > Self.mostMissed else { return }
        graph.keepResults(limit: limit, in: &scratch)
        var budget = budget.keeping(limit)
        if budget.distanceLimit < .max { budget.distanceLimit += scratch.distanceCount }
        graph.search(query.values, budget: budget, kernel: StoredKernel(state.vectors), scratch: &scratch)
        scratch.reached = graph.reachedCount(in: scratch)
        graph.addKeptResults(in: &scratch)
    }

    /// How many of the first results are within a radius.
    func within(_ radius: Float?, _ found: Int, in scratch: borrowing SearchScratch) -> Int {
        guard let radius else { return found }
        var count = 0
        graph.forEachResult(in: scratch, limit: found) { _, distance in if distance <= radius { count += 1 } }
        return count
    }

    /// Compares every vector that may be returned if a search has found fewer than `limit`: edges did not lead to as many as there
    /// are. Returns the number of results.
    func complete(
        _ query: PreparedQuery, limit: Int, state: SearchState, filter: SlotFilter?, scratch: inout SearchScratch
    ) -> Int {
        var found = 0
        graph.forEachResult(in: scratch, limit: limit) { _, _ in found += 1 }
        // Fewer than it wanted, or than there are of all that it could reach.
        let wanted = min(count, filter?.matchCount ?? .max)
        let hasMissed = scratch.isUndecided || scratch.reached.map { $0 < wanted } ?? false
        guard found < limit && scratch.view.radius == nil || hasMissed else { return found }
        let slots = graph.admittedSlots(in: scratch.view)
        guard scratch.isUndecided || slots.count > max(found, scratch.reached ?? 0) else { return found }
        guard filter == nil else {
            return compareByCodes(query, limit: limit, among: slots, state: state, scratch: &scratch)
        }
        return compare(query, limit: limit, among: slots, vectors: state.vectors, scratch: &scratch)
    }

    /// The slots that a filter admits at a version.
    func matches(_ filter: SlotFilter?, in view: GraphView, version: GraphVersion) -> [UInt32] {
        if let filter, filter.version == version, let slots = filter.slots { return slots }
        return graph.admittedSlots(in: view)
    }

    /// Candidates of a comparison by codes that may be compared by their vectors.
    private static func comparedCount(limit: Int) -> Int { 2 * limit + 64 }

    /// Makes the nearest of some vectors the results of a search: by their codes, and the nearest of these by their vectors. Where codes
    /// cannot tell them apart, or there are none, by their vectors. Returns the number of results.
    func compareByCodes(
        _ query: PreparedQuery, limit: Int, among slots: [UInt32], state: SearchState, scratch: inout SearchScratch
    ) -> Int {
        let kept = Self.comparedCount(limit: limit)
        guard case .codes(let kernel) = state.kernel, slots.count > 2 * kept else {
            return compare(query, limit: limit, among: slots, vectors: state.vectors, scratch: &scratch)
        }
        let coded = kernel.query(of: query.values, space: scratch.querySpace.elements(kernel.queryLength))
        graph.search(coded, among: slots, kept: kept, kernel: kernel, scratch: &scratch)
        let missed = graph.rerank(
            query.values, coded: coded, limit: limit, kernel: kernel, vectors: state.vectors, scratch: &scratch)
        guard missed <= Self.mostMissed else {
            return compare(query, limit: limit, among: slots, vectors: state.vectors, scratch: &scratch)
        }
        return graph.listResults(limit: limit, in: &scratch)
    }

    /// Makes the nearest of some vectors the results of a search. Returns their number.
    func compare(
        _ query: PreparedQuery, limit: Int, among slots: [UInt32], vectors: StoredVectors, scratch: inout SearchScratch
    ) -> Int {
        scratch.distanceCount += slots.count
        let nearest = vectors.nearestByRows(
            to: [query], limit: limit, within: scratch.view.radius ?? .infinity, among: slots)[0]
        scratch.replaceResults(nearest.map { (Slot($0.slot), $0.distance) })
        return nearest.count
    }
}

extension Metric {
    /// A computed distance, without rounding errors that leave the metric's range: cosine distances lie from 0 to 2.
    func presented(_ distance: Float) -> Float {
        self == .cosine ? min(max(distance, 0), 2) : distance
    }
}

extension HNSWIndex {
    /// Returns the distance from a query to the vector under a key, as it is stored (``vector(for:)``); nil if the key is not
    /// there.
    ///
    /// - Throws: ``VectorIndexError``: the query is not a vector of this index.
    public func distance(
        from query: borrowing some VectorInput & ~Copyable & ~Escapable, to key: UInt64
    ) throws(VectorIndexError) -> Float? {
        try query.withSpan { (query) throws(VectorIndexError) in try distanceOf(query, to: key) }
    }

    private func distanceOf(_ query: Span<Float>, to key: UInt64) throws(VectorIndexError) -> Float? {
        try snapshot.require(.lookup)
        return try readers.withPlace { (place) throws(VectorIndexError) in
            let scratch = place.query
            try scratch.query.prepare(query)
            return withSlot(of: key) { slot, _ in
                let distance = state.value.vectors.distance(
                    from: scratch.query.values, to: slot, scratch: &scratch.search.decoded)
                return metric.presented(distance)
            }
        }
    }
}
