// SPDX-License-Identifier: Apache-2.0

import HNSW

/// A measurement of the recall of searches. The graph's writer makes it and changes nothing before it is done.
struct RecallMeasurement {
    let storage: IndexStorage

    /// What the writer sees.
    let state: SearchState
    private let view: GraphView

    /// The slots that can be found.
    private let slots: [UInt32]

    /// All live vectors, including those of a batch that are not linked yet.
    private let vectorCount: Int

    /// Slots that can be hidden from their own searches, ascending.
    private let fitting: [UInt32]

    /// Slots of a batch that are not linked yet.
    private let heldOut: ArraySlice<Node>
    private let threads: Int

    init(
        _ storage: IndexStorage, graph: borrowing GraphWriter, heldOut: ArraySlice<Node> = [], threads: Int
    ) {
        self.storage = storage
        self.heldOut = heldOut
        self.threads = threads
        state = storage.state.value
        view = graph.pendingView
        let all = storage.graph.admittedSlots(in: view)
        vectorCount = all.count
        // The batch's other nodes are already linked. A duplicate of one held out cannot be found either.
        let unlinked = Set(heldOut)
        slots = unlinked.isEmpty ? all : all.filter { !unlinked.contains(graph.node(of: Slot($0))) }
        fitting = (0..<UInt32(state.vectors.count)).filter { graph.canBeHidden(Slot($0)) }
    }

    private var vectors: StoredVectors { state.vectors }

    /// Vectors that are asked at random: so few that measuring takes a small part of the time to build.
    private static func queryCount(vectorCount: Int) -> Int {
        min(max(100, vectorCount / 40), CalibrationStages.queryCounts[0])
    }

    /// Asks the caller's queries, or else stored vectors. Returns nil if there are too few vectors to measure.
    ///
    /// - Parameter isRenewal: whether the index has changed little, so that a quarter of the vectors is asked.
    func measure(asking asked: PreparedBatch?, isRenewal: Bool = false) -> Calibrated? {
        if let asked {
            let queries = (0..<asked.count).map {
                PreparedQuery(values: asked.query($0), squaredNorm: asked.squaredNorm($0), hidden: nil)
            }
            return measure(
                queries, randomCount: queries.count, cells: queries.map { _ in nil }, source: .queries, asked: asked)
        }
        let count = Self.queryCount(vectorCount: slots.count)
        let random = hiddenVectors(count: isRenewal ? max(100, count / 4) : count, among: fitting)
        return measure(sample(random: random, fitting: fitting), source: .storedVectors)
    }

    /// Asks the vectors held out, unless the caller's queries are known.
    func measureHeldOut() -> Calibrated? {
        let asked = state.calibrated?.queries
        guard asked == nil, heldOut.count >= 100 else { return measure(asking: asked) }
        let random = heldOut.prefix(Self.queryCount(vectorCount: vectorCount)).map(\.rawValue)
        let unlinked = Set(heldOut)
        let sample = sample(random: random, fitting: fitting.filter { !unlinked.contains(Node(rawValue: $0)) })
        return measure(sample, source: .heldOutVectors)
    }

    /// Asks the vectors of a sample.
    private func measure(_ sample: CalibrationSample, source: Calibration.Source) -> Calibrated? {
        let vectors = self.vectors.sample(sample.random + sample.others)
        let balanced = balanced(vectors)
        return withExtendedLifetime((vectors, balanced)) {
            let pointers = vectors.pointers
            let queries = vectors.slots.indices.map { i in
                let isHidden = source == .storedVectors || i >= sample.random.count
                return PreparedQuery(
                    values: balanced?.query(i) ?? pointers[i],
                    squaredNorm: balanced?.squaredNorm(i) ?? vectors.squaredNorm(i),
                    hidden: isHidden ? Node(rawValue: vectors.slots[i]) : nil)
            }
            return measure(
                queries, randomCount: sample.random.count, cells: vectors.slots.map { sample.cells[$0] },
                source: source, asked: nil)
        }
    }

    /// The queries of a sample if inner products are balanced: scaled as the graph compares vectors. Unscaled, all would point
    /// along the mean of the vectors, which queries of a caller need not do.
    private func balanced(_ sample: VectorSample) -> PreparedBatch? {
        guard let balance = state.balance else { return nil }
        let dimensions = storage.dimensions
        let values = sample.pointers.flatMap { pointer in
            var vector = Array(UnsafeBufferPointer(start: pointer, count: dimensions))
            _ = vector.withUnsafeMutableBufferPointer { balance.apply(to: $0.baseAddress!) }
            return vector
        }
        return try? PreparedBatch(
            values.span, dimensions: dimensions, metric: storage.metric, instructionSet: storage.instructionSet)
    }

