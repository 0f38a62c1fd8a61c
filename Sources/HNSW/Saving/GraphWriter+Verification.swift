// SPDX-License-Identifier: Apache-2.0

import VectorStorage

extension GraphWriter {
    /// Proves what ``verifyEdges()`` leaves out, and a change relies on: levels, counts, duplicates and lists. Nothing is pending.
    /// Linear in the number of slots.
    package func verifyNodes() throws(SnapshotError) {
        try verifyLevels()
        try verifyFlags()
        try verifyDuplicates()
        try verifyLists()
        let flags = ledger.flags.base
        try ledger.duplicates.verifyTable {
            flags[$0.index].isNode && !flags[$0.index].contains(.unlinking)
        }
    }

    private func malformed(_ section: SnapshotSection, _ reason: String) -> SnapshotError {
        .malformed(section: section.name, reason: reason)
    }

    /// Levels are those that the seed draws, and each slot's rows follow those of the slots before it.
    private func verifyLevels() throws(SnapshotError) {
        var rows = 0
        for slot in graph.allSlots {
            let level = graph.level(of: slot)
            guard level == graph.drawLevel(slot) else {
                throw malformed(.levels, "slot \(slot) is on level \(level)")
            }
            guard Int(graph.firstUpperRow.base[slot.row]) == rows else {
                throw malformed(
                    .firstUpperRows, "those of slot \(slot) begin at \(graph.firstUpperRow.base[slot.row])")
            }
            rows += level
        }
        guard rows == graph.upperRowCount else {
            throw malformed(.firstUpperRows, "\(rows) rows; \(graph.upperRowCount) were counted")
        }
    }

    /// Flags, lifetimes and counts agree. The entry point is a node of the top level that must be reached.
    private func verifyFlags() throws(SnapshotError) {
        let flags = ledger.flags.base
        let present = graph.version.short
        var (nodes, tombstones) = (0, 0)
        for slot in graph.allSlots {
            let flag = flags[slot.row]
            let isValid =
                flag.isSubset(of: .all) && !flag.isSuperset(of: [.duplicate, .free])
                && (flag.isNode || flag.isDisjoint(with: [.tombstone, .unlinking]))
                && (!flag.contains(.tombstone) || flag.contains(.removed))
                && (!flag.contains(.unlinking) || flag.contains(.tombstone) && graph.states.next(slot) == nil)
                && (!flag.contains(.free) || flag.contains(.removed))
                && (!flag.isNode || graph.lifetimeHints.contains(Node(slot)) == flag.contains(.tombstone))
            guard isValid else { throw malformed(.flags, "those of slot \(slot) are \(flag.rawValue)") }
            let lifetime = graph.states.lifetime(slot)
            guard flag.contains(.removed) ? lifetime.hasEnded(by: present) : lifetime.isOpen(at: present) else {
                throw malformed(.states, "slot \(slot) does not live and die as its flags say")
            }
            nodes += flag.isNode ? 1 : 0
            tombstones += flag.contains(.tombstone) ? 1 : 0
        }
        guard nodes == graph.nodeCount, tombstones == tombstoneCount else {
            throw malformed(
                .graph,
                "\(graph.nodeCount) nodes, \(tombstoneCount) tombstones; there are \(nodes) and \(tombstones)")
        }
        guard let entryPoint = graph.entryPoint else {
            // All nodes may be unlinking.
            guard graph.topLevel == 0, !graph.allSlots.contains(where: { needsReach($0) }) else {
                throw malformed(.graph, "no entry point")
            }
            return
        }
        guard needsReach(entryPoint.slot), graph.level(of: entryPoint) == graph.topLevel else {
            throw malformed(.graph, "slot \(entryPoint) is no entry point of level \(graph.topLevel)")
        }
    }

