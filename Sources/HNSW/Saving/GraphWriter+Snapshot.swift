// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// What a snapshot's section `graph` holds: all of a graph that is no tensor.
///
/// | bytes | content                                                                               |
/// |-------|---------------------------------------------------------------------------------------|
/// | 0-7   | slots                                                                                  |
/// | 8-15  | nodes                                                                                  |
/// | 16-23 | tombstones                                                                             |
/// | 24-31 | rows of the upper levels                                                               |
/// | 32-39 | nodes linked since the graph was last proved whole                                      |
/// | 40-47 | hashes in the table                                                                    |
/// | 48-55 | the version                                                                            |
/// | 56-63 | the version at which lifetimes were last aged                                           |
/// | 64-71 | 1 + the entry point, or 0                                                              |
/// | 72-79 | the top level                                                                          |
/// | 80-87 | the sweep under way: rows visited                                                       |
/// | 88-95 | slots that it visits; 0 if none is under way                                            |
/// | rest  | four lists of slots, each with its length (8 bytes) before it and 4 bytes a slot: outliers, removed   |
/// |       | duplicates, nodes that it unlinks, free slots in the order in which they will be used              |
///
/// The tensors hold for each slot s:
///
/// - `baseNeighbors`, row s: the neighbors on level 0. `FF FF FF FF` fills the free ones of its 2 M places.
/// - `levels`, byte s: the level.
/// - `flags`, byte s: the ``NodeFlags``.
/// - `firstUpperRows`, word s: which row of `upperNeighbors` is that of level 1. The rows of the levels above follow it.
/// - `states`, three words: see ``NodeStates``.
/// - `lifetimeHints`, bit s: see ``LifetimeHints``.
/// - `hashes`, 8 bytes: the hash of the vector.
/// - `members`, two words, and `owners`, one: see ``DuplicateSets``. Both are left out if there never was a duplicate.
struct GraphRecord {
    var slotCount = 0
    var nodeCount = 0
    var tombstoneCount = 0
    var upperRowCount = 0
    var linkedSinceRepair = 0
    var hashCount = 0
    var version = GraphVersion.first
    var agedAt = GraphVersion.first
    var entryPoint: Node?
    var topLevel = 0
    var sweep: Sweep?
    var outliers: [Node] = []
    var removedDuplicates: [Slot] = []
    var freeSlots: [Slot] = []

    /// What an empty graph begins with.
    init(version: GraphVersion) {
        self.version = version
        agedAt = version
    }

    func encoded() -> RecordWriter {
        var record = RecordWriter()
        for count in [slotCount, nodeCount, tombstoneCount, upperRowCount, linkedSinceRepair, hashCount] {
            record.append(UInt64(count))
        }
        record.append(version.number)
        record.append(agedAt.number)
        record.append(entryPoint.map { UInt64($0.rawValue) + 1 } ?? 0)
        record.append(UInt64(topLevel))
        record.append(UInt64(sweep?.cursor ?? 0))
        record.append(UInt64(sweep?.end ?? 0))
        let unlinking = sweep?.nodes ?? []
        for list in [outliers.map(\.slot), removedDuplicates, unlinking.map(\.slot), freeSlots] {
            record.append(list.map(\.rawValue))
        }
        return record
    }

