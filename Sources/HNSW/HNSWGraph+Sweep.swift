// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// Dead nodes that are being unlinked, and how far that has gone.
struct Sweep {
    let condemned: [UInt32]

    /// Rows of slots before this one lead to no condemned node.
    var cursor: Int

    /// Slots from this one on came later and never led to one.
    let end: Int
}

/// What a sweep did to a node.
enum Relinking {
    case unchanged, relinked

    /// It was left with few neighbours on a level.
    case hasFew
}

// Unlinking the dead (the consolidation of FreshDiskANN, Singh et al. 2021): every node that has edges to dead nodes chooses its
// neighbours anew among those that are left and the neighbours of the dead ones.
//
// Departures:
// 1. It goes on in steps of a few rows, between other changes: the dead nodes of one sweep are condemned when it begins, take no
//    new edge from then on, and route until it ends.
// 2. On every level, by the selection of this graph's insertions.
// 3. Nodes that are left with few neighbours search for others.
//
// No edge leads to a condemned node when the sweep ends: its slot is given up then, to be used again once no search is under way
// that began before.
extension HNSWGraph {
    /// Dead nodes, as a share of all, from which on it pays to visit every row.
    private static var sweepShare: Int { 20 }

    /// Whether so many nodes are dead that a sweep should begin.
    package var isSweepDue: Bool {
        ledger.sweep == nil && ledger.deadNodeCount >= max(16, nodeCount / Self.sweepShare)
    }

    /// Whether a sweep is under way.
    package var isSweeping: Bool { ledger.sweep != nil }

    /// Takes removed duplicates out of the chains of their nodes, and gives up their slots.
    ///
    /// - Parameter oldestReader: those that a search of this version can still find stay.
    package func unlinkDuplicates(oldestReader: GraphVersion, atLeast minimumCount: Int = 64) {
        guard ledger.removedDuplicates.count >= minimumCount else { return }
        var departing: [UInt32: Set<UInt32>] = [:]
        ledger.removedDuplicates.removeAll { slot in
            guard states.lifetime(slot).hasEnded(by: oldestReader.short) else { return false }
            departing[node(of: Slot(slot)), default: []].insert(slot)
            return true
        }
        for (node, slots) in departing.sorted(by: { $0.key < $1.key }) {
            var before = node
            while let member = states.next(before) {
                guard slots.contains(member) else {
                    before = member
                    continue
                }
                states.setNext(states.next(member), of: before)
                ledger.duplicates.forgetDuplicate(member, of: node, before: before)
                ledger.flags.base[Int(member)] = [.free, .removed]
                ledger.give(member, at: version.next)
            }
        }
    }

    /// Condemns the dead nodes, to be unlinked by ``LinkWorkers/sweep(_:limit:kernel:)``. Returns whether there is another entry
    /// point, from which not every node may be reached yet.
    ///
    /// - Parameter oldestReader: nodes that a search of this version can still find stay.
    package func beginSweep(oldestReader: GraphVersion) -> Bool {
        precondition(!isSweeping)
        let flags = ledger.flags.base
        var condemned: [UInt32] = []
        for slot in 0..<UInt32(slotCount) where flags[Int(slot)].isNode && flags[Int(slot)].contains(.dead) {
            // Members that a search can still see hang on it, or it can be seen itself.
            if states.next(slot) != nil || !states.lifetime(slot).hasEnded(by: oldestReader.short) { continue }
            condemned.append(slot)
            flags[Int(slot)].insert(.condemned)
        }
        guard !condemned.isEmpty else { return false }
        for node in condemned { ledger.duplicates.removeNode(node) }
        ledger.removeOutposts { isCondemned($0) }
        ledger.sweep = Sweep(condemned: condemned, cursor: 0, end: slotCount)
        guard let entryPoint, isCondemned(entryPoint.rawValue) else { return false }
        var best: (slot: UInt32, level: Int)?
        for slot in 0..<UInt32(slotCount) where needsReach(slot) && level(of: slot) > best?.level ?? -1 {
            best = (slot, level(of: slot))
        }
        setEntryPoint(best.map { Slot($0.slot) }, level: best?.level ?? 0)
        if best == nil { ledger.sweep?.cursor = slotCount }
        ledger.linkedSinceRepair = nodeCount
        return true
    }

    /// The next rows of a sweep, `limit` at most; empty when all have been visited.
    func takeSweepRows(limit: Int) -> Range<UInt32> {
        guard let sweep = ledger.sweep else { return 0..<0 }
        let end = min(sweep.cursor + limit, sweep.end)
        ledger.sweep?.cursor = end
        return UInt32(sweep.cursor)..<UInt32(end)
    }

