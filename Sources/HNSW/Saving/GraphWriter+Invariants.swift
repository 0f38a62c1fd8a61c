// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// A fact that must hold of every graph and does not.
package struct GraphInvariantViolation: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

extension GraphWriter {
    /// Proves what must hold of every graph:
    ///
    /// - Every edge leads to a node of its level. No row names a node twice, or its own.
    /// - The counts are right.
    /// - Level 0 reaches every node from the entry point, without a step through unlinking nodes. As many nodes as were linked
    ///   since the last repair may be missing.
    ///
    /// Linear in the size of the graph.
    package func checkInvariants() throws(GraphInvariantViolation) {
        guard let entryPoint = graph.entryPoint else {
            guard graph.nodeCount == 0 else {
                throw GraphInvariantViolation("\(graph.nodeCount) nodes and no entry point")
            }
            return
        }
        guard graph.level(of: entryPoint) == graph.topLevel else {
            throw GraphInvariantViolation(
                "the entry point is on level \(graph.level(of: entryPoint)) of \(graph.topLevel)")
        }
        var nodes = 0
        var tombstones = 0
        var duplicates = 0
        var members = 0
        for slot in graph.allSlots {
            let flags = ledger.flags.base[slot.row]
            if flags.contains(.duplicate) {
                guard ledger.duplicates.node(duplicate: slot) != nil else {
                    throw GraphInvariantViolation("duplicate \(slot) hangs on no node")
                }
                duplicates += 1
            }
            if !flags.isNode { continue }
            nodes += 1
            if flags.contains(.tombstone) { tombstones += 1 }
            let node = Node(slot)
            members += try memberCount(of: node)
            // An unlinking node keeps its rows as they were, even above a top level that is now lower.
            if flags.contains(.unlinking) { continue }
            for level in 0...graph.level(of: node) { try checkRow(of: node, level: level) }
        }
        guard nodes == graph.nodeCount, tombstones == tombstoneCount else {
            throw GraphInvariantViolation(
                "\(nodes) nodes, \(tombstones) tombstones; counted \(graph.nodeCount), \(tombstoneCount)")
        }
        if let vacated = ledger.vacated, vacated != Set(graph.allSlots.filter({ isVacated($0) }).map { Node($0) }) {
            throw GraphInvariantViolation("\(vacated.count) nodes are noted as removed ones with live members")
        }
        guard members == duplicates else {
            throw GraphInvariantViolation("\(duplicates) duplicates; \(members) hang on nodes")
        }
        guard !isUnlinking(entryPoint) else {
            throw GraphInvariantViolation("the entry point is being unlinked")
        }
        // Nodes linked one by one since the last repair may be cut off. The next repair attaches them.
        let lost = unreachedNodes
        guard lost.count <= ledger.linkedSinceRepair else {
            throw GraphInvariantViolation("\(lost.count) nodes are not reached, slot \(lost[0]) the first")
        }
    }

    /// The slots that hang on a node.
    private func memberCount(of node: Node) throws(GraphInvariantViolation) -> Int {
        var count = 0
        var member = graph.states.next(node.slot)
        while let slot = member {
            guard ledger.duplicates.node(duplicate: slot) == node, count < graph.slotCount else {
                throw GraphInvariantViolation("slot \(slot) hangs on slot \(node) and is no duplicate of it")
            }
            count += 1
            member = graph.states.next(slot)
        }
        return count
    }

    private func checkRow(of node: Node, level: Int) throws(GraphInvariantViolation) {
        guard level <= graph.topLevel else { throw GraphInvariantViolation("slot \(node) is above the top level") }
        let layer = graph.layer(level)
        let row = layer.row(node)
        for i in 0..<layer.count(row) {
            /// What is wrong with the neighbor.
            func violation(_ fault: String) -> GraphInvariantViolation {
                GraphInvariantViolation("slot \(node), level \(level), neighbor \(i) = \(row[i]): \(fault)")
            }
            guard row[i].index < graph.slotCount else { throw violation("no such slot") }
            guard row[i] != node else { throw violation("the node itself") }
            guard !(0..<i).contains(where: { row[$0] == row[i] }) else { throw violation("named twice") }
            guard ledger.flags.base[row[i].index].isNode else {
                throw violation("a duplicate or a free slot, not a node")
            }
            guard graph.level(of: row[i]) >= level else {
                throw violation("only on level \(graph.level(of: row[i]))")
            }
        }
    }
}
