// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

extension HNSWGraph {
    /// K-NN-SEARCH, Algorithm 5: leaves the nearest nodes in `scratch`, for ``forEachResult(in:limit:_:)``.
    ///
    /// - Parameter ef: live nodes to keep, at least the number of results wanted.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == CodeKernel)
    package func search<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, ef: Int, kernel: Kernel, scratch: inout SearchScratch
    ) {
        guard let entryPoint else { return scratch.pool.reset(limit: 1) }
        let start = descend(
            query, from: entryPoint.rawValue, fromLevel: topLevel, toLevel: 1, kernel: kernel, scratch: &scratch)
        searchLayer(
            query, entryPoint: start, level: 0, ef: min(ef, max(nodeCount, 1)), countsDead: false, kernel: kernel,
            scratch: &scratch)
    }

    /// Calls `body` with the live slots that the last search found, nearest first, `limit` at most.
    package func forEachResult(
        in scratch: borrowing SearchScratch, limit: Int, _ body: (_ slot: Slot, _ distance: Float) -> Void
    ) {
        var found = 0
        var i = 0
        while i < scratch.pool.count, found < limit {
            let key = scratch.pool[i]
            i += 1
            if key.isDead { continue }
            guard flags.base[Int(key.slot)].contains(.hasDuplicates), let members = duplicates.members(of: key.slot)
            else {
                body(Slot(key.slot), key.distance)
                found += 1
                continue
            }
            var next = 0
            while next < members.slots.count, found < limit {
                let slot = members.slots[next]
                next += 1
                if flags.base[Int(slot)].contains(.removed) { continue }
                body(Slot(slot), key.distance)
                found += 1
            }
        }
    }

    /// Marks a slot's vector as removed: it is no result from now on, and its node still routes.
    package mutating func remove(_ slot: Slot) {
        precondition(slot.index < slotCount && !flags.base[slot.index].contains(.removed))
        flags.base[slot.index].insert(.removed)
        let node = duplicates.node(duplicate: slot.rawValue) ?? slot.rawValue
        let hasDuplicates = flags.base[Int(node)].contains(.hasDuplicates)
        if hasDuplicates, duplicates.removeMember(of: node) { return }
        flags.base[Int(node)].insert(.dead)
        deadNodeCount += 1
    }

    /// Whether ``SearchScratch/hidden`` can hide a live slot's vector, and nothing else: it is a node of level 0 alone.
    package func canBeHidden(_ slot: Slot) -> Bool {
        flags.base[slot.index].isEmpty && level(of: slot.rawValue) == 0 && slot != entryPoint
    }

    /// The node that holds a slot's vector: the slot itself, or the one that it is a duplicate of.
    package func node(of slot: Slot) -> UInt32 { duplicates.node(duplicate: slot.rawValue) ?? slot.rawValue }

    package func isRemoved(_ slot: Slot) -> Bool { flags.base[slot.index].contains(.removed) }
}
