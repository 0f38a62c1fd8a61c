// SPDX-License-Identifier: Apache-2.0

import Dispatch
import HNSW

extension HNSWIndex {
    /// The recall that searches reach by the number of candidates, as last measured: near the end of a batch insertion that leaves
    /// the index half as large again, on vectors that were not yet linked; at the first search for a recall after such growth or
    /// after a fifth was removed; and by ``calibrate(queries:threads:)``. nil while there are fewer than 1,000 vectors: those are
    /// compared one by one.
    public var calibration: Calibration? {
        readers.read(graph) { _, _ in
            count < Self.calibrationMinimumCount ? nil : state.value.calibrated?.calibration
        }
    }

    /// Returns the `k` nearest vectors to a query, nearest first, with the wanted recall in the mean over queries like those of the
    /// ``calibration``.
    ///
    /// Queries of another kind than the stored vectors may find less: calibrate on such queries then. A recall that no
    /// measured setting reaches, and an index of fewer than 1,000 vectors, are answered by comparing every vector.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - k: results wanted, 0 or more.
    ///   - recall: the mean share of the true nearest that is to be found, above 0, up to 1.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the query is not a vector of this index.
    public func search(_ query: Span<Float>, k: Int, recall: Double) throws(VectorIndexError) -> [Neighbor] {
        var neighbors: [Neighbor] = []
        if let ef = try efSearch(forRecall: recall, k: k) {
            neighbors = try search(query, k: k, efSearch: ef)
        } else {
            try searchEverything(query, k: k) { found, _ in
                neighbors = found.map { neighbor(Slot($0.slot), $0.distance) }
            }
        }
        return neighbors
    }

    /// Returns the `k` nearest vectors to a query as they are stored, with the wanted recall; see
    /// ``search(_:k:recall:)-(Span<Float>,_,_)`` and ``searchVectors(_:k:efSearch:)-(Span<Float>,_,_)``.
    public func searchVectors(
        _ query: Span<Float>, k: Int, recall: Double
    ) throws(VectorIndexError) -> [(neighbor: Neighbor, vector: SharedVector)] {
        if let ef = try efSearch(forRecall: recall, k: k) { return try searchVectors(query, k: k, efSearch: ef) }
        var vectors: [(neighbor: Neighbor, vector: SharedVector)] = []
        try searchEverything(query, k: k) { found, version in
            let vector = state.value.vectors.shared(version: version.number)
            vectors = found.map { (neighbor(Slot($0.slot), $0.distance), vector(Slot($0.slot))) }
        }
        return vectors
    }

    /// Returns the `k` nearest vectors to a query as they are stored, with the wanted recall; see
    /// ``searchVectors(_:k:recall:)-(Span<Float>,_,_)``.
    public func searchVectors(
        _ query: [Float], k: Int, recall: Double
    ) throws(VectorIndexError) -> [(neighbor: Neighbor, vector: SharedVector)] {
        try searchVectors(query.span, k: k, recall: recall)
    }

    /// The candidates to keep for a recall; nil if every vector is to be compared.
    private func efSearch(forRecall recall: Double, k: Int) throws(VectorIndexError) -> Int? {
        guard recall > 0, recall <= 1 else { throw .invalidRecall(recall) }
        try VectorIndexError.check("k", k, in: IndexLimits.k)
        try snapshot.require(.search)
        guard k > 0, recall < 1 else { return nil }
        renewCalibration()
        return calibration?.efSearch(forRecall: recall, k: k)
    }

    /// Compares a query with every vector, and calls `body` with the nearest.
    private func searchEverything(
        _ query: Span<Float>, k: Int, body: ([NearestSelection.Candidate], GraphVersion) -> Void
    ) throws(VectorIndexError) {
        try readers.read(graph) { (place, version) throws(VectorIndexError) in
            let scratch = place.query
            try scratch.query.prepare(query)
            let prepared = PreparedQuery(
                values: scratch.query.values, squaredNorm: scratch.query.squaredNorm, hidden: nil)
            let slots = liveSlots(in: graph.view(at: version))
            guard k > 0, !slots.isEmpty else { return }
            let vectors = state.value.vectors
            body(nearestByRows(to: [prepared], limit: min(k, slots.count), among: slots, vectors: vectors)[0], version)
        }
    }

    /// Calibrates if that is due. While the index is changed, the last calibration serves, or every vector is compared.
    private func renewCalibration() {
        guard readers.read(graph, { _, _ in isCalibrationDue() }) else { return }
        _ = writer.withLockIfAvailable { _ in
            if isCalibrationDue() {
                calibrate(
                    asked: state.value.calibrated?.queries, among: liveSlots(in: graph.pendingView),
                    threads: Processors.count)
                graph.commit()
            }
        }
    }

