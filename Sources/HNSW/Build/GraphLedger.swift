// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// What only the writer of a graph knows: searches read none of it.
struct GraphLedger: ~Copyable {
    let flags: Tensor<NodeFlags>

    var duplicates: DuplicateSets

    /// Nodes linked since reachability was last proved.
    var linkedSinceRepair = 0

    /// Tombstones, those that a sweep unlinks included.
    var tombstoneCount = 0

    /// Nodes that the change under way has added, or given a duplicate.
    var pendingNodes: [Node] = []

    /// The version at which lifetimes were last aged.
    var agedAt = GraphVersion.first

    /// Recent outliers: nodes farther from their nearest neighbor than three quarters of that neighbor's own neighbors are. Usually
    /// the first of a new cluster.
    var outliers: [Node] = []

    /// The rows that this batch need not save, because they are new or already saved. nil if the batch saves no rows.
    var savedRows: RowMarks?

    /// Removed duplicates that still hang on their nodes.
    var removedDuplicates: [Slot] = []

    /// Nodes whose own vectors are removed, and that have live members; nil before they are looked for.
    var vacated: Set<Node>?

    /// The sweep under way.
    var sweep: Sweep?

    /// Whether the sweep comes from a file. Then an earlier release may have begun it, whose sweeps left nodes reachable through
    /// tombstones only.
    var isSweepOfFile = false

    /// Retired slots, in the order of their retirement. Those before `firstRetired` are in use again.
    private var retired: [RetiredSlot] = []
    private var firstRetired = 0

    init(capacity: Int, record: GraphRecord, source: TensorSource) throws(StorageError) {
        // Made before any is stored: if one fails, nothing is half initialized.
        let flags: Tensor<NodeFlags> = try source.tensor(
            .flags, stride: 1, capacity: capacity, rows: record.slotCount)
        let duplicates = try DuplicateSets(
            capacity: capacity, source: source, hashCount: record.hashCount, slotCount: record.slotCount)
        self.flags = flags
        self.duplicates = duplicates
        linkedSinceRepair = record.linkedSinceRepair
        tombstoneCount = record.tombstoneCount
        agedAt = record.agedAt
        outliers = record.outliers
        removedDuplicates = record.removedDuplicates
        vacated = record.slotCount == 0 ? [] : nil
        sweep = record.sweep
        isSweepOfFile = record.sweep != nil
        retired = record.freeSlots.map { RetiredSlot(slot: $0, version: record.version) }
    }

    mutating func addOutlier(_ node: Node) {
        if outliers.count == Self.maximumOutliers { outliers.removeFirst() }
        outliers.append(node)
    }

    /// Forgets outliers that are being unlinked.
    mutating func removeOutliers(where isGone: (Node) -> Bool) { outliers.removeAll(where: isGone) }

    /// So few that comparing them is a small part of an insertion.
    static var maximumOutliers: Int { 64 }

    /// Slots that are retired or free.
    var freeSlotCount: Int { retired.count - firstRetired }

    /// Slots retired at `version` or before.
    func freeSlotCount(upTo version: GraphVersion) -> Int {
        retired[firstRetired...].prefix { $0.version <= version }.count
    }

    /// Retires a slot that no edge leads to from `version` on.
    mutating func retire(_ slot: Slot, at version: GraphVersion) {
        retired.append(RetiredSlot(slot: slot, version: version))
    }

    /// Takes a slot that was retired at `version` or before.
    mutating func take(upTo version: GraphVersion) -> RetiredSlot? {
        guard firstRetired < retired.count, retired[firstRetired].version <= version else { return nil }
        let taken = retired[firstRetired]
        firstRetired += 1
        if firstRetired * 2 > retired.count {
            retired.removeFirst(firstRetired)
            firstRetired = 0
        }
        return taken
    }

    /// Puts back slots that were just taken, in their order.
    mutating func rollBack(_ slots: [RetiredSlot]) {
        retired.replaceSubrange(..<firstRetired, with: slots)
        firstRetired = 0
    }

    /// The slots retired at `version` or before.
    func free(upTo version: GraphVersion) -> [Slot] {
        retired[firstRetired...].prefix { $0.version <= version }.map(\.slot)
    }
}

/// A slot that no edge leads to from a version on.
struct RetiredSlot {
    let slot: Slot
    let version: GraphVersion
}

/// What a slot is, as the writer sees it.
struct NodeFlags: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    /// No live vector is here: the node routes and is no result.
    static let tombstone = NodeFlags(rawValue: 1)

    /// The slot hangs on another slot's node and is not linked.
    static let duplicate = NodeFlags(rawValue: 2)

    /// The slot's own vector is removed.
    static let removed = NodeFlags(rawValue: 4)

    /// A tombstone that is being unlinked: it still routes, and no new edge leads to it.
    static let unlinking = NodeFlags(rawValue: 8)

    /// The slot holds nothing and no edge leads to it.
    static let free = NodeFlags(rawValue: 16)

    static let all: NodeFlags = [.tombstone, .duplicate, .removed, .unlinking, .free]

    /// Neither `duplicate` nor `free`: a node of the graph.
    var isNode: Bool { isDisjoint(with: [.duplicate, .free]) }
}
