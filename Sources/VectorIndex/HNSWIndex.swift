// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// Answers approximate nearest-neighbour queries from a graph (HNSW), in time that grows with the logarithm of the number of
/// vectors.
///
/// ```swift
/// let index = try HNSWIndex(dimensions: 3, metric: .cosine)
/// try index.insert([1, 0, 0], key: 1)
/// try index.insert([0, 1, 0], key: 2)
/// let nearest = try index.search([0.9, 0.1, 0], k: 1)  // key 1
/// ```
///
/// Any method may be called from any thread.
///
/// - Searches take no lock and never wait for a change. A search sees what the index held when it began: all vectors of a batch
///   whose insertion had ended, none of one that goes on, and the old or the new vector of one that is being replaced. A search
///   for a recall may calibrate first. One that includes vectors takes a short lock to pin them.
/// - Changes are made one after the other. What a call has inserted or removed is seen by every search that begins after it
///   returns.
/// - Lookups by key (``contains(key:)``, ``vector(for:)``, ``distance(from:to:)``) wait for nothing but the entering of a batch's
///   keys, about 50 ns each.
/// - The memory of removed vectors is used again for new ones, once their nodes are unlinked (``compact()``) and no result holds
///   them.
public final class HNSWIndex: NearestNeighborIndex, @unchecked Sendable {
    // SAFETY: searches read `graph`, rows and keys within `readers.read`, which keeps what they may see as it is. `directory` is
    // read under `access.read` and changed under `access.write`. Only the holder of `writer` changes anything, so it may read
    // everything without either, and only it uses `workers` and the counters below it.

    /// Values in every vector.
    public let dimensions: Int
    /// What "near" means.
    public let metric: Metric
    /// The parameters that the index was made with.
    public let options: HNSWOptions

    /// The instruction set that distances are computed with.
    public let instructionSet: InstructionSet

    let graph: HNSWGraph
    let readers: Readers

    /// What searches need beside the graph.
    let state: Published<SearchState>

    /// The key of each slot.
    let keyBySlot: Tensor<UInt64>

    /// Vectors that are held.
    let liveCount = Atomic(0)

    /// Vectors that were ever inserted.
    let insertedCount = Atomic(0)

    let access = ReadersWriterLock()
    var directory: KeyDirectory

    let writer = Guarded(())
    let workers: LinkWorkers

    /// What is to be verified of the file that the index was opened from.
    let snapshot = SnapshotVerification()

    /// Vectors when codes were last made, whether or not any were good enough, and ``balance``.
    var codesLearntCount = 0

    /// How stored vectors are compared with one another under the inner product; nil where plain products do, under other metrics,
    /// and while there are few vectors.
    var balance: ProductBalance?

    /// Slots whose vectors are to stay whole when the others are given up for their codes.
    var indistinctSlots: Set<UInt32> = []

    /// Makes an empty index.
    ///
    /// - Parameter dimensions: values in every vector, 1 to 65,536.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the instruction set is not supported, or the system
    ///   has no address space for the index.
    public init(dimensions: Int, metric: Metric, options: HNSWOptions = HNSWOptions()) throws(VectorIndexError) {
        try VectorIndexError.check("dimensions", dimensions, in: IndexLimits.dimensions)
        try options.check()
        do { instructionSet = try InstructionSet.resolve(options.instructionSet) } catch {
            throw .instructionSet(error)
        }
        self.dimensions = dimensions
        self.metric = metric
        self.options = options
        do {
            let vectors = try StoredVectors(
                dimensions: dimensions, metric: metric, instructionSet: instructionSet, rows: options.rows)
            state = Published(SearchState(vectors: vectors, codes: nil, calibrated: nil))
            graph = try HNSWGraph(parameters: options.parameters, capacity: vectors.capacity)
            let directory = try KeyDirectory(capacity: vectors.capacity)
            keyBySlot = directory.keyBySlot
            self.directory = directory
        } catch { throw VectorIndexError(error) }
        workers = LinkWorkers(parameters: options.parameters)
        readers = Self.readers(dimensions, metric, options, instructionSet)
    }

    /// The index of a file.
    init(_ opened: consuming OpenedSnapshot) {
        let record = opened.record
        dimensions = record.dimensions
        metric = record.metric
        options = record.options
        instructionSet = opened.instructionSet
        state = Published(opened.state)
        graph = opened.graph
        keyBySlot = opened.directory.keyBySlot
        directory = opened.directory
        workers = LinkWorkers(parameters: options.parameters)
        readers = Self.readers(dimensions, metric, options, instructionSet)
        liveCount.store(record.liveCount, ordering: .releasing)
        insertedCount.store(record.insertedCount, ordering: .relaxed)
        codesLearntCount = record.codesLearntCount
        balance = opened.balance
        indistinctSlots = Set(record.indistinctSlots)
    }

