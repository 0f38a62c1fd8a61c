// SPDX-License-Identifier: Apache-2.0

import Dispatch
import HNSW

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
    func calibrate(
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