    /// Proves that every edge leads to another node of its level, that a row names none twice, and that it has nothing behind its
    /// end. Does not prove that every node can be reached, as ``checkInvariants()`` does. Linear in the size of the graph.
    package func verifyEdges() throws(SnapshotError) {
        let flags = ledger.flags.base
        let unswept = ledger.sweep.map { $0.cursor..<$0.end } ?? 0..<0
        // By node, the last row that named it. 32 bits are enough: with M = 2, the least, there are two rows a slot on average.
        var namedIn = [UInt32](repeating: 0, count: graph.slotCount)
        var rowNumber: UInt32 = 0
        let levels = graph.levels.base
        for node in graph.allSlots.lazy.filter({ flags[$0.index].isNode }).map({ Node($0) }) {
            let leadsToUnlinking = flags[node.index].contains(.unlinking) || unswept.contains(node.index)
            for level in 0...graph.level(of: node) {
                guard level == 0 || graph.upperRowCount > 0,
                    level <= graph.topLevel || flags[node.index].contains(.unlinking)
                else {
                    throw malformed(.levels, "slot \(node) is above the top level")
                }
                let layer = graph.layer(level)
                let row = layer.row(node)
                let count = layer.count(row)
                rowNumber += 1
                for i in 0..<count {
                    let neighbor = row[i]
                    guard neighbor.index < graph.slotCount, neighbor != node, flags[neighbor.index].isNode,
                        namedIn[neighbor.index] != rowNumber,
                        Int(levels[neighbor.index]) >= level,
                        leadsToUnlinking || !flags[neighbor.index].contains(.unlinking)
                    else {
                        let section: SnapshotSection = level == 0 ? .baseNeighbors : .upperNeighbors
                        throw malformed(section, "slot \(node) leads to \(neighbor) on level \(level)")
                    }
                    namedIn[neighbor.index] = rowNumber
                }
                guard (count..<max(count, layer.maximumNeighbors)).allSatisfy({ row[$0] == HNSWGraph.endOfRow }) else {
                    throw malformed(
                        level == 0 ? .baseNeighbors : .upperNeighbors,
                        "slot \(node) has neighbors behind its last on level \(level)")
                }
            }
        }
    }

    /// Each duplicate hangs on one node, and the nodes know how many are alive.
    private func verifyDuplicates() throws(SnapshotError) {
        let flags = ledger.flags.base
        var duplicatesLeft = 0
        for slot in graph.allSlots {
            let owner = ledger.duplicates.node(duplicate: slot)
            guard (owner != nil) == flags[slot.row].contains(.duplicate) else {
                throw malformed(.owners, "slot \(slot) is a duplicate or not")
            }
            if owner != nil { duplicatesLeft += 1 }
        }
        for slot in graph.allSlots {
            let node = Node(slot)
            guard flags[node.index].isNode else {
                // A node that comes to the slot later counts its members from here.
                if ledger.duplicates.members(of: node).last == 0 { continue }
                throw malformed(.members, "slot \(node) has some and is no node")
            }
            var last = slot
            var live: UInt32 = flags[node.index].contains(.removed) ? 0 : 1
            while let member = graph.states.next(last) {
                // The chain ends: a ring would have more members than there are duplicates.
                guard member.row < graph.slotCount, ledger.duplicates.node(duplicate: member) == node,
                    duplicatesLeft > 0
                else {
                    throw malformed(.states, "slot \(member) hangs on slot \(node)")
                }
                duplicatesLeft -= 1
                if !flags[member.row].contains(.removed) { live += 1 }
                last = member
            }
            let members = ledger.duplicates.members(of: node)
            let isValid =
                last == slot ? members.last == 0 : members.last == last.rawValue + 1 && members.liveCount == live
            guard isValid, (live == 0) == flags[node.index].contains(.tombstone) else {
                throw malformed(.members, "those of slot \(node) are not \(live) up to slot \(last)")
            }
        }
        guard duplicatesLeft == 0 else { throw malformed(.owners, "\(duplicatesLeft) duplicates hang on no node") }
    }

    /// Each list of slots holds all slots that it should, each once.
    private func verifyLists() throws(SnapshotError) {
        let flags = ledger.flags.base
        let lists: [(name: String, slots: [Slot], isIn: (NodeFlags) -> Bool)] = [
            ("free", ledger.free(upTo: graph.version), { $0.contains(.free) }),
            ("unlinking", ledger.sweep?.nodes.map(\.slot) ?? [], { $0.contains(.unlinking) }),
            ("removed duplicates", ledger.removedDuplicates, { $0.isSuperset(of: [.duplicate, .removed]) }),
        ]
        for list in lists {
            let expected = (0..<graph.slotCount).count { list.isIn(flags[$0]) }
            guard list.slots.count == expected, Set(list.slots).count == expected,
                list.slots.allSatisfy({ list.isIn(flags[$0.index]) })
            else { throw malformed(.graph, "\(list.slots.count) slots are listed as \(list.name), not \(expected)") }
        }
        for outlier in ledger.outliers where !needsReach(outlier.slot) {
            throw malformed(.graph, "slot \(outlier) is no outlier")
        }
    }
}
