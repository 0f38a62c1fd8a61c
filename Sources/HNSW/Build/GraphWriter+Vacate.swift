// SPDX-License-Identifier: Apache-2.0

import VectorStorage

// A node whose own vector is removed keeps its slot while a duplicate hangs on it. A vector that is removed and inserted again
// unchanged would so take two slots for ever. Therefore a live duplicate moves to the slot of its node. The node's new lifetime
// begins with the version in which the duplicate's ends. The rows of both hold the same vector.
extension GraphWriter {
    /// Moves live members to the slots of nodes whose own vectors are removed. The caller gives the slots their keys, and ends the
    /// change with ``commit()``.
    ///
    /// - Parameters:
    ///   - oldestReader: nodes whose own vectors a search of this version can find stay as they are.
    ///   - minimumCount: the fewest such nodes for which any is moved.
    package mutating func moveMembers(oldestReader: GraphVersion, atLeast minimumCount: Int = 64) -> [MovedMember] {
        let vacated = vacatedNodes()
        guard vacated.count >= minimumCount else { return [] }
        let next = nextVersion.short
        let flags = ledger.flags.base
        var moved: [MovedMember] = []
        for node in vacated.sorted() where graph.states.lifetime(node.slot).hasEnded(by: oldestReader.short) {
            guard let member = firstLiveMember(of: node) else { continue }
            var lifetime = graph.states.lifetime(member)
            lifetime.died = next
            graph.states.setLifetime(lifetime, of: member)
            graph.states.setLifetime(Lifetime(born: next, died: Lifetime.notDied), of: node.slot)
            flags[member.row].insert(.removed)
            flags[node.index].remove(.removed)
            ledger.removedDuplicates.append(member)
            ledger.vacated?.remove(node)
            moved.append(MovedMember(from: member, to: node.slot))
        }
        return moved
    }

    /// Nodes whose own vectors are removed, and that have live members. Those of a file are looked for when they are first wanted.
    private mutating func vacatedNodes() -> Set<Node> {
        if let known = ledger.vacated { return known }
        let found = Set(graph.allSlots.filter { isVacated($0) }.map { Node($0) })
        ledger.vacated = found
        return found
    }

    func isVacated(_ slot: Slot) -> Bool {
        let flags = ledger.flags.base[slot.row]
        return flags.isNode && flags.contains(.removed) && !flags.contains(.tombstone)
    }

    private func firstLiveMember(of node: Node) -> Slot? {
        var member = graph.states.next(node.slot)
        while let slot = member, ledger.flags.base[slot.row].contains(.removed) { member = graph.states.next(slot) }
        return member
    }
}

/// A vector that has moved to another slot.
package struct MovedMember {
    package let from: Slot
    package let to: Slot
}
