// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// The right to change a graph, and what only a change needs: who has the writer is alone in changing the graph, while others search
/// it.
///
/// A change adds, links or removes slots, which no search sees, and ends with ``commit()``, which makes it the graph's next version.
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
        // Made before any is stored: one that fails leaves nothing half initialized.
        let graph = try HNSWGraph(parameters: parameters, capacity: capacity, record: record, source: source)
        let ledger = try GraphLedger(capacity: capacity, record: record, source: source)
        self.graph = graph
        self.ledger = ledger
        workers = LinkWorkers(parameters: parameters)
    }

    /// The version that the change under way makes.
    package var nextVersion: GraphVersion { graph.version.next }

    /// What the writer sees amid a change: all of it.
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
        // Afterwards: a search of an older version looks at lifetimes because the version is not its own.
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

    /// Lets go of stored vectors that may be replaced.
    package func releaseStored() { workers.releaseStored() }
}

// What a slot is.
extension GraphWriter {
    /// Nodes without a live vector.
    package var tombstoneCount: Int { ledger.tombstoneCount }

    /// Slots whose vectors were removed and that no edge leads to.
    package var freeSlotCount: Int { ledger.freeSlotCount }

    /// Slots whose removed vectors no reader can reach any longer.
    ///
    /// - Parameter oldestReader: the oldest version that is searched or held.
    package func freeSlots(oldestReader: GraphVersion) -> [Slot] { ledger.free(upTo: oldestReader) }

    /// The node that holds a slot's vector: the slot itself, or the one that it is a duplicate of.
    package func node(of slot: Slot) -> Node { ledger.duplicates.node(duplicate: slot) ?? Node(slot) }

    /// Whether a slot holds no vector, or a removed one.
    package func isRemoved(_ slot: Slot) -> Bool {
        !ledger.flags.base[slot.row].isDisjoint(with: [.removed, .free])
    }

    /// Whether ``SearchScratch/hidden`` can hide a live slot's vector, and nothing else: it is a node of level 0 alone.
    package func canBeHidden(_ slot: Slot) -> Bool {
        ledger.flags.base[slot.row].isEmpty && graph.states.next(slot) == nil
            && graph.level(of: slot) == 0 && Node(slot) != graph.entryPoint
    }

    /// The nodes that must be reached: all but those that are being unlinked.
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
