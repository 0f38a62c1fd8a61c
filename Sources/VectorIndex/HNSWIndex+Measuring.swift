// SPDX-License-Identifier: Apache-2.0

import Dispatch
import HNSW
import Synchronization

extension HNSWIndex {
    /// Fewer vectors are compared one by one.
    static var calibrationMinimumCount: Int { 1000 }

    /// Vectors that are asked at random: measuring costs a small part of the time to build.
    private static func queryCount(vectorCount: Int) -> Int {
        min(max(100, vectorCount / 40), CalibrationStages.queryCounts[0])
    }

    /// Whether there is none, or the index has changed so much since that a search for a recall measures first; the caller reads
    /// the graph, or holds `writer`.
    var isCalibrationDue: Bool { isCalibrationDue(additional: 0, growthShare: Self.growthShare) }

    /// Whether the vectors that are being inserted are so many that recall is measured before the insertion ends; the caller holds
    /// `writer`.
    func isCalibrationDue(additional: Int) -> Bool { isCalibrationDue(additional: additional, growthShare: 2) }

    /// A new cluster of a twentieth of the vectors changes what a mean recall takes.
    private static var growthShare: Int { 20 }

    private func isCalibrationDue(additional: Int, growthShare: Int) -> Bool {
        let count = count + additional
        guard count >= Self.calibrationMinimumCount else { return false }
        // What a file of version 1 holds was measured on average only, not by neighborhood.
        guard let calibrated = state.value.calibrated, calibrated.outlierRatio != nil else { return true }
        let inserted = insertedCount.load(ordering: .relaxed) + additional - calibrated.insertedCount
        let measuredCount = calibrated.calibration.vectorCount
        return growthShare * inserted >= measuredCount || 5 * count <= 4 * measuredCount
    }

    /// Asks queries of the caller's, or else stored vectors; the caller holds `writer`.
    ///
    /// - Parameters:
    ///   - isRenewal: whether the index has changed little, so that a quarter of the vectors is asked.
    ///   - slots: the slots that can be found.
    ///   - vectorCount: the vectors there are, if it is more.
    func calibrate(
        asked: PreparedBatch?, isRenewal: Bool = false, among slots: [UInt32], vectorCount: Int? = nil, threads: Int
    ) {
        let vectorCount = vectorCount ?? slots.count
        if let asked {
            let queries = (0..<asked.count).map {
                PreparedQuery(values: asked.query($0), squaredNorm: asked.squaredNorm($0), hidden: nil)
            }
            return calibrate(
                queries, randomCount: queries.count, cells: queries.map { _ in nil }, source: .queries, asked: asked,
                among: slots, vectorCount: vectorCount, threads: threads)
        }
        let fitting = fittingSlots
        let count = Self.queryCount(vectorCount: slots.count)
        let random = hiddenVectors(count: isRenewal ? max(100, count / 4) : count, among: fitting)
        calibrate(
            calibrationSample(random: random, fitting: fitting), source: .storedVectors, among: slots,
            vectorCount: vectorCount, threads: threads)
    }

    /// Asks vectors that have slots and are not linked yet, unless the caller's queries are known; the caller holds `writer`.
    func calibrate(heldOut: ArraySlice<UInt32>, threads: Int) {
        let all = liveSlots(in: graph.pendingView)
        // The batch's other nodes are linked by now. What hangs on one held out cannot be found either.
        let unlinked = Set(heldOut)
        let slots = all.filter { !unlinked.contains(graph.node(of: Slot($0))) }
        let asked = state.value.calibrated?.queries
        guard asked == nil, heldOut.count >= 100 else {
            return calibrate(asked: asked, among: slots, vectorCount: all.count, threads: threads)
        }
        let random = Array(heldOut.prefix(Self.queryCount(vectorCount: all.count)))
        let fitting = fittingSlots.filter { !unlinked.contains($0) }
        calibrate(
            calibrationSample(random: random, fitting: fitting), source: .heldOutVectors, among: slots,
            vectorCount: all.count, threads: threads)
    }

