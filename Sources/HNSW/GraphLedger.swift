// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// What only the writer of a graph knows: searches read none of it.
final class GraphLedger {
    let flags: Tensor<NodeFlags>

    var duplicates: DuplicateSets

    /// Nodes linked since reachability was last proved.
    var linkedSinceRepair = 0

    /// Nodes without a live vector, those that a sweep unlinks included.
    var deadNodeCount = 0

    /// Nodes that came since the last version, or got a duplicate.
    var pendingNodes: [UInt32] = []

    /// The version at which lifetimes were last aged.
    var agedAt = GraphVersion.first

    /// The last nodes that came to lie farther from all others than these from one another: the first of an island, mostly.
    var outposts: [UInt32] = []

    /// The rows that need not be saved (again) in this batch; nil if none is saved.
    var savedRows: RowMarks?

    /// Rows that were saved by the writer's own thread.
    var journal = RowJournal()

    /// Removed duplicates that are members of their nodes still.
    var removedDuplicates: [UInt32] = []

    /// Nodes whose own vectors are removed, and that have live members; nil if they are to be looked for.
    var vacated: Set<UInt32>?

    /// The unlinking of dead nodes that is under way.
    var sweep: Sweep?

    /// Slots that nothing leads to, in the order in which they were given up; those before `firstGiven` are in use again.
    private var given: [GivenSlot] = []
    private var firstGiven = 0

    init(capacity: Int, record: GraphRecord, source: TensorSource) throws(StorageError) {
        flags = try source.tensor(.flags, stride: 1, capacity: capacity, rows: record.slotCount)
        duplicates = try DuplicateSets(
            capacity: capacity, source: source, hashCount: record.hashCount, slotCount: record.slotCount)
        linkedSinceRepair = record.linkedSinceRepair
        deadNodeCount = record.deadNodeCount
        agedAt = record.agedAt
        outposts = record.outposts
        removedDuplicates = record.removedDuplicates
        vacated = record.slotCount == 0 ? [] : nil
        sweep = record.sweep
        given = record.freeSlots.map { GivenSlot(slot: $0, version: record.version) }
    }

    func addOutpost(_ node: UInt32) {
        if outposts.count == Self.maximumOutposts { outposts.removeFirst() }
        outposts.append(node)
    }

    /// Forgets outposts that are to be nodes no more.
    func removeOutposts(where isGone: (UInt32) -> Bool) { outposts.removeAll(where: isGone) }

    /// What an insertion compares with them is a small part of what it compares.
    static var maximumOutposts: Int { 64 }

    /// Slots that can be used again, now or later.
    var freeSlotCount: Int { given.count - firstGiven }

    /// Slots given up at `version` or before.
    func freeSlotCount(upTo version: GraphVersion) -> Int {
        given[firstGiven...].prefix { $0.version <= version }.count
    }

    /// Gives up a slot that no edge leads to from `version` on.
    func give(_ slot: UInt32, at version: GraphVersion) { given.append(GivenSlot(slot: slot, version: version)) }

    /// Takes a slot that was given up at `version` or before.
    func take(upTo version: GraphVersion) -> GivenSlot? {
        guard firstGiven < given.count, given[firstGiven].version <= version else { return nil }
        let taken = given[firstGiven]
        firstGiven += 1
        if firstGiven * 2 > given.count {
            given.removeFirst(firstGiven)
            firstGiven = 0
        }
        return taken
    }

    /// Puts back slots that were just taken, in the order in which they were.
    func putBack(_ slots: [GivenSlot]) {
        given.replaceSubrange(..<firstGiven, with: slots)
        firstGiven = 0
    }

    /// The slots given up at `version` or before.
    func free(upTo version: GraphVersion) -> [UInt32] {
        given[firstGiven...].prefix { $0.version <= version }.map(\.slot)
    }
}

/// A slot that no edge leads to from a version on.
struct GivenSlot {
    let slot: UInt32
    let version: GraphVersion
}

/// What a slot is, as the writer sees it.
struct NodeFlags: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    /// No live vector is here: the node routes and is no result.
    static let dead = NodeFlags(rawValue: 1)

    /// The slot hangs on another slot's node and is not linked.
    static let duplicate = NodeFlags(rawValue: 2)

    /// The slot's own vector is removed.
    static let removed = NodeFlags(rawValue: 4)

    /// A dead node that is being unlinked: it routes still, and no new edge leads to it.
    static let condemned = NodeFlags(rawValue: 8)

    /// The slot holds nothing and no edge leads to it.
    static let free = NodeFlags(rawValue: 16)

    static let all: NodeFlags = [.dead, .duplicate, .removed, .condemned, .free]

    /// Neither `duplicate` nor `free`: a node of the graph.
    var isNode: Bool { isDisjoint(with: [.duplicate, .free]) }
}