    private static func readers(
        _ dimensions: Int, _ metric: Metric, _ options: HNSWOptions, _ instructionSet: InstructionSet
    ) -> Readers {
        let parameters = options.parameters
        return Readers {
            let query = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
            return QueryScratch(query: query, parameters: parameters)
        }
    }

    /// The vectors; the caller holds `writer`.
    var vectors: StoredVectors { state.value.vectors }

    /// Vectors that are held.
    public var count: Int { liveCount.load(ordering: .acquiring) }

    /// Whether the index holds a vector under the key.
    public func contains(key: UInt64) -> Bool { access.read { directory.slot(of: key) != nil } }

    /// Returns the vector under the key, normalised under ``Metric/cosine``; nil if the key is not there.
    ///
    /// A vector of 32-bit floats is not copied. One in half precision has its rounded values (``HNSWOptions/rows``). One that the
    /// index has given up for its codes (``HNSWOptions/keepsVectors``) is decoded, within 2 % of its length.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    public func vector(for key: UInt64) throws(VectorIndexError) -> SharedVector? {
        try snapshot.require(.lookup)
        return withSlot(of: key) { slot, version in state.value.vectors.shared(slot, version: version.number) }
    }

    /// Calls `body` with the slot of a key and the version that is read; nil if the key is not there. The slot holds that vector
    /// until `body` returns.
    func withSlot<Result>(of key: UInt64, _ body: (Slot, GraphVersion) -> Result) -> Result? {
        while true {
            let outcome: (result: Result?, isDecided: Bool) = readers.read(graph) { _, version in
                guard let slot = access.read({ directory.slot(of: key) }) else { return (nil, true) }
                // The key may be newer than the version, or removed and not yet forgotten.
                guard graph.isLive(slot, in: graph.view(at: version)) else { return (nil, graph.version == version) }
                return (body(slot, version), true)
            }
            if outcome.isDecided { return outcome.result }
        }
    }

    /// Bytes that the vectors, the graph and the keys use, without scratch memory. Waits for a change under way.
    public var memoryBytes: Int {
        writer.withLock { _ in
            vectors.usedBytes + graph.usedBytes
                + (state.value.codes?.usedBytes ?? 0)
                + directory.usedBytes(slotCount: vectors.count)
        }
    }

    /// Proves what must hold of the index, in time linear in its size: that every edge of the graph leads to a node of its
    /// level, that keys and vectors match, and that every vector can be reached: after a batch of a sixteenth of the index
    /// all of them, else all but as many as were linked since the graph was last proved whole. For tests and for diagnosis. Waits
    /// for an insertion or removal that is under way.
    ///
    /// - Throws: ``IndexInvariantViolation``, which says what is wrong.
    public func checkInvariants() throws(IndexInvariantViolation) {
        try writer.withLock { _ throws(IndexInvariantViolation) in
            do throws(VectorIndexError) { try requireSound() } catch {
                throw IndexInvariantViolation(error.description)
            }
            try checkInvariantsAlone()
        }
    }

    /// The caller holds `writer`: amid a batch there are nodes that are not linked yet.
    private func checkInvariantsAlone() throws(IndexInvariantViolation) {
        do throws(GraphInvariantViolation) {
            try graph.checkInvariants()
        } catch {
            throw IndexInvariantViolation(error.description)
        }
        var live = 0
        for index in 0..<vectors.count where !graph.isRemoved(Slot(UInt32(index))) {
            let slot = Slot(UInt32(index))
            guard directory.slot(of: directory.key(of: slot)) == slot else {
                throw IndexInvariantViolation("slot \(index) and key \(directory.key(of: slot)) do not match")
            }
            live += 1
        }
        guard live == directory.count, live == count else {
            throw IndexInvariantViolation("\(live) vectors, \(directory.count) keys, counted \(count)")
        }
    }
}

/// What searches read beside graph and keys.
final class SearchState: Sendable {
    let vectors: StoredVectors

    /// The vectors' codes, once there are enough vectors.
    let codes: CodeMatrix?

    /// The recall of searches, as last measured.
    let calibrated: Calibrated?

    init(vectors: StoredVectors, codes: CodeMatrix?, calibrated: Calibrated?) {
        self.vectors = vectors
        self.codes = codes
        self.calibrated = calibrated
    }
}

/// A fact that must hold of every index and does not: a defect of this library, or of the memory.
public struct IndexInvariantViolation: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