    /// Returns the `k` nearest vectors with the wanted recall; see ``search(_:k:recall:)-(Span<Float>,_,_)``.
    public func search(_ query: [Float], k: Int, recall: Double) throws(VectorIndexError) -> [Neighbor] {
        try search(query.span, k: k, recall: recall)
    }

    /// Measures the recall of searches by the number of candidates, for 1, 10 and 100 results. Searches go on meanwhile, changes
    /// wait.
    ///
    /// - Parameters:
    ///   - queries: queries one after the other like those that will be asked, none of them a stored vector, some hundreds for a
    ///     good estimate; they are kept for later calibrations, unless there are fewer than 1,000 vectors: then nothing is
    ///     measured or kept. Without any, stored vectors are asked, each hidden from its own search.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Throws: ``VectorIndexError``: `threads` is outside its range, or a query is not a vector of this index.
    public func calibrate(queries: [Float] = [], threads: Int? = nil) throws(VectorIndexError) {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        try snapshot.require(.search)
        let batch = try PreparedBatch(
            queries.span, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        writer.withLock { _ in
            calibrate(
                asked: batch.count > 0 ? batch : nil, among: liveSlots(in: graph.pendingView), threads: threads)
            graph.commit()
        }
    }
}

/// A calibration, and what must be known to renew it.
struct Calibrated {
    let calibration: Calibration

    /// Vectors that had ever been inserted into the index.
    let insertedCount: Int

    /// The queries that a caller gave; nil for stored vectors.
    let queries: PreparedBatch?
}

// MARK: - Measuring

extension HNSWIndex {
    /// Fewer vectors are compared one by one.
    static var calibrationMinimumCount: Int { 1000 }

    /// Results that are asked for, and the most vectors that ask for them: the fewer results, the more queries an estimate needs.
    private static var settings: [(k: Int, queryCount: Int)] { [(1, 1000), (10, 256), (100, 128)] }

    /// Vectors that ask at most: measuring costs a small part of the time to build.
    private static func maximumQueryCount(vectorCount: Int) -> Int { max(100, vectorCount / 40) }

    /// Whether there is none, or the index has changed too much since; the caller reads the graph, or holds `writer`.
    ///
    /// - Parameter additional: vectors that are being inserted.
    func isCalibrationDue(additional: Int = 0) -> Bool {
        let count = count + additional
        guard count >= Self.calibrationMinimumCount else { return false }
        guard let calibrated = state.value.calibrated else { return true }
        let inserted = insertedCount.load(ordering: .relaxed) + additional - calibrated.insertedCount
        let measuredCount = calibrated.calibration.vectorCount
        return 2 * inserted >= measuredCount || 5 * count <= 4 * measuredCount
    }

    /// Asks queries of the caller's, or else stored vectors; the caller holds `writer`.
    ///
    /// - Parameters:
    ///   - slots: the slots that can be found.
    ///   - vectorCount: the vectors there are, if it is more.
    private func calibrate(
        asked: PreparedBatch?, among slots: [UInt32], vectorCount: Int? = nil, threads: Int
    ) {
        let vectorCount = vectorCount ?? slots.count
        if let asked {
            let queries = (0..<asked.count).map {
                PreparedQuery(values: asked.query($0), squaredNorm: asked.squaredNorm($0), hidden: nil)
            }
            calibrate(
                queries, source: .queries, asked: asked, among: slots, vectorCount: vectorCount, threads: threads)
        } else {
            let hidden = hiddenVectors(
                count: min(Self.settings[0].queryCount, Self.maximumQueryCount(vectorCount: slots.count)))
            withExtendedLifetime(hidden) {
                calibrate(
                    hidden.queries(areHidden: true), source: .storedVectors, asked: nil, among: slots,
                    vectorCount: vectorCount, threads: threads)
            }
        }
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
        let sample = vectors.sample(Array(heldOut.prefix(Self.maximumQueryCount(vectorCount: all.count))))
        withExtendedLifetime(sample) {
            calibrate(
                sample.queries(areHidden: false), source: .heldOutVectors, asked: nil, among: slots,
                vectorCount: all.count, threads: threads)
        }
    }

