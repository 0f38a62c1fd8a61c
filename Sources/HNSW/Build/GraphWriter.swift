// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// The right to change a graph, and what only a change needs. Only the holder of the writer changes the graph, while other threads
/// search it.
///
/// A change adds, links or removes slots, which no search sees. It ends with ``commit()``, which makes the graph's next version.
package struct GraphWriter: ~Copyable {
    /// What searches read.
    package let graph: HNSWGraph

    var ledger: GraphLedger
    let workers: LinkWorkers

    /// A graph without nodes.
    ///
    /// - Parameters:
    ///   - capacity: the most slots there can be.
    ///   - version: the version of the graph while it is empty.
    package init(parameters: HNSWParameters, capacity: Int, version: GraphVersion = .first) throws(StorageError) {
        try self.init(
            parameters: parameters, capacity: capacity, record: GraphRecord(version: version), source: .fresh)
    }

    /// The graph that a record describes.
    init(
        parameters: HNSWParameters, capacity: Int, record: GraphRecord, source: TensorSource
    ) throws(StorageError) {
        // Made before any is stored: if one fails, nothing is half initialized.
        let graph = try HNSWGraph(parameters: parameters, capacity: capacity, record: record, source: source)
        let ledger = try GraphLedger(capacity: capacity, record: record, source: source)
        self.graph = graph
        self.ledger = ledger
        workers = LinkWorkers(parameters: parameters)
    }

    /// The version that the change under way makes.
    package var nextVersion: GraphVersion { graph.version.next }

    /// What the writer sees during a change: all of the graph, pending nodes included.
    package var pendingView: GraphView { graph.view(at: nextVersion) }

    /// Nodes that have each level, from level 0 on. Linear in the number of slots.
    package var nodeCountByLevel: [Int] {
        var counts: [Int] = []
        for slot in graph.allSlots where ledger.flags.base[slot.row].isNode {
            for level in 0...graph.level(of: slot) {
                if level == counts.count { counts.append(0) }
                counts[level] += 1
            }
        }
        return counts
    }

    /// Ends a change: searches that begin from now on see what it added, and not what it removed.
    package mutating func commit() {
        let version = nextVersion
        graph.publish(version)
        // After publishing: a search of an older version then reads lifetimes, because the current version is not its own.
        for node in ledger.pendingNodes where !ledger.flags.base[node.index].contains(.tombstone) {
            graph.lifetimeHints.remove(node)
        }
        ledger.pendingNodes.removeAll(keepingCapacity: true)
        if version.number - ledger.agedAt.number >= Lifetime.agingPeriod { ageLifetimes(at: version) }
    }

    private mutating func ageLifetimes(at version: GraphVersion) {
        for slot in graph.allSlots {
            graph.states.setLifetime(graph.states.lifetime(slot).aged(at: version.short), of: slot)
        }
        ledger.agedAt = version
    }

    /// Marks a slot's vector as removed: searches of the next version do not find it. Its node routes until it is unlinked.
    package mutating func remove(_ slot: Slot) {
        let flags = ledger.flags.base
        precondition(slot.row < graph.slotCount && flags[slot.row].isDisjoint(with: [.removed, .free]))
        flags[slot.row].insert(.removed)
        var lifetime = graph.states.lifetime(slot)
        lifetime.died = nextVersion.short
        graph.states.setLifetime(lifetime, of: slot)
        let node = node(of: slot)
        if flags[slot.row].contains(.duplicate) { ledger.removedDuplicates.append(slot) }
        if ledger.duplicates.removeMember(of: node) {
            if node.slot == slot { ledger.vacated?.insert(node) }
            return
        }
        ledger.vacated?.remove(node)
        flags[node.index].insert(.tombstone)
        ledger.tombstoneCount += 1
        graph.lifetimeHints.insert(node)
    }

    /// Releases stored vectors that may be replaced.
    package func releaseStored() { workers.releaseStored() }
}

// What a slot is.
extension GraphWriter {
    /// Tombstones.
    package var tombstoneCount: Int { ledger.tombstoneCount }

    /// Slots that are retired or free.
    package var freeSlotCount: Int { ledger.freeSlotCount }

    /// Free slots: no reader can reach their removed vectors.
    ///
    /// - Parameter oldestReader: the oldest version that a reader or a pin holds.
    package func freeSlots(oldestReader: GraphVersion) -> [Slot] { ledger.free(upTo: oldestReader) }

    /// The node that holds a slot's vector: the slot itself, or the one that it is a duplicate of.
    package func node(of slot: Slot) -> Node { ledger.duplicates.node(duplicate: slot) ?? Node(slot) }

    /// Whether a slot holds no vector, or a removed one.
    package func isRemoved(_ slot: Slot) -> Bool {
        !ledger.flags.base[slot.row].isDisjoint(with: [.removed, .free])
    }

    /// Whether ``SearchScratch/hidden`` can hide a live slot's vector and no other: the slot is a node of level 0 only, without
    /// duplicates.
    package func canBeHidden(_ slot: Slot) -> Bool {
        ledger.flags.base[slot.row].isEmpty && graph.states.next(slot) == nil
            && graph.level(of: slot) == 0 && Node(slot) != graph.entryPoint
    }

    /// The nodes that must be reached: all but the unlinking ones.
    var reachableNodes: [Node] {
        var nodes: [Node] = []
        nodes.reserveCapacity(graph.nodeCount)
        for slot in graph.allSlots where needsReach(slot) { nodes.append(Node(slot)) }
        return nodes
    }

    /// Whether a slot is a node that must be reached.
    func needsReach(_ slot: Slot) -> Bool {
        let flags = ledger.flags.base[slot.row]
        return flags.isNode && !flags.contains(.unlinking)
    }

    func isUnlinking(_ node: Node) -> Bool { ledger.flags.base[node.index].contains(.unlinking) }

    /// Bytes that rows, levels, flags and duplicates use.
    package var usedBytes: Int {
        graph.usedBytes + graph.slotCount * MemoryLayout<NodeFlags>.stride
            + ledger.duplicates.usedBytes(slotCount: graph.slotCount)
    }
}
