// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// Tombstones that are being unlinked, and how far the sweep has come.
struct Sweep {
    let nodes: [Node]

    /// Rows of slots before this one lead to none of the nodes.
    var cursor: Int

    /// Slots from this one on are newer than the sweep and never led to one.
    let end: Int
}

// Unlinking tombstones (the consolidation of FreshDiskANN, Singh et al. 2021): every node that has edges to tombstones chooses its
// neighbors anew among those that are left and the neighbors of the tombstones.
//
// Departures:
// 1. It goes on in steps of a few rows, between other changes. The tombstones are marked as unlinking when the sweep begins. They
//    take no new edge from then on, and route until it ends.
// 2. It visits every level, and selects neighbors as insertions do.
// 3. Nodes that are left with few neighbors search for others.
// 4. A node keeps its edges to nodes that stay on level 0. Before a sweep visits a row, every node that level 0 reaches only
//    through tombstones gets an edge. So no node is out of reach while the sweep is under way.
//
// When the sweep ends, no edge leads to an unlinking node. Its slot is retired. It is free once no search is left that began
// before.
extension GraphWriter {
    /// Unlinks some of the removed vectors: a little with every change.
    ///
    /// - Parameters:
    ///   - changeCount: vectors that the change has inserted or removed.
    ///   - oldestReader: what a search of this version can find stays.
    package mutating func sweep(after changeCount: Int, oldestReader: GraphVersion, by kernel: LinkKernel) {
        unlinkDuplicates(oldestReader: oldestReader)
        if isSweepDue { beginSweep(oldestReader: oldestReader, by: kernel) }
        sweep(rows: changeCount * Self.sweepRowsPerChange, by: kernel)
    }

    /// Unlinks all removed vectors. No search of an older version is under way.
    package mutating func compact(by kernel: LinkKernel, threads: Int) {
        workers.use(threads: threads)
        unlinkDuplicates(oldestReader: graph.version, atLeast: 1)
        // Twice: the first pass ends a sweep that is under way.
        for _ in 0..<2 {
            if !isSweeping, tombstoneCount > 0 { beginSweep(oldestReader: graph.version, by: kernel) }
            sweep(rows: .max, by: kernel)
        }
    }

    /// Visits the next `rows` rows of a sweep, if one is under way, and ends it with the last.
    mutating func sweep(rows: Int, by kernel: LinkKernel) {
        guard isSweeping else { return }
        if ledger.isSweepOfFile {
            ledger.isSweepOfFile = false
            if unreachedNodes.count > ledger.linkedSinceRepair { attachOrphans(by: kernel) }
        }
        relink(limit: min(rows, graph.slotCount), kernel: kernel.rows, vectors: kernel.vectors)
        if finishSweep() || isRepairDue { repair(by: kernel) }
    }

    /// Rows that a sweep visits for each vector inserted or removed. A sweep begins when a twentieth of the nodes are tombstones,
    /// and ends before another fortieth is.
    ///
    /// 30,000 text embeddings were replaced four times over, 1,000 at a time. From an eighth on, with 16 rows: 87 % of the queries
    /// a second of a fresh graph, 13,700 replacements a second. From a twentieth on, with 40 rows: 92 %, and 11,100.
    private static var sweepRowsPerChange: Int { 40 }

    /// A sweep begins when one in this many nodes is a tombstone: then it pays to visit every row.
    private static var sweepShare: Int { 20 }

    /// Whether there are so many tombstones that a sweep should begin.
    var isSweepDue: Bool {
        ledger.sweep == nil && ledger.tombstoneCount >= max(16, graph.nodeCount / Self.sweepShare)
    }

    /// Whether a sweep is under way.
    var isSweeping: Bool { ledger.sweep != nil }

    /// Takes removed duplicates out of the chains of their nodes, and retires their slots.
    ///
    /// - Parameter oldestReader: duplicates that a search of this version can find stay.
    mutating func unlinkDuplicates(oldestReader: GraphVersion, atLeast minimumCount: Int = 64) {
        guard ledger.removedDuplicates.count >= minimumCount else { return }
        var departing: [Node: Set<Slot>] = [:]
        var staying: [Slot] = []
        for slot in ledger.removedDuplicates {
            if graph.states.lifetime(slot).hasEnded(by: oldestReader.short) {
                departing[node(of: slot), default: []].insert(slot)
            } else {
                staying.append(slot)
            }
        }
        ledger.removedDuplicates = staying
        for (node, slots) in departing.sorted(by: { $0.key < $1.key }) {
            var before = node.slot
            while let member = graph.states.next(before) {
                guard slots.contains(member) else {
                    before = member
                    continue
                }
                graph.states.setNext(graph.states.next(member), of: before)
                ledger.duplicates.forgetDuplicate(member, of: node, before: before)
                ledger.flags.base[member.row] = [.free, .removed]
                ledger.retire(member, at: nextVersion)
            }
        }
    }