    /// Reads a record. Refuses what would lead outside the tensors that belong to it.
    init(_ record: inout RecordReader, slotCount: Int) throws(SnapshotError) {
        self.slotCount = try record.next("the number of slots", in: slotCount...slotCount)
        nodeCount = try record.next("the number of nodes", in: 0...slotCount)
        tombstoneCount = try record.next("the number of tombstones", in: 0...nodeCount)
        upperRowCount = try record.next("the number of upper rows", in: 0...slotCount * HNSWGraph.maximumLevel)
        linkedSinceRepair = try record.next("the number of nodes linked since", in: 0...Int.max >> 8)
        hashCount = try record.next("the number of hashes", in: 0...nodeCount)
        let least = Int(GraphVersion.first.number)
        version = GraphVersion(UInt64(try record.next("the version", in: least...Int.max >> 1)))
        agedAt = GraphVersion(UInt64(try record.next("the version of ages", in: least...Int(version.number))))
        guard version.short >= Lifetime.firstVersion else { throw record.malformed("a version that there is not") }
        let entry = try record.next("1 + the entry point", in: 0...(nodeCount > 0 ? slotCount : 0))
        entryPoint = entry == 0 ? nil : Node(Slot(index: entry - 1))
        // Without rows on the upper levels there are no such levels.
        topLevel = try record.next("the top level", in: 0...(upperRowCount > 0 ? HNSWGraph.maximumLevel : 0))
        let sweepCursor = try record.next("the sweep's place", in: 0...slotCount)
        let sweepEnd = try record.next("the sweep's end", in: sweepCursor...slotCount)
        outliers = try Self.slots(&record, below: slotCount).map { Node($0) }
        removedDuplicates = try Self.slots(&record, below: slotCount)
        let unlinking = try Self.slots(&record, below: slotCount).map { Node($0) }
        freeSlots = try Self.slots(&record, below: slotCount)
        try record.finish()
        guard outliers.count <= GraphLedger.maximumOutliers else {
            throw record.malformed("\(outliers.count) outliers")
        }
        guard (sweepEnd == 0) == unlinking.isEmpty else {
            throw record.malformed("nodes that are unlinked without a sweep")
        }
        sweep = unlinking.isEmpty ? nil : Sweep(nodes: unlinking, cursor: sweepCursor, end: sweepEnd)
    }

    private static func slots(_ record: inout RecordReader, below slotCount: Int) throws(SnapshotError) -> [Slot] {
        let slots = try record.array(UInt32.self)
        for slot in slots where slot >= slotCount { throw record.malformed("slot \(slot) of \(slotCount)") }
        return slots.map { Slot($0) }
    }
}

extension GraphWriter {
    /// The graph of a snapshot of `slotCount` slots. Reads only the section `graph`. Searches stay within the tensors, even if
    /// these are damaged. ``verifyNodes()`` and ``verifyEdges()`` must pass before the graph is changed.
    package init(
        parameters: HNSWParameters, capacity: Int, file: SnapshotFile, slotCount: Int
    ) throws(StorageError) {
        let record: GraphRecord
        do throws(SnapshotError) {
            guard var reader = try file.record(.graph) else {
                throw .malformed(section: SnapshotSection.graph.name, reason: "it is missing")
            }
            record = try GraphRecord(&reader, slotCount: slotCount)
        } catch {
            throw .snapshot(error)
        }
        try self.init(parameters: parameters, capacity: capacity, record: record, source: .file(file))
    }

    /// Appends the graph to a snapshot. Nothing is pending: the writer calls it between changes.
    package func save(to writer: SnapshotWriter) throws(SnapshotError) {
        var record = GraphRecord(version: graph.version)
        record.slotCount = graph.slotCount
        record.nodeCount = graph.nodeCount
        record.tombstoneCount = tombstoneCount
        record.upperRowCount = graph.upperRowCount
        record.linkedSinceRepair = ledger.linkedSinceRepair
        record.hashCount = ledger.duplicates.hashCount
        record.agedAt = ledger.agedAt
        record.entryPoint = graph.entryPoint
        record.topLevel = graph.topLevel
        record.sweep = ledger.sweep
        record.outliers = ledger.outliers
        record.removedDuplicates = ledger.removedDuplicates
        record.freeSlots = ledger.free(upTo: graph.version)
        try writer.append(.graph, record.encoded())
        try writer.append(.baseNeighbors, graph.baseNeighbors, rows: graph.slotCount)
        try writer.append(.upperNeighbors, graph.upperNeighbors, rows: graph.upperRowCount)
        try writer.append(.firstUpperRows, graph.firstUpperRow, rows: graph.slotCount)
        try writer.append(.levels, graph.levels, rows: graph.slotCount)
        try graph.states.save(to: writer, slotCount: graph.slotCount)
        try graph.lifetimeHints.save(to: writer, slotCount: graph.slotCount)
        try writer.append(.flags, ledger.flags, rows: graph.slotCount)
        try ledger.duplicates.save(to: writer, slotCount: graph.slotCount)
    }
}