    /// Asks queries. The first `randomCount` stand for all vectors.
    ///
    /// - Parameter cells: the neighborhood of each query; nil if it is not known.
    private func measure(
        _ queries: [PreparedQuery], randomCount: Int, cells: [Int?], source: Calibration.Source, asked: PreparedBatch?
    ) -> Calibrated? {
        guard vectorCount >= HNSWIndex.calibrationMinimumCount else { return nil }
        // If there is nothing to ask, because all vectors are equal, no setting is known to reach a recall.
        let kCount = CalibrationStages.ks.count { !queries.isEmpty && 4 * $0 <= slots.count }
        let kCounts = queries.indices.map { q in
            CalibrationStages.queryCounts.prefix(kCount).count { q < $0 || q >= randomCount && $0 > Self.fewQueries }
        }
        let nearest = nearest(to: queries, kCounts: kCounts)
        var records = kCount > 0 ? ask(queries, nearest: nearest, kCounts: kCounts) : []
        for i in records.indices {
            records[i].isRandom = i < randomCount
            if let cell = cells[i] { records[i].groups.append(cell) }
        }
        if asked == nil { Self.addDensities(to: &records, nearest: nearest) }
        let ratio = Self.outlierRatio(records.prefix(randomCount), metric: storage.metric)
        let curves = (0..<kCount).map { kIndex in
            Calibration.Curve(
                records.filter { kIndex < $0.stages.first?.hits.count ?? 0 }, kIndex: kIndex, outlierRatio: ratio,
                vectorCount: slots.count,
                growth: Double(vectorCount) / Double(slots.count))
        }
        // Every vector of a batch under way counts as inserted.
        let inserted = storage.insertedCount.load(ordering: .relaxed) + max(0, vectorCount - storage.count)
        return Calibrated(
            calibration: Calibration(source: source, vectorCount: vectorCount, curves: curves),
            insertedCount: inserted, outlierRatio: ratio, queries: asked)
    }

    /// Groups the queries by the distance to their nearest: into eighths of those asked at random, and the last 64th at either end.
    private static func addDensities(to records: inout [AskedQuery], nearest: [[NearestSelection.Candidate]]) {
        let distances = nearest.map { $0.first?.distance ?? 0 }
        let random = records.indices.filter { records[$0].isRandom }.map { distances[$0] }.sorted()
        guard random.count >= 64 else { return }
        let bounds = (1..<8).map { random[$0 * random.count / 8] }
        for i in records.indices {
            records[i].groups.append(cellCount + 2 + bounds.count { $0 <= distances[i] })
            if distances[i] <= random[random.count / 64] { records[i].groups.append(cellCount) }
            if distances[i] >= random[random.count - 1 - random.count / 64] { records[i].groups.append(cellCount + 1) }
        }
    }

    /// The ratio that 49 of 50 members of the data stay below: see ``SearchJudge/outlierRatio``.
    private static func outlierRatio(_ records: ArraySlice<AskedQuery>, metric: Metric) -> Float {
        guard metric != .innerProduct else { return .greatestFiniteMagnitude }
        let ratios = records.compactMap { $0.stages.last?.outlierRatio }.sorted()
        guard !ratios.isEmpty else { return .greatestFiniteMagnitude }
        return 1.1 * ratios[ratios.count * 49 / 50]
    }

    /// Vectors that can be hidden from their own searches, spread evenly over all of these.
    private func hiddenVectors(count: Int, among fitting: [UInt32]) -> [UInt32] {
        let count = min(count, fitting.count)
        // The order is mixed: if fewer are asked, the first of them stand for all.
        return (0..<count).map { fitting[($0 &* 0x9E37_79B1) % count * fitting.count / count] }
    }

    /// A `k` with no more random queries than this is not asked for neighborhoods.
    private static var fewQueries: Int { 64 }

