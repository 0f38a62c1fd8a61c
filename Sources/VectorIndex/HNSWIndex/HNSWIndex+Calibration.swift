// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// If there are fewer vectors, every vector is compared.
    static var calibrationMinimumCount: Int { 1000 }

    /// The recall that searches reach by the number of candidates, as last measured. nil while there are fewer than 1,000 vectors:
    /// every vector is compared then.
    ///
    /// It is measured at these times:
    ///
    /// - Near the end of an insertion that makes the index half as large again, on vectors that are not yet linked.
    /// - At the first search for a recall after the index has grown by a twentieth or lost a fifth.
    /// - By ``calibrate(queries:threads:)``.
    public var calibration: Calibration? {
        readers.read(graph) { _, _ in
            count < Self.calibrationMinimumCount ? nil : state.value.calibrated?.calibration
        }
    }

    /// Calibrates if that is due. While a change is under way, searches use the last calibration, or compare every vector.
    func renewCalibration() {
        guard readers.read(graph, { _, _ in storage.isCalibrationDue }) else { return }
        writer.withLockIfAvailable { $0.renewCalibration() }
    }

    /// Measures the recall of searches by the number of candidates, for 1, 10, 100 and 1,000 results, on queries like those that
    /// will be asked. Searches go on at the same time; changes wait. Compares each query with every vector.
    ///
    /// The queries are kept for later calibrations. With fewer than 1,000 vectors, nothing is measured or kept. Without queries,
    /// this is ``calibrate(threads:)``.
    ///
    /// - Parameters:
    ///   - queries: vectors of `dimensions` values, or all values one query after the other. A good estimate takes some hundreds.
    ///     None of them should be a stored vector.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Throws: ``VectorIndexError``: `threads` is outside its range, or a query is not a vector of this index.
    public func calibrate(
        queries: borrowing some VectorListInput & ~Copyable & ~Escapable, threads: Int? = nil
    ) throws(VectorIndexError) {
        let batch = try PreparedBatch(queries, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        try calibrate(asked: batch.count > 0 ? batch : nil, threads: threads)
    }

    /// Measures the recall of searches on stored vectors; see ``calibrate(queries:threads:)``. Asks up to 768 vectors and some of
    /// every neighborhood, each hidden from its own search. Forgets queries that were asked before.
    ///
    /// - Parameter threads: threads to use, 1 to 1,024; nil uses every core.
    /// - Throws: ``VectorIndexError``: `threads` is outside its range.
    public func calibrate(threads: Int? = nil) throws(VectorIndexError) { try calibrate(asked: nil, threads: threads) }

    private func calibrate(asked: PreparedBatch?, threads: Int?) throws(VectorIndexError) {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        try snapshot.require(.search)
        writer.withLock { $0.calibrate(asking: asked, threads: threads) }
    }
}

/// A calibration, and what renewing it needs.
struct Calibrated {
    let calibration: Calibration

    /// Vectors that had ever been inserted into the index.
    let insertedCount: Int

    /// See ``SearchJudge/outlierRatio``; nil in a file of version 1.
    let outlierRatio: Float?

    /// The queries that a caller gave; nil for stored vectors.
    let queries: PreparedBatch?
}