    /// Ends a sweep that has visited every row: the condemned nodes are none any more. Returns whether it has ended; nodes that
    /// were reached through them only are to be attached then.
    package func finishSweep() -> Bool {
        guard let sweep = ledger.sweep, sweep.cursor == sweep.end else { return false }
        for slot in sweep.condemned {
            ledger.flags.base[Int(slot)] = [.free, .removed]
            ledger.give(slot, at: version.next)
        }
        nodeCount -= sweep.condemned.count
        ledger.deadNodeCount -= sweep.condemned.count
        ledger.linkedSinceRepair = nodeCount
        ledger.sweep = nil
        return true
    }

    /// Slots whose removed vectors no reader can reach any longer.
    ///
    /// - Parameter oldestReader: the oldest version that is searched or held.
    package func freeSlots(oldestReader: GraphVersion) -> [UInt32] { ledger.free(upTo: oldestReader) }

    /// Counts nodes whose edges were replaced: others may have been reached by them only.
    func noteRelinked(_ count: Int) { ledger.linkedSinceRepair += count }

    /// Replaces a node's edges to condemned nodes.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    func relink<Kernel: DistanceKernel>(
        _ node: UInt32, kernel: Kernel, vectors: StoredVectors?, scratch: inout SearchScratch
    ) -> Relinking {
        var relinking = Relinking.unchanged
        for level in 0...level(of: node) {
            let layer = layer(level)
            let row = layer.row(node)
            let neighbors = (0..<layer.count(row)).map { row[$0] }
            guard neighbors.contains(where: { isCondemned($0) }) else { continue }
            scratch.visited.reset(slotCount: slotCount)
            _ = scratch.visited.insert(node)
            var slots: [UInt32] = []
            for neighbor in neighbors where !isCondemned(neighbor) {
                _ = scratch.visited.insert(neighbor)
                slots.append(neighbor)
            }
            for neighbor in neighbors where isCondemned(neighbor) {
                let behind = layer.row(neighbor)
                for place in 0..<layer.count(behind) where !isCondemned(behind[place]) {
                    if scratch.visited.insert(behind[place]) { slots.append(behind[place]) }
                }
            }
            select(slots, for: node, in: layer, kernel: kernel, vectors: vectors, scratch: &scratch)
            if relinking != .hasFew { relinking = slots.count < parameters.m / 2 ? .hasFew : .relinked }
        }
        return relinking
    }

    /// Chooses the neighbours of a node on a level among slots that are all different and not the node.
    private func select<Kernel: DistanceKernel>(
        _ slots: [UInt32], for node: UInt32, in layer: Layer, kernel: Kernel, vectors: StoredVectors?,
        scratch: inout SearchScratch
    ) {
        let query = kernel.query(ofRow: node, space: scratch.querySpace.elements(kernel.queryLength))
        let hopSlots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        scratch.candidates.removeAll(keepingCapacity: true)
        for first in stride(from: 0, to: slots.count, by: scratch.hopSlots.capacity) {
            let count = min(scratch.hopSlots.capacity, slots.count - first)
            for i in 0..<count { hopSlots[i] = slots[first + i] }
            kernel.gather(query, slots: hopSlots, count: count, into: distances)
            scratch.distanceCount &+= count
            for i in 0..<count { scratch.candidates.append(NodeKey(distance: distances[i], slot: hopSlots[i])) }
        }
        scratch.candidates.sort()
        selectNeighbors(
            of: node, query: query, limit: layer.maximumNeighbors, kernel: kernel, vectors: vectors, scratch: &scratch)
        layer.write(scratch.selected, to: node)
    }

    /// Finds neighbours for a node that was left with few, as an insertion does, and keeps those that it has.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    func findNeighbors<Kernel: DistanceKernel>(
        of node: UInt32, kernel: Kernel, vectors: StoredVectors?, scratch: inout SearchScratch
    ) {
        scratch.view = pendingView
        guard let entryPoint = scratch.view.entryPoint else { return }
        for level in 0...min(level(of: node), scratch.view.topLevel) {
            let layer = layer(level)
            let row = layer.row(node)
            var slots = (0..<layer.count(row)).map { row[$0] }.filter { !isCondemned($0) }
            guard slots.count < parameters.m / 2 else { continue }
            let query = kernel.query(ofRow: node, space: scratch.querySpace.elements(kernel.queryLength))
            let start = descend(
                query, from: entryPoint, fromLevel: scratch.view.topLevel, toLevel: level + 1, kernel: kernel,
                scratch: &scratch)
            searchLayer(
                query, entryPoint: start, level: level, ef: parameters.efConstruction, countsDead: true,
                kernel: kernel, scratch: &scratch)
            for i in 0..<scratch.pool.count {
                let slot = scratch.pool[i].slot
                if slot != node, !isCondemned(slot), !slots.contains(slot) { slots.append(slot) }
            }
            select(slots, for: node, in: layer, kernel: kernel, vectors: vectors, scratch: &scratch)
        }
    }
}
