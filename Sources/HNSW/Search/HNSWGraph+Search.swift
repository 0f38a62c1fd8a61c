// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

extension HNSWGraph {
    /// K-NN-SEARCH, Algorithm 5: leaves the nearest nodes in `scratch`, for ``forEachResult(in:limit:_:)``.
    ///
    /// The caller has taken the scratch's view.
    ///
    /// - Parameter budget: how many live nodes to expand, at least the number of results wanted, and when to expand more.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == StoredKernel)
    package func search<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, budget: SearchBudget, kernel: Kernel, scratch: inout SearchScratch
    ) {
        scratch.isUndecided = false
        scratch.listed.removeAll(keepingCapacity: true)
        guard let entryPoint = scratch.view.entryPoint else { return scratch.pool.reset(limit: 1) }
        let start = descend(
            query, from: entryPoint, fromLevel: scratch.view.topLevel, toLevel: 1, kernel: kernel, scratch: &scratch)
        let layer = layer(0)
        begin(at: start, budget: budget, scratch: &scratch)
        repeat {
            repeat {
                measure(query, layer: layer, findsAll: false, kernel: kernel, scratch: &scratch)
            } while expand(layer: layer, rows: kernel.prefetch, scratch: &scratch)
        } while goesOn(query, kernel: kernel, scratch: &scratch)
    }

    /// Calls `body` with the live slots that the last search found, nearest first, `limit` at most.
    package func forEachResult(
        in scratch: borrowing SearchScratch, limit: Int, _ body: (_ slot: Slot, _ distance: Float) -> Void
    ) {
        if !scratch.listed.isEmpty {
            for found in scratch.listed.prefix(limit) { body(found.slot, found.distance) }
            return
        }
        var found = 0
        var i = 0
        // As in `isVisible`.
        var stepsLeft = scratch.view.slotCount
        while i < scratch.pool.count, found < limit {
            let key = scratch.pool[i]
            i += 1
            if key.routesOnly { continue }
            var member: Slot? = key.node.slot
            while let slot = member, found < limit, stepsLeft > 0 {
                if slot.rawValue < scratch.view.slotLimit.rawValue { stepsLeft -= 1 }
                if states.lifetime(slot).contains(scratch.view.version) {
                    body(slot, key.distance)
                    found += 1
                }
                member = nextMember(slot)
            }
        }
    }

    /// The next slot with the same vector; nil if a damaged file names a slot that the graph does not have.
    private func nextMember(_ slot: Slot) -> Slot? {
        guard let next = states.next(slot), Int(next.rawValue) < slotCount else { return nil }
        return next
    }

    /// The number of vectors that the last search reached, if it reached fewer nodes than it would have kept: all that edges lead
    /// to. Otherwise nil.
    package func reachedCount(in scratch: borrowing SearchScratch) -> Int? {
        guard scratch.pool.isExhausted else { return nil }
        var count = 0
        forEachResult(in: scratch, limit: .max) { _, _ in count += 1 }
        return count
    }

    /// Whether a node has a vector that a view sees.
    ///
    /// - Parameter stepsLeft: slots of chains that the search may still read. A whole search may read as many as the view has,
    ///   since every slot belongs to one node. Chains of an unverified file may be rings, which this limit ends.
    @inline(__always)
    func isVisible(_ node: Node, in view: GraphView, stepsLeft: inout Int) -> Bool {
        // The bit is read first: a commit publishes its version before it clears the bits of its nodes.
        if !lifetimeHints.contains(node), version.short == view.version { return true }
        return hasMember(of: node, in: view, stepsLeft: &stepsLeft)
    }

    @inline(never)
    private func hasMember(of node: Node, in view: GraphView, stepsLeft: inout Int) -> Bool {
        var member: Slot? = node.slot
        while let slot = member, stepsLeft > 0 {
            if states.lifetime(slot).contains(view.version) { return true }
            if slot.rawValue < view.slotLimit.rawValue { stepsLeft -= 1 }
            member = nextMember(slot)
        }
        return false
    }

    /// Whether a view sees the vector of a slot.
    package func isLive(_ slot: Slot, in view: GraphView) -> Bool {
        states.lifetime(slot).contains(view.version)
    }

    /// Slots whose vectors a view sees.
    package func liveSlots(in view: GraphView) -> [UInt32] {
        (0..<UInt32(view.slotCount)).filter { isLive(Slot($0), in: view) }
    }
}