    /// Marks the tombstones as unlinking, and attaches the nodes that only they lead to.
    ///
    /// - Parameter oldestReader: nodes that a search of this version can find stay.
    mutating func beginSweep(oldestReader: GraphVersion, by kernel: LinkKernel) {
        precondition(!isSweeping)
        let flags = ledger.flags.base
        var unlinking: [Node] = []
        for slot in graph.allSlots where flags[slot.row].isNode && flags[slot.row].contains(.tombstone) {
            // A search can still find it, or a duplicate that hangs on it.
            if graph.states.next(slot) != nil || !graph.states.lifetime(slot).hasEnded(by: oldestReader.short) {
                continue
            }
            unlinking.append(Node(slot))
            flags[slot.row].insert(.unlinking)
        }
        guard !unlinking.isEmpty else { return }
        for node in unlinking { ledger.duplicates.removeNode(node) }
        ledger.removeOutliers { flags[$0.index].contains(.unlinking) }
        ledger.sweep = Sweep(nodes: unlinking, cursor: 0, end: graph.slotCount)
        guard let entryPoint = graph.entryPoint, isUnlinking(entryPoint) else {
            attachOrphans(by: kernel)
            return
        }
        var best: (node: Node, level: Int)?
        for node in reachableNodes where graph.level(of: node) > best?.level ?? -1 {
            best = (node, graph.level(of: node))
        }
        graph.setEntryPoint(best?.node, level: best?.level ?? 0)
        if best == nil { ledger.sweep?.cursor = graph.slotCount }
        repair(by: kernel)
    }

    /// The next rows of a sweep, `limit` at most; empty when all have been visited.
    private mutating func takeSweepRows(limit: Int) -> Range<Int> {
        guard let sweep = ledger.sweep else { return 0..<0 }
        let end = min(sweep.cursor + limit, sweep.end)
        ledger.sweep?.cursor = end
        return sweep.cursor..<end
    }

    /// Ends a sweep that has visited every row: retires the slots of its nodes. Returns whether it has ended. If so, the caller
    /// attaches the nodes that only these led to.
    mutating func finishSweep() -> Bool {
        guard let sweep = ledger.sweep, sweep.cursor == sweep.end else { return false }
        for node in sweep.nodes {
            ledger.flags.base[node.index] = [.free, .removed]
            ledger.retire(node.slot, at: nextVersion)
        }
        graph.nodeCount -= sweep.nodes.count
        ledger.tombstoneCount -= sweep.nodes.count
        ledger.linkedSinceRepair = graph.nodeCount
        ledger.sweep = nil
        return true
    }