    private func calibrate(
        _ queries: [PreparedQuery], source: Calibration.Source, asked: PreparedBatch?, among slots: [UInt32],
        vectorCount: Int, threads: Int
    ) {
        guard vectorCount >= Self.calibrationMinimumCount else { return }
        // Where there is nothing to ask, as where all vectors are equal, no setting is known to reach a recall.
        let settings = Self.settings.filter { !queries.isEmpty && 4 * $0.k <= vectorCount }
        let limit = (settings.last?.k ?? 1) + 1
        let truth = exactNearest(to: queries, limit: limit, among: slots, threads: threads)
        let curves = settings.map { setting in
            let most = min(setting.queryCount, Self.maximumQueryCount(vectorCount: vectorCount), queries.count)
            return curve(
                k: setting.k, queries: Array(queries.prefix(asked == nil ? most : queries.count)), truth: truth,
                vectorCount: vectorCount, threads: threads)
        }
        // Of a batch under way, every vector is counted as inserted.
        let inserted = insertedCount.load(ordering: .relaxed) + max(0, vectorCount - count)
        let measured = Calibrated(
            calibration: Calibration(source: source, vectorCount: vectorCount, curves: curves),
            insertedCount: inserted, queries: asked)
        state.replace(
            SearchState(vectors: vectors, codes: codes, calibrated: measured), from: graph.nextVersion)
    }

    /// Vectors that a search can be kept from: nodes of level 0 with one vector each, at equal distances.
    private func hiddenVectors(count: Int) -> VectorSample {
        let fitting = (0..<UInt32(vectors.count)).filter { graph.canBeHidden(Slot($0)) }
        let count = min(count, fitting.count)
        // The order is mixed, because the first of them stand for all where fewer are asked.
        return vectors.sample((0..<count).map { fitting[($0 &* 0x9E37_79B1) % count * fitting.count / count] })
    }

    /// More and more candidates, until nothing is missed.
    private func curve(
        k: Int, queries: [PreparedQuery], truth: [[NearestSelection.Candidate]], vectorCount: Int,
        threads: Int
    ) -> Calibration.Curve {
        var points: [Calibration.Point] = []
        var ef = Double(max(k, 8))
        while ef < Double(2 * vectorCount) {
            let point = measure(k: k, ef: Int(ef), queries: queries, truth: truth, threads: threads)
            // Recall rises with ef but for chance.
            points.append(point)
            points[points.count - 1].recall = max(point.recall, points.dropLast().last?.recall ?? 0)
            // What codes have lost stays lost.
            let hasFlattened = points.count > 3 && points[points.count - 1].recall <= points[points.count - 4].recall
            if point.recall >= 0.999 || hasFlattened || ef >= min(8192, Double(vectorCount)) { break }
            ef = (ef * 1.4).rounded(.up)
        }
        return Calibration.Curve(k: k, queryCount: queries.count, points: points)
    }

    private func measure(
        k: Int, ef: Int, queries: [PreparedQuery], truth: [[NearestSelection.Candidate]], threads: Int
    ) -> Calibration.Point {
        var recalls = [Double](repeating: 0, count: queries.count)
        var distances = [Int](repeating: 0, count: queries.count)
        let threads = max(1, min(threads, queries.count))
        let (state, view) = (state.value, graph.pendingView)
        recalls.withUnsafeMutableBufferPointer { recalls in
            distances.withUnsafeMutableBufferPointer { distances in
                // SAFETY: thread t takes the queries t, t + threads, ... and writes their places only; the caller holds
                // `writer`, and the queries' pointers are to a sample or to the batch asked, which outlive the call.
                nonisolated(unsafe) let (recalls, distances) = (recalls, distances)
                nonisolated(unsafe) let queries = queries
                DispatchQueue.concurrentPerform(iterations: threads) { thread in
                    self.readers.withPlace { place in
                        let scratch = place.query
                        scratch.search.view = view
                        for q in stride(from: thread, to: queries.count, by: threads) {
                            let others = truth[q].filter { $0.slot != queries[q].hidden }
                            guard others.count >= k else { continue }
                            var hits = 0
                            scratch.search.distanceCount = 0
                            self.find(queries[q], limit: k, ef: ef, state: state, scratch: scratch)
                            self.graph.forEachResult(in: scratch.search, limit: k) { _, distance in
                                hits += distance <= others[k - 1].distance ? 1 : 0
                            }
                            recalls[q] = Double(hits) / Double(k)
                            distances[q] = scratch.search.distanceCount
                        }
                    }
                }
            }
        }
        let count = Double(queries.count)
        let mean = recalls.reduce(0, +) / count
        let variance = recalls.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
        // A sample that misses nothing proves no certainty: as if one more query had found all, and one more nothing.
        let careful = (mean * count + 1) / (count + 2)
        let leastError = (careful * (1 - careful) / (count * Double(k))).squareRoot()
        return Calibration.Point(
            efSearch: ef, recall: mean, standardError: max((variance / count).squareRoot(), leastError),
            distancesPerQuery: Double(distances.reduce(0, +)) / count)
    }
}

extension VectorSample {
    /// The vectors as queries, each hidden from its own search or not.
    fileprivate func queries(areHidden: Bool) -> [PreparedQuery] {
        pointers.enumerated().map { i, vector in
            PreparedQuery(values: vector, squaredNorm: squaredNorm(i), hidden: areHidden ? slots[i] : nil)
        }
    }
}
