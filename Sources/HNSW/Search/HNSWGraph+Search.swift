// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

extension HNSWGraph {
    /// K-NN-SEARCH, Algorithm 5: leaves the nearest nodes in `scratch`, for ``forEachResult(in:limit:_:)``.
    ///
    /// The caller has taken the scratch's view.
    ///
    /// - Parameter budget: results to expand, at least the number wanted, and when more are. A search that reaches the budget's limit of
    ///   distances ends with ``SearchScratch/isUndecided`` set.
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
                guard scratch.distanceCount < budget.distanceLimit else {
                    scratch.isUndecided = true
                    return
                }
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
                if admits(slot, in: scratch.view) {
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
        if let nodes = view.resultNodes { return nodes.contains(node.rawValue) }
        // In this order: the bit of a node of a change that ends is cleared when the version is another one.
        if view.filter == nil, !lifetimeHints.contains(node), version.short == view.version { return true }
        return hasMember(of: node, in: view, stepsLeft: &stepsLeft)
    }

    @inline(never)
    private func hasMember(of node: Node, in view: GraphView, stepsLeft: inout Int) -> Bool {
        var member: Slot? = node.slot
        while let slot = member, stepsLeft > 0 {
            if admits(slot, in: view) { return true }
            if slot.rawValue < view.slotLimit.rawValue { stepsLeft -= 1 }
            member = nextMember(slot)
        }
        return false
    }

    /// Whether a search may return a slot's vector: it is there at the search's version, and the filter admits it.
    @inline(__always)
    package func admits(_ slot: Slot, in view: GraphView) -> Bool {
        let lifetime = states.lifetime(slot)
        guard lifetime.contains(view.version) else { return false }
        guard let filter = view.filter else { return true }
        return filter._withUnsafeGuaranteedRef { $0.admits(slot, born: lifetime.born) }
    }

    /// One bit a slot, 64 in a word: whether a search may return its vector.
    package func admittedBits(in view: GraphView) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: (view.slotCount + 63) / 64)
        for slot in 0..<UInt32(view.slotCount) where admits(Slot(slot), in: view) {
            words[Int(slot / 64)] |= 1 << UInt64(slot % 64)
        }
        return words
    }

    /// The bits of nodes that have a member whose bit is set, beside the bits of members.
    package func nodeBits(of words: [UInt64], slotCount: Int) -> [UInt64] {
        var hasPredecessor = [UInt64](repeating: 0, count: words.count)
        var heads: [Slot] = []
        for slot in (0..<UInt32(slotCount)).lazy.map({ Slot($0) }) {
            guard let next = nextMember(slot) else { continue }
            heads.append(slot)
            if next.index < slotCount { hasPredecessor[next.index / 64] |= 1 << UInt64(next.index % 64) }
        }
        var nodes = words
        // Chains of a damaged file may meet.
        var stepsLeft = slotCount
        for head in heads where hasPredecessor[head.index / 64] >> UInt64(head.index % 64) & 1 == 0 {
            var member = nextMember(head)
            while let slot = member, slot.index < slotCount, stepsLeft > 0 {
                stepsLeft -= 1
                if words[slot.index / 64] >> UInt64(slot.index % 64) & 1 == 1 {
                    nodes[head.index / 64] |= 1 << UInt64(head.index % 64)
                    break
                }
                member = nextMember(slot)
            }
        }
        return nodes
    }

    /// Slots whose vectors a search may return.
    package func admittedSlots(in view: GraphView) -> [UInt32] {
        (0..<UInt32(view.slotCount)).filter { admits(Slot($0), in: view) }
    }
}