    /// Visits the next `limit` rows of a sweep.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    private mutating func relink<Kernel: DistanceKernel>(limit: Int, kernel: Kernel, vectors: StoredVectors?) {
        let rows = takeSweepRows(limit: limit)
        // An unlinking node's row stays as it is: other workers read it.
        workers.forEach(count: rows.count) { worker, i in
            let slot = Slot(index: rows.lowerBound + i)
            guard needsReach(slot) else { return }
            let node = Node(slot)
            if relink(node, kernel: kernel, vectors: vectors, scratch: &worker.scratch) {
                worker.nodesWithFew.append(node)
            }
        }
        let nodesWithFew = workers.takeNodesWithFew()
        // One after the other: each reads rows that others write.
        for node in nodesWithFew {
            findNeighbors(of: node, kernel: kernel, vectors: vectors, scratch: &workers.first.scratch)
        }
    }

    /// Replaces a node's edges to unlinking nodes. Returns whether it was left with few neighbors on a level.
    private func relink<Kernel: DistanceKernel>(
        _ node: Node, kernel: Kernel, vectors: StoredVectors?, scratch: inout SearchScratch
    ) -> Bool {
        var hasFew = false
        for level in 0...graph.level(of: node) {
            let layer = graph.layer(level)
            let row = layer.row(node)
            let neighbors = (0..<layer.count(row)).map { row[$0] }
            guard neighbors.contains(where: { isUnlinking($0) }) else { continue }
            scratch.visited.reset(slotCount: graph.slotCount)
            _ = scratch.visited.insert(node)
            var found: [Node] = []
            for neighbor in neighbors where !isUnlinking(neighbor) {
                _ = scratch.visited.insert(neighbor)
                found.append(neighbor)
            }
            let kept = found
            for neighbor in neighbors where isUnlinking(neighbor) {
                let behind = layer.row(neighbor)
                for place in 0..<layer.count(behind) where !isUnlinking(behind[place]) {
                    if scratch.visited.insert(behind[place]) { found.append(behind[place]) }
                }
            }
            select(
                found, keeping: level == 0 ? kept : [], for: node, in: layer, kernel: kernel, vectors: vectors,
                scratch: &scratch)
            if found.count < graph.parameters.m / 2 { hasFew = true }
        }
        return hasFew
    }

    /// Chooses the neighbors of a node on a level among `nodes`. These are all different, and none of them is the node.
    ///
    /// - Parameter kept: those of `nodes` that are always chosen, in place of the farthest others.
    private func select<Kernel: DistanceKernel>(
        _ nodes: [Node], keeping kept: [Node], for node: Node, in layer: Layer, kernel: Kernel,
        vectors: StoredVectors?, scratch: inout SearchScratch
    ) {
        let query = kernel.query(ofRow: node.rawValue, space: scratch.querySpace.elements(kernel.queryLength))
        let hopSlots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        scratch.candidates.removeAll(keepingCapacity: true)
        for first in stride(from: 0, to: nodes.count, by: scratch.hopSlots.capacity) {
            let count = min(scratch.hopSlots.capacity, nodes.count - first)
            for i in 0..<count { hopSlots[i] = nodes[first + i].rawValue }
            kernel.gather(query, slots: hopSlots, count: count, into: distances)
            scratch.distanceCount &+= count
            for i in 0..<count { scratch.candidates.append(NodeKey(distance: distances[i], node: nodes[first + i])) }
        }
        scratch.candidates.sort()
        graph.selectNeighbors(
            of: node, query: query, limit: layer.maximumNeighbors, kernel: kernel, vectors: vectors, scratch: &scratch)
        keep(kept, limit: layer.maximumNeighbors, scratch: &scratch)
        layer.write(scratch.selected, to: node)
    }

    /// Adds to `scratch.selected` the candidates that are to be kept and were not chosen.
    private func keep(_ kept: [Node], limit: Int, scratch: inout SearchScratch) {
        let missing = kept.filter { node in !scratch.selected.contains { $0.node == node } }
        for candidate in scratch.candidates where missing.contains(candidate.node) {
            if scratch.selected.count == limit,
                let farthest = scratch.selected.lastIndex(where: { !kept.contains($0.node) })
            {
                scratch.selected.remove(at: farthest)
            }
            scratch.selected.append(candidate)
        }
    }

    /// Finds neighbors for a node that was left with few, as an insertion does, and keeps those that it has.
    private func findNeighbors<Kernel: DistanceKernel>(
        of node: Node, kernel: Kernel, vectors: StoredVectors?, scratch: inout SearchScratch
    ) {
        scratch.view = pendingView
        guard let entryPoint = scratch.view.entryPoint else { return }
        for level in 0...min(graph.level(of: node), scratch.view.topLevel) {
            let layer = graph.layer(level)
            let row = layer.row(node)
            var found = (0..<layer.count(row)).map { row[$0] }.filter { !isUnlinking($0) }
            guard found.count < graph.parameters.m / 2 else { continue }
            let kept = found
            let query = kernel.query(ofRow: node.rawValue, space: scratch.querySpace.elements(kernel.queryLength))
            let start = graph.descend(
                query, from: entryPoint, fromLevel: scratch.view.topLevel, toLevel: level + 1, kernel: kernel,
                scratch: &scratch)
            graph.searchLayer(
                query, entryPoint: start, level: level, ef: graph.parameters.efConstruction, findsAll: true,
                kernel: kernel, scratch: &scratch)
            for i in 0..<scratch.pool.count {
                let other = scratch.pool[i].node
                if other != node, !isUnlinking(other), !found.contains(other) { found.append(other) }
            }
            select(
                found, keeping: level == 0 ? kept : [], for: node, in: layer, kernel: kernel, vectors: vectors,
                scratch: &scratch)
        }
    }
}
