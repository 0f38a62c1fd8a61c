// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// The recall that searches reach by the number of candidates, as last measured: near the end of a batch insertion that leaves
    /// the index half as large again, on vectors that were not yet linked; at the first search for a recall after the index has
    /// grown by a twentieth or lost a fifth; and by ``calibrate(queries:threads:)``. nil while there are fewer than 1,000 vectors:
    /// those are compared one by one.
    public var calibration: Calibration? {
        readers.read(graph) { _, _ in
            count < Self.calibrationMinimumCount ? nil : state.value.calibrated?.calibration
        }
    }

    /// Returns the `k` nearest vectors to a query, nearest first, with the wanted recall in the mean over queries: over those of
    /// every neighborhood that the ``calibration`` looks at, as far as its sample can tell.
    ///
    /// The search begins with the candidates that the calibration names, and doubles them while its results still change. Queries
    /// that lie farther from their nearest result than members of the data do are held to more stable results: they may be of
    /// another kind than the stored vectors. For these ``calibrate(queries:threads:)`` on such queries is surer. A recall that no
    /// measured setting reaches, an index of fewer than 1,000 vectors, and a search that would cost as much are answered by
    /// comparing every vector.
    ///
    /// - Parameters:
    ///   - query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    ///   - k: results wanted, 0 or more.
    ///   - recall: the mean share of the true nearest that is to be found, above 0, up to 1.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, or the query is not a vector of this index.
    public func search(_ query: Span<Float>, k: Int, recall: Double) throws(VectorIndexError) -> [Neighbor] {
        var distanceCount = 0
        return try search(query, k: k, recall: recall, distanceCount: &distanceCount)
    }

    /// The search for a recall that also says how many distances it computed.
    package func search(
        _ query: Span<Float>, k: Int, recall: Double, distanceCount: inout Int
    ) throws(VectorIndexError) -> [Neighbor] {
        try search(query, k: k, plan: try plan(k: k, recall: recall), distanceCount: &distanceCount)
    }

    /// Returns the `k` nearest vectors to a query as they are stored, with the wanted recall; see
    /// ``search(_:k:recall:)-(Span<Float>,_,_)`` and ``searchVectors(_:k:efSearch:)-(Span<Float>,_,_)``.
    public func searchVectors(
        _ query: Span<Float>, k: Int, recall: Double
    ) throws(VectorIndexError) -> [(neighbor: Neighbor, vector: SharedVector)] {
        try searchVectors(query, k: k, plan: try plan(k: k, recall: recall))
    }

    /// Returns the `k` nearest vectors to a query as they are stored, with the wanted recall; see
    /// ``searchVectors(_:k:recall:)-(Span<Float>,_,_)``.
    public func searchVectors(
        _ query: [Float], k: Int, recall: Double
    ) throws(VectorIndexError) -> [(neighbor: Neighbor, vector: SharedVector)] {
        try searchVectors(query.span, k: k, recall: recall)
    }

    /// Calibrates if that is due. While the index is changed, the last calibration serves, or every vector is compared.
    func renewCalibration() {
        guard readers.read(graph, { _, _ in isCalibrationDue }) else { return }
        _ = writer.withLockIfAvailable { _ in
            if isCalibrationDue {
                calibrate(
                    asked: state.value.calibrated?.queries, isRenewal: !isCalibrationDue(additional: 0),
                    among: liveSlots(in: graph.pendingView), threads: Processors.count)
                graph.commit()
            }
        }
    }

    /// Returns the `k` nearest vectors with the wanted recall; see ``search(_:k:recall:)-(Span<Float>,_,_)``.
    public func search(_ query: [Float], k: Int, recall: Double) throws(VectorIndexError) -> [Neighbor] {
        try search(query.span, k: k, recall: recall)
    }

    /// Measures the recall of searches by the number of candidates, for 1, 10, 100 and 1,000 results. Searches go on meanwhile,
    /// changes wait. Compares each query, or up to 768 stored vectors and some of every neighborhood, with every vector.
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

    /// See ``SearchJudge/outlierRatio``; nil in a file of version 1.
    let outlierRatio: Float?

    /// The queries that a caller gave; nil for stored vectors.
    let queries: PreparedBatch?
}
