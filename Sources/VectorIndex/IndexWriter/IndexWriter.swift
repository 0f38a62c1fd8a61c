// SPDX-License-Identifier: Apache-2.0

import HNSW

/// The right to change an index, and what only a change needs. Only the holder of the writer changes the index, while other threads
/// search it.
///
/// Every change goes through the same steps. It makes the graph's next version, which no search sees before
/// ``commit(inserted:removed:enterKeys:)``. It unlinks some of what was removed. At last its keys become known to lookups.
struct IndexWriter: ~Copyable, @unchecked Sendable {
    // SAFETY: there are no copies: one thread at a time has a writer.

    /// What searches read.
    let storage: IndexStorage

    var graph: GraphWriter
    var state: Publisher<SearchState>
    var directory: SharedValueWriter<KeyDirectory>

    /// Slots whose vectors stay whole when the others are given up for their codes.
    var indistinctSlots: Set<Slot> = []

    /// The writer of an empty index.
    init(
        dimensions: Int, metric: Metric, options: HNSWOptions, instructionSet: InstructionSet
    ) throws(StorageError) {
        let vectors = try StoredVectors(
            dimensions: dimensions, metric: metric, instructionSet: instructionSet, rows: options.rows)
        let graph = try GraphWriter(parameters: options.parameters, capacity: vectors.capacity)
        let directory = SharedValueWriter(try KeyDirectory(capacity: vectors.capacity))
        let state = Publisher(SearchState(vectors: vectors))
        storage = IndexStorage(
            dimensions: dimensions, metric: metric, options: options, instructionSet: instructionSet,
            graph: graph.graph, state: state.published, directory: directory.shared)
        self.directory = directory
        self.graph = graph
        self.state = state
    }

    /// The writer of a file's index.
    init(_ opened: consuming OpenedSnapshot) {
        let record = opened.record
        let state = Publisher(opened.state)
        let directory = SharedValueWriter(opened.directory)
        storage = IndexStorage(
            dimensions: record.dimensions, metric: record.metric, options: record.options,
            instructionSet: opened.instructionSet, graph: opened.graph.graph, state: state.published,
            directory: directory.shared)
        self.directory = directory
        graph = opened.graph
        self.state = state
        storage.liveCount.store(record.liveCount, ordering: .releasing)
        storage.insertedCount.store(record.insertedCount, ordering: .relaxed)
        indistinctSlots = Set(record.indistinctSlots.map { Slot($0) })
    }

    var vectors: StoredVectors { state.value.vectors }

    /// The current codes.
    var codes: CodeMatrix? { state.value.codes }

    /// Bytes that the vectors, the graph and the keys use, without scratch memory.
    var usedBytes: Int {
        let slotCount = vectors.count
        return vectors.usedBytes + graph.usedBytes + (codes?.usedBytes ?? 0)
            + storage.directory.read { $0.usedBytes(slotCount: slotCount) }
    }

    /// The oldest version that a reader or a pin holds. Readers are asked first: a reader hands its version to a pin before it
    /// ends.
    var oldestHolder: GraphVersion {
        let oldest = storage.readers.oldest(present: storage.graph.version)
        guard let pinned = vectors.oldestPin else { return oldest }
        return min(oldest, GraphVersion(pinned))
    }

    /// Waits until every search has ended that began before the current version.
    mutating func waitForReaders() {
        storage.waitForReaders()
        state.releaseRetired(oldestReader: storage.graph.version)
    }

    /// Proves what must hold of the index; see ``HNSWIndex/checkInvariants()``.
    func checkInvariants() throws(IndexInvariantViolation) {
        do throws(VectorIndexError) { try requireVerified() } catch { throw .file(error) }
        do throws(GraphInvariantViolation) { try graph.checkInvariants() } catch {
            throw .graph(reason: error.description)
        }
        let slotCount = vectors.count
        try storage.directory.read { (directory) throws(IndexInvariantViolation) in
            var live = 0
            for slot in (0..<slotCount).lazy.map(Slot.init(index:)) {
                if graph.isRemoved(slot) { continue }
                guard directory.slot(of: directory.key(of: slot)) == slot else {
                    throw .key(directory.key(of: slot), slot: slot.index)
                }
                live += 1
            }
            guard live == directory.count, live == storage.count else {
                throw .count(vectors: live, keys: directory.count, counted: storage.count)
            }
        }
    }
}