    /// Asks the vectors of a sample.
    private func calibrate(
        _ sample: CalibrationSample, source: Calibration.Source, among slots: [UInt32], vectorCount: Int, threads: Int
    ) {
        let vectors = self.vectors.sample(sample.random + sample.others)
        let balanced = balanced(vectors)
        withExtendedLifetime((vectors, balanced)) {
            let pointers = vectors.pointers
            let queries = vectors.slots.indices.map { i in
                let isHidden = source == .storedVectors || i >= sample.random.count
                return PreparedQuery(
                    values: balanced?.query(i) ?? pointers[i],
                    squaredNorm: balanced?.squaredNorm(i) ?? vectors.squaredNorm(i),
                    hidden: isHidden ? vectors.slots[i] : nil)
            }
            calibrate(
                queries, randomCount: sample.random.count, cells: vectors.slots.map { sample.cells[$0] },
                source: source,
                asked: nil, among: slots, vectorCount: vectorCount, threads: threads)
        }
    }

    /// What a sample asks where inner products are balanced: for what the graph calls near. By themselves the vectors would all ask in
    /// the direction of their mean, which those who ask the index need not do.
    private func balanced(_ sample: VectorSample) -> PreparedBatch? {
        guard let balance else { return nil }
        let values = sample.pointers.flatMap { pointer in
            var vector = Array(UnsafeBufferPointer(start: pointer, count: dimensions))
            _ = vector.withUnsafeMutableBufferPointer { balance.apply(to: $0.baseAddress!) }
            return vector
        }
        return try? PreparedBatch(
            values.span, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
    }

    /// Asks queries. The first `randomCount` stand for all.
    ///
    /// - Parameter cells: the neighborhood of each query, as far as it is known.
    private func calibrate(
        _ queries: [PreparedQuery], randomCount: Int, cells: [Int?], source: Calibration.Source, asked: PreparedBatch?,
        among slots: [UInt32], vectorCount: Int, threads: Int
    ) {
        guard vectorCount >= Self.calibrationMinimumCount else { return }
        // Where there is nothing to ask, as where all vectors are equal, no setting is known to reach a recall.
        let kCount = CalibrationStages.ks.count { !queries.isEmpty && 4 * $0 <= slots.count }
        let kCounts = queries.indices.map { q in
            CalibrationStages.queryCounts.prefix(kCount).count { q < $0 || q >= randomCount && $0 > Self.fewQueries }
        }
        let nearest = nearest(to: queries, kCounts: kCounts, among: slots, threads: threads)
        var records = kCount > 0 ? ask(queries, nearest: nearest, kCounts: kCounts, threads: threads) : []
        for i in records.indices {
            records[i].isRandom = i < randomCount
            if let cell = cells[i] { records[i].groups.append(cell) }
        }
        if asked == nil { Self.addDensities(to: &records, nearest: nearest) }
        let ratio = Self.outlierRatio(records.prefix(randomCount), metric: metric)
        let curves = (0..<kCount).map { kIndex in
            Calibration.Curve(
                records.filter { kIndex < $0.stages.first?.hits.count ?? 0 }, kIndex: kIndex, outlierRatio: ratio,
                vectorCount: slots.count,
                growth: Double(vectorCount) / Double(slots.count))
        }
        // Of a batch under way, every vector is counted as inserted.
        let inserted = insertedCount.load(ordering: .relaxed) + max(0, vectorCount - count)
        let measured = Calibrated(
            calibration: Calibration(source: source, vectorCount: vectorCount, curves: curves),
            insertedCount: inserted, outlierRatio: ratio, queries: asked)
        state.replace(
            SearchState(vectors: vectors, codes: codes, calibrated: measured), from: graph.nextVersion)
    }

    /// Groups the queries by the distance to their nearest: eighths of those asked at random, and the hundredth at either end.
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

    /// Vectors that a search can be kept from: nodes of level 0 with one vector each, at equal distances.
    private func hiddenVectors(count: Int, among fitting: [UInt32]) -> [UInt32] {
        let count = min(count, fitting.count)
        // The order is mixed, because the first of them stand for all where fewer are asked.
        return (0..<count).map { fitting[($0 &* 0x9E37_79B1) % count * fitting.count / count] }
    }

    private var fittingSlots: [UInt32] { (0..<UInt32(vectors.count)).filter { graph.canBeHidden(Slot($0)) } }

    /// Settings that are measured with so few queries leave neighborhoods to those with more.
    private static var fewQueries: Int { 64 }

    /// The true nearest to each query: one more than the most that it asks for, without itself.
    private func nearest(
        to queries: [PreparedQuery], kCounts: [Int], among slots: [UInt32], threads: Int
    ) -> [[NearestSelection.Candidate]] {
        // Queries that ask for as many are compared together.
        var nearest: [[NearestSelection.Candidate]] = []
        while nearest.count < queries.count {
            let kCount = kCounts[nearest.count]
            let end = kCounts[nearest.count...].firstIndex { $0 != kCount } ?? queries.count
            let part = Array(queries[nearest.count..<end])
            let limit = kCount > 0 ? CalibrationStages.ks[kCount - 1] + 1 : 0
            let found = exactNearest(to: part, limit: limit, among: slots, threads: threads)
            nearest += zip(part, found).map { query, found in found.filter { $0.slot != query.hidden } }
        }
        return nearest
    }

    /// What the search for each query finds at every stage.
    private func ask(
        _ queries: [PreparedQuery], nearest: [[NearestSelection.Candidate]], kCounts: [Int], threads: Int
    ) -> [AskedQuery] {
        var records = [AskedQuery](repeating: AskedQuery(), count: queries.count)
        let threads = max(1, min(threads, queries.count))
        let (state, view) = (state.value, graph.pendingView)
        let next = Atomic(0)
        records.withUnsafeMutableBufferPointer { records in
            // SAFETY: every query is taken by one thread, which writes its place only; the caller holds `writer`, and the
            // queries' pointers are to a sample or to the batch asked, which outlive the call.
            nonisolated(unsafe) let records = records
            nonisolated(unsafe) let queries = queries
            DispatchQueue.concurrentPerform(iterations: threads) { _ in
                self.readers.withPlace { place in
                    let scratch = place.query
                    scratch.search.view = view
                    while true {
                        let q = next.add(1, ordering: .relaxed).oldValue
                        guard q < queries.count else { return }
                        records[q] = self.ask(
                            queries[q], nearest: nearest[q], kCount: kCounts[q], state: state, scratch: scratch)
                    }
                }
            }
        }
        return records
    }

    private func ask(
        _ query: PreparedQuery, nearest: [NearestSelection.Candidate], kCount: Int, state: SearchState,
        scratch: QueryScratch
    ) -> AskedQuery {
        var record = AskedQuery()
        let ks = CalibrationStages.ks.prefix(kCount)
        guard let most = ks.last, nearest.count >= most else { return record }
        let counts = CalibrationStages.nearestCounts(among: kCount)
        findStages(query, limit: most, counts: counts, state: state, scratch: scratch) { stage, distances in
            if stage.index == 0 { record.stages.removeAll() }
            let hits = ks.map { k in distances.prefix(k).count { $0 <= nearest[k - 1].distance } }
            record.stages.append(
                AskedQuery.Stage(
                    hits: hits, distanceCount: stage.distanceCount, late: stage.late, outlierRatio: stage.outlierRatio))
            record.isComplete =
                hits.elementsEqual(ks)
                && zip(counts, stage.late).allSatisfy { $1 <= SearchJudge.strictestLate(among: $0) }
            return !record.isComplete && stage.distanceCount < graph.nodeCount
        }
        return record
    }
}
