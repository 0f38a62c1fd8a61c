// SPDX-License-Identifier: Apache-2.0

import HNSW

/// Answers approximate nearest-neighbor queries from a graph (HNSW), in time that grows with the logarithm of the number of
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
/// - Searches take no lock and never wait for a change. A search sees what the index held when it began. It sees nothing of a batch
///   that is being inserted. It sees the old or the new one of a vector that is being replaced. A search for a recall may calibrate
///   first. A search that includes vectors takes a short lock to pin them,
///   and one with a filter to look its bits up.
/// - Changes are made one after the other. Every search that begins after a call has returned sees what the call has inserted or
///   removed.
/// - Lookups by key (``contains(key:)``, ``vector(for:)``, ``distance(from:to:)``) wait only while a change enters its keys, about
///   50 ns each.
/// - The memory of removed vectors is reused for new ones when their nodes are unlinked (``compact()``) and no result holds them.
public final class HNSWIndex: NearestNeighborIndex {
    /// What searches read.
    let storage: IndexStorage

    /// What changes the index, one call at a time.
    let writer: Guarded<IndexWriter>

    /// Makes an empty index.
    ///
    /// - Parameter dimensions: values in every vector, 1 to 65,536.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the instruction set is not supported, or the system
    ///   has no address space for the index.
    public init(dimensions: Int, metric: Metric, options: HNSWOptions = HNSWOptions()) throws(VectorIndexError) {
        try VectorIndexError.check("dimensions", dimensions, in: IndexLimits.dimensions)
        try options.check()
        let instructionSet: InstructionSet
        do { instructionSet = try InstructionSet.resolve(options.instructionSet) } catch {
            throw .instructionSet(error)
        }
        let writer: IndexWriter
        do throws(StorageError) {
            writer = try IndexWriter(
                dimensions: dimensions, metric: metric, options: options, instructionSet: instructionSet)
        } catch { throw VectorIndexError(error) }
        storage = writer.storage
        self.writer = Guarded(writer)
    }

    /// The index of a file.
    init(_ opened: consuming OpenedSnapshot) {
        let writer = IndexWriter(opened)
        storage = writer.storage
        self.writer = Guarded(writer)
    }

    /// Values in every vector.
    public var dimensions: Int { storage.dimensions }

    /// What "near" means.
    public var metric: Metric { storage.metric }

    /// The parameters that the index was made with.
    public var options: HNSWOptions { storage.options }

    /// The instruction set that distances are computed with.
    public var instructionSet: InstructionSet { storage.instructionSet }

    /// Vectors that are held.
    public var count: Int { storage.count }

    /// Whether the index holds a vector under the key.
    public func contains(key: UInt64) -> Bool { storage.directory.read { $0.slot(of: key) != nil } }

    /// Returns the vector under the key, normalized under ``Metric/cosine``; nil if the key is not there.
    ///
    /// A vector of 32-bit floats is not copied. A vector in half precision has its rounded values (``HNSWOptions/rows``). A vector
    /// that the index has given up for its codes (``HNSWOptions/keepsVectors``) is decoded, within 2 % of its length.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    public func vector(for key: UInt64) throws(VectorIndexError) -> SharedVector? {
        try snapshot.require(.lookup)
        return withSlot(of: key) { slot, version in state.value.vectors.shared(slot, version: version.number) }
    }

    /// Calls `body` with the slot of a key and the version that is read. Returns nil if the key is not there. The slot holds its
    /// vector until `body` returns.
    func withSlot<Result>(of key: UInt64, _ body: (Slot, GraphVersion) -> Result) -> Result? {
        while true {
            let outcome: (result: Result?, isDecided: Bool) = readers.read(graph) { _, version in
                guard let slot = storage.directory.read({ $0.slot(of: key) }) else { return (nil, true) }
                // The key may be newer than the version, or removed and not yet forgotten.
                guard graph.admits(slot, in: graph.view(at: version)) else { return (nil, graph.version == version) }
                return (body(slot, version), true)
            }
            if outcome.isDecided { return outcome.result }
        }
    }

    /// Bytes that the vectors, the graph and the keys use, without scratch memory. Waits for a change under way.
    public var memoryBytes: Int { writer.withLock { $0.usedBytes } }

    /// Proves what must hold of the index, for tests and for diagnosis:
    ///
    /// - Every edge of the graph leads to a node of its level.
    /// - Keys and vectors match.
    /// - Every vector can be reached. After a batch of a sixteenth of the index that is all of them. Else as many may be missing as
    ///   were linked since the graph was last proved whole.
    ///
    /// Linear in the size of the index. Waits for a change that is under way.
    ///
    /// - Throws: ``IndexInvariantViolation``, which says what is wrong.
    public func checkInvariants() throws(IndexInvariantViolation) {
        try writer.withLock { (writer) throws(IndexInvariantViolation) in try writer.checkInvariants() }
    }
}

// What searches read.
extension HNSWIndex {
    var graph: HNSWGraph { storage.graph }
    var readers: Readers { storage.readers }
    var state: Published<SearchState> { storage.state }
    var snapshot: SnapshotVerification { storage.snapshot }

    /// The key of each slot.
    var keyBySlot: Tensor<UInt64> { storage.keyBySlot }
}
