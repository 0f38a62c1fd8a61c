// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

extension HNSWGraph {
    /// Candidates expanded at once. With two, the memory system has twice as many rows to fetch while distances are computed:
    /// 4 to 5 % more queries a second at equal recall than with one, and no more with three (`nearest bench`, 60,000 text
    /// embeddings of 384 dimensions, ef 40 to 160).
    static var expansionWidth: Int { 3 }

    /// SEARCH-LAYER, Algorithm 2: leaves the `ef` nearest nodes of a level in `scratch.pool`, sorted.
    ///
    /// Departures from the paper:
    /// 1. `C` and `W` are one sorted array (``CandidatePool``), which ends the search when all of it is expanded.
    /// 2. The two nearest candidates are expanded at once (``expansionWidth``), and their unseen neighbours measured by one
    ///    kernel call.
    /// 3. Dead nodes are expanded like others and do not count against `ef`; with `countsDead` they are plain nodes.
    /// 4. A search that has found fewer than `ef` goes on from the graph's entry point: edges have one direction, and few
    ///    nodes may be reached from `entryPoint`.
    func searchLayer<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, entryPoint: UInt32, level: Int, ef: Int, countsDead: Bool,
        kernel: Kernel, scratch: inout SearchScratch
    ) {
        let layer = layer(level)
        let checksDead = !countsDead && deadNodeCount > 0
        let flags = flags.base
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        let rows = kernel.prefetch

        scratch.visited.reset(slotCount: slotCount)
        scratch.pool.reset(limit: ef)

        slots[0] = entryPoint
        _ = scratch.visited.insert(entryPoint)
        var count = 1
        while true {
            if count > 0 {
                kernel.gather(query, slots: slots, count: count, into: distances)
                scratch.distanceCount &+= count
                for i in 0..<count where distances[i] <= scratch.pool.bound {
                    let isDead = checksDead && flags[Int(slots[i])].contains(.dead)
                    scratch.pool.push(NodeKey(distance: distances[i], slot: slots[i], isDead: isDead))
                }
            }
            count = 0
            var expanded = 0
            while expanded < Self.expansionWidth, let nearest = scratch.pool.popNearest() {
                expanded &+= 1
                let row = layer.row(nearest)
                for i in 0..<layer.maximumNeighbors {
                    let neighbor = row[i]
                    if neighbor == Self.endOfRow { break }
                    guard scratch.visited.insert(neighbor) else { continue }
                    rows.fetch(neighbor)
                    slots[count] = neighbor
                    count &+= 1
                }
            }
            guard expanded > 0 else {
                guard !scratch.pool.isFull, let root = self.entryPoint, scratch.visited.insert(root.rawValue) else {
                    return
                }
                slots[0] = root.rawValue
                count = 1
                continue
            }
            scratch.pool.forEachNearest(limit: Self.expansionWidth) { next in
                let nextRow = UnsafeRawPointer(layer.row(next))
                prefetch(nextRow)
                prefetch(nextRow + 64)
            }
        }
    }

    /// SEARCH-LAYER with `ef` = 1 on the levels `fromLevel` down to `toLevel`: walks to the nearest node it can see.
    func descend<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, from start: UInt32, fromLevel: Int, toLevel: Int, kernel: Kernel,
        scratch: inout SearchScratch
    ) -> UInt32 {
        guard fromLevel >= toLevel else { return start }
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        let rows = kernel.prefetch
        slots[0] = start
        kernel.gather(query, slots: slots, count: 1, into: distances)
        scratch.distanceCount &+= 1
        var nearest = NodeKey(distance: distances[0], slot: start)
        for level in stride(from: fromLevel, through: toLevel, by: -1) {
            let layer = layer(level)
            while true {
                let row = layer.row(nearest.slot)
                var count = 0
                while count < layer.maximumNeighbors, row[count] != Self.endOfRow {
                    slots[count] = row[count]
                    rows.fetch(row[count])
                    count &+= 1
                }
                guard count > 0 else { break }
                kernel.gather(query, slots: slots, count: count, into: distances)
                scratch.distanceCount &+= count
                let before = nearest
                for i in 0..<count { nearest = min(nearest, NodeKey(distance: distances[i], slot: slots[i])) }
                if nearest == before { break }
            }
        }
        return nearest.slot
    }
}

extension RowPrefetch {
    /// Asks for the row of a slot.
    @inline(__always)
    fileprivate func fetch(_ slot: UInt32) { prefetch(rows + Int(slot) &* stride, lines: lines) }
}
