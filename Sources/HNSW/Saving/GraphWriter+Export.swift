// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// A graph as other libraries keep it: every vector is linked, and nothing else is. Its elements are numbered from 0.
package struct LinkedVectors: Sendable {
    /// The slot of each element.
    package var slots: [Slot] = []

    /// An element of the highest level, where searches begin; nil without elements.
    package var entryPoint: Int?

    /// The elements that each element leads to, on each of its levels from 0 on.
    package var neighbors: [[[UInt32]]] = []
}

extension GraphWriter {
    /// Links the live vectors with one another as the graph does, in the order of their slots.
    ///
    /// The first live duplicate represents a node whose own vector is removed. Tombstones are left out, with the edges that lead to
    /// them. A sweep before this call has replaced such edges. Linear in the size of the graph.
    package func linkedVectors() -> LinkedVectors {
        var linked = LinkedVectors()
        linked.slots = graph.allSlots.filter { !isRemoved($0) }
        // The elements of each node's live vectors; the first has its edges.
        var members = [[UInt32]](repeating: [], count: graph.slotCount)
        for (element, slot) in linked.slots.enumerated() { members[node(of: slot).index].append(UInt32(element)) }
        linked.neighbors = [[[UInt32]]](repeating: [[]], count: linked.slots.count)
        for slot in graph.allSlots {
            guard let first = members[slot.row].first else { continue }
            let node = Node(slot)
            linked.neighbors[Int(first)] = (0...graph.level(of: node)).map { level in
                let layer = graph.layer(level)
                let row = layer.row(node)
                return (0..<layer.count(row)).compactMap { members[row[$0].index].first }
            }
        }
        let places = graph.parameters.maximumNeighbors(level: 0)
        for members in members where members.count > 1 { linked.link(duplicates: members, places: places) }
        linked.entryPoint =
            graph.entryPoint.flatMap { members[$0.index].first }.map { Int($0) }
            ?? linked.neighbors.indices.max { linked.neighbors[$0].count < linked.neighbors[$1].count }
        return linked
    }
}

extension LinkedVectors {
    /// Links elements with equal vectors on level 0. The first is already linked with others. It leads to the second, and each
    /// leads to the next one.
    ///
    /// Each also leads back to the first, and to as many of its neighbors as there are places for. If the first has no place for
    /// the second, it drops its last neighbor, and the second leads there. So nothing gets out of reach.
    fileprivate mutating func link(duplicates: [UInt32], places: Int) {
        let first = Int(duplicates[0])
        var row = neighbors[first][0]
        let displaced = row.count == places ? row.removeLast() : nil
        for place in duplicates.indices.dropFirst() {
            let next = place + 1 < duplicates.count ? duplicates[place + 1] : nil
            let list = [next, duplicates[0], place == 1 ? displaced : nil].compactMap { $0 }
            neighbors[Int(duplicates[place])] = [list + row.prefix(places - list.count)]
        }
        neighbors[first][0] = row + [duplicates[1]]
    }
}
