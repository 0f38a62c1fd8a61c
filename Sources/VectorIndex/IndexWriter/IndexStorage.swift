// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What searches and lookups of an index read while its ``IndexWriter`` changes it.
final class IndexStorage: @unchecked Sendable {
    // SAFETY: searches read `graph`, rows and keys within `readers.read`. No slot that they may see is reused until that returns.
    // Only the ``IndexWriter`` writes to `keyBySlot`, and only to slots that no search knows.

    let dimensions: Int
    let metric: Metric
    let options: HNSWOptions
    let instructionSet: InstructionSet

    let graph: HNSWGraph
    let readers: Readers

    /// What searches need besides the graph.
    let state: Published<SearchState>

    /// Which key is in which slot.
    let directory: SharedValue<KeyDirectory>

    /// The key of each slot, as searches read it. The directory owns it.
    let keyBySlot: Tensor<UInt64>

    /// Vectors that are held.
    let liveCount = Atomic(0)

    /// Vectors that were ever inserted.
    let insertedCount = Atomic(0)

    /// What is to be verified of the file that the index was opened from.
    let snapshot = SnapshotVerification()

    init(
        dimensions: Int, metric: Metric, options: HNSWOptions, instructionSet: InstructionSet, graph: HNSWGraph,
        state: Published<SearchState>, directory: SharedValue<KeyDirectory>
    ) {
        self.dimensions = dimensions
        self.metric = metric
        self.options = options
        self.instructionSet = instructionSet
        self.graph = graph
        self.state = state
        keyBySlot = directory.read { $0.keyBySlot }
        self.directory = directory
        let parameters = options.parameters
        readers = Readers {
            let query = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
            return QueryScratch(query: query, parameters: parameters)
        }
    }

    /// Vectors that are held.
    var count: Int { liveCount.load(ordering: .acquiring) }

    /// Waits until every search has ended that began before the current version of the graph.
    func waitForReaders() {
        let present = graph.version
        while readers.oldest(present: present) < present { usleep(20) }
    }
}

// When recall is measured.
extension IndexStorage {
    /// Whether a search for a recall must measure first: recall was never measured, or the index has changed much since. The caller
    /// is a reader of the graph, or the writer.
    var isCalibrationDue: Bool { isCalibrationDue(additional: 0, growthShare: Self.growthShare) }

    /// Whether so many vectors are being inserted that recall is measured before the insertion ends.
    func isCalibrationDue(additional: Int) -> Bool { isCalibrationDue(additional: additional, growthShare: 2) }

    /// Recall is measured again after growth by a twentieth: a new cluster of that size changes how many candidates a recall takes.
    private static var growthShare: Int { 20 }

    private func isCalibrationDue(additional: Int, growthShare: Int) -> Bool {
        let count = count + additional
        guard count >= HNSWIndex.calibrationMinimumCount else { return false }
        // The calibration of a file of version 1 was measured as a mean only.
        guard let calibrated = state.value.calibrated, calibrated.outlierRatio != nil else { return true }
        let inserted = insertedCount.load(ordering: .relaxed) + additional - calibrated.insertedCount
        let measuredCount = calibrated.calibration.vectorCount
        return growthShare * inserted >= measuredCount || 5 * count <= 4 * measuredCount
    }
}

/// What searches read besides graph and keys, and what the writer must know of it.
final class SearchState: Sendable {
    let vectors: StoredVectors

    /// The vectors' codes, once there are enough vectors.
    let codes: CodeMatrix?

    /// How stored vectors are compared with one another under the inner product. nil if plain products do, under other metrics, and
    /// while there are few vectors.
    let balance: ProductBalance?

    /// Vectors when `codes` and `balance` were last made, whether or not any codes were good enough.
    let codesLearntCount: Int

    /// The recall of searches, as last measured.
    let calibrated: Calibrated?

    init(
        vectors: StoredVectors, codes: CodeMatrix? = nil, balance: ProductBalance? = nil, codesLearntCount: Int = 0,
        calibrated: Calibrated? = nil
    ) {
        self.vectors = vectors
        self.codes = codes
        self.balance = balance
        self.codesLearntCount = codesLearntCount
        self.calibrated = calibrated
    }

    /// The same state with another calibration.
    func with(calibrated: Calibrated) -> SearchState {
        SearchState(
            vectors: vectors, codes: codes, balance: balance, codesLearntCount: codesLearntCount, calibrated: calibrated
        )
    }
}