    /// The true nearest to each query: one more than the most results that it asks for, without the query itself.
    private func nearest(
        to queries: [PreparedQuery], kCounts: [Int]
    ) -> [[NearestSelection.Candidate]] {
        // Queries that ask for the same number of results are compared together.
        var nearest: [[NearestSelection.Candidate]] = []
        while nearest.count < queries.count {
            let kCount = kCounts[nearest.count]
            let end = kCounts[nearest.count...].firstIndex { $0 != kCount } ?? queries.count
            let part = Array(queries[nearest.count..<end])
            let limit = kCount > 0 ? CalibrationStages.ks[kCount - 1] + 1 : 0
            let found = vectors.nearest(to: part, limit: limit, among: slots, threads: threads)
            nearest += zip(part, found).map { query, found in found.filter { $0.slot != query.hidden?.rawValue } }
        }
        return nearest
    }

    /// What the search for each query finds at every stage.
    private func ask(
        _ queries: [PreparedQuery], nearest: [[NearestSelection.Candidate]], kCounts: [Int]
    ) -> [AskedQuery] {
        var records = [AskedQuery](repeating: AskedQuery(), count: queries.count)
        records.withUnsafeMutableBufferPointer { records in
            Parallel.forEachPart(of: queries.count, size: 1, threads: threads) { _, part in
                storage.readers.withPlace { place in
                    place.query.search.view = view
                    for q in part {
                        records[q] = ask(queries[q], nearest: nearest[q], kCount: kCounts[q], scratch: place.query)
                    }
                }
            }
        }
        return records
    }

    private func ask(
        _ query: PreparedQuery, nearest: [NearestSelection.Candidate], kCount: Int, scratch: QueryScratch
    ) -> AskedQuery {
        var record = AskedQuery()
        let ks = CalibrationStages.ks.prefix(kCount)
        guard let most = ks.last, nearest.count >= most else { return record }
        let counts = CalibrationStages.nearestCounts(among: kCount)
        findStages(query, limit: most, counts: counts, scratch: scratch) { stage, distances in
            if stage.index == 0 { record.stages.removeAll() }
            let hits = ks.map { k in distances.prefix(k).count { $0 <= nearest[k - 1].distance } }
            record.stages.append(
                AskedQuery.Stage(
                    hits: hits, distanceCount: stage.distanceCount, late: stage.late, outlierRatio: stage.outlierRatio))
            record.isComplete =
                hits.elementsEqual(ks)
                && zip(counts, stage.late).allSatisfy { $1 <= SearchJudge.strictestLate(among: $0) }
            return !record.isComplete && stage.distanceCount < storage.graph.nodeCount
        }
        return record
    }

    /// The share of neighbors that codes may keep out of the candidates of a stage.
    private static var mostMissedAtStage: Float { 0.05 }

    /// Searches with more and more candidates. Calls `body` with the distances of the `limit` nearest at each stage, until it
    /// returns false. If codes turn out to miss neighbors, it begins again by stored vectors, as a search does.
    ///
    /// - Parameter counts: see ``HNSWGraph/searchStages(_:stages:stagesPerDoubling:nearestCounts:kernel:scratch:body:)``.
    private func findStages(
        _ query: PreparedQuery, limit: Int, counts: [Int], scratch: QueryScratch,
        body: (SearchStage, [Float]) -> Bool
    ) {
        let graph = storage.graph
        scratch.search.hidden = query.hidden
        let (stages, perDoubling) = (CalibrationStages.expansions, CalibrationStages.perDoubling)
        func results(_ scratch: borrowing SearchScratch) -> [Float] {
            var distances: [Float] = []
            graph.forEachResult(in: scratch, limit: limit) { _, distance in distances.append(distance) }
            return distances
        }
        if let codes = state.codes {
            let kernel = codes.kernel
            let coded = kernel.query(
                of: query.values, space: scratch.search.querySpace.elements(kernel.queryLength))
            var missed: Float = 0
            graph.searchStages(
                coded, stages: stages, stagesPerDoubling: perDoubling, nearestCounts: counts, kernel: kernel,
                scratch: &scratch.search
            ) { stage, search in
                var distances: [Float] = []
                graph.keepingPool(of: &search) { search in
                    missed = graph.rerank(
                        query.values, coded: coded, limit: limit, kernel: kernel, vectors: state.vectors,
                        scratch: &search)
                    distances = results(search)
                }
                return missed <= Self.mostMissedAtStage && body(stage, distances)
            }
            if missed <= Self.mostMissedAtStage { return }
        }
        graph.searchStages(
            query.values, stages: stages, stagesPerDoubling: perDoubling, nearestCounts: counts,
            kernel: StoredKernel(state.vectors), scratch: &scratch.search
        ) { stage, search in body(stage, results(search)) }
    }
}
