// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

extension HNSWGraph {
    /// Candidates expanded at once. With more, the memory system fetches more rows while distances are computed, and more
    /// candidates are expanded in vain (Benchmarks/EXPERIMENTS.md).
    package static var expansionWidth: Int { 4 }

    /// SEARCH-LAYER, Algorithm 2: leaves the `ef` nearest nodes of a level in `scratch.pool`, sorted.
    ///
    /// Departures from the paper:
    /// 1. `C` and `W` are one sorted array (``CandidatePool``). The search ends when all of it is expanded.
    /// 2. The nearest candidates are expanded together (``expansionWidth``). One kernel call measures their unseen neighbors.
    /// 3. Nodes that the view does not see, such as tombstones, are expanded like others and do not count against `ef`. With
    ///    `findsAll` every node counts.
    /// 4. A search that has found fewer than `ef` goes on from the graph's entry point. Edges have one direction, so `entryPoint`
    ///    may reach few nodes.
    func searchLayer<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, entryPoint: Node, level: Int, ef: Int, findsAll: Bool,
        kernel: Kernel, scratch: inout SearchScratch
    ) {
        let layer = layer(level)
        begin(at: entryPoint, ef: ef, scratch: &scratch)
        repeat {
            measure(query, layer: layer, findsAll: findsAll, kernel: kernel, scratch: &scratch)
        } while expand(layer: layer, rows: kernel.prefetch, scratch: &scratch)
    }

    /// Begins a search of a level: its first hop leads to the entry point.
    func begin(at entryPoint: Node, ef: Int, scratch: inout SearchScratch) {
        scratch.visited.reset(slotCount: scratch.view.slotCount)
        if scratch.view.filter == nil, scratch.view.radius == nil {
            scratch.pool.reset(limit: ef)
        } else {
            let budget = scratch.judged.budget
            scratch.pool.reset(
                limit: ef, keeping: budget.leastKept, within: scratch.view.radius, expected: budget.expectedCount)
        }
        scratch.memberStepsLeft = scratch.view.slotCount
        scratch.hopSlots.base[0] = entryPoint.rawValue
        scratch.hopCount = 1
        _ = scratch.visited.insert(entryPoint)
        if let hidden = scratch.hidden { _ = scratch.visited.insert(hidden) }
    }

    /// Measures the nodes of a hop and takes the near ones into the pool.
    @inline(__always)
    func measure<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, layer: Layer, findsAll: Bool, kernel: Kernel,
        scratch: inout SearchScratch
    ) {
        let count = scratch.hopCount
        guard count > 0 else { return }
        let soon = 2 * Self.expansionWidth
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        kernel.gather(query, slots: slots, count: count, into: distances)
        scratch.distanceCount &+= count
        scratch.hops &+= 1
        var bound = scratch.pool.bound
        let soonBound = scratch.pool.expansionBound(soon)
        let fresh = scratch.freshKeys.base
        var freshCount = 0
        for i in 0..<count where distances[i] <= bound {
            let node = Node(rawValue: slots[i])
            let routesOnly = !findsAll && !isVisible(node, in: scratch.view, stepsLeft: &scratch.memberStepsLeft)
            fresh[freshCount] = NodeKey(distance: distances[i], node: node, routesOnly: routesOnly)
            freshCount &+= 1
            // It is expanded soon, unless nearer ones are found. This prefetch gives 10 to 19 % more queries a second.
            if distances[i] < soonBound { layer.prefetchRow(node) }
            guard freshCount == SearchScratch.freshKeyLimit else { continue }
            scratch.pool.merge(fresh, count: freshCount)
            bound = scratch.pool.bound
            freshCount = 0
        }
        scratch.pool.merge(fresh, count: freshCount)
    }

    /// Expands the nearest candidates. Their unseen neighbors are the next hop, and their rows are prefetched. Returns whether
    /// there is a next hop.
    @inline(__always)
    func expand(layer: Layer, rows: RowPrefetch, scratch: inout SearchScratch) -> Bool {
        let slots = scratch.hopSlots.base
        let slotLimit = scratch.view.slotLimit.rawValue
        let visited = scratch.visited.marks
        let maximumNeighbors = layer.maximumNeighbors
        var count = 0
        var expanded = 0
        let width = Self.expansionWidth
        while expanded < width, let nearest = scratch.pool.popNearest() {
            expanded &+= 1
            let row = layer.row(nearest)
            let first = count
            for i in 0..<maximumNeighbors {
                let neighbor = row[i]
                if neighbor.rawValue >= slotLimit {
                    if neighbor == Self.endOfRow { break }
                    continue
                }
                // Always written, and counted only if new: there is no branch to predict.
                slots[count] = neighbor.rawValue
                count &+= visited.insert(neighbor) ? 1 : 0
            }
            for i in first..<count where i < rows.rowsAhead { rows.fetch(slots[i]) }
        }
        scratch.hopCount = count
        if expanded > 0 {
            scratch.pool.forEachNearest(limit: width) { layer.prefetchRow($0) }
            return true
        }
        guard !scratch.pool.isFull, let root = scratch.view.entryPoint, scratch.visited.insert(root) else {
            return false
        }
        slots[0] = root.rawValue
        scratch.hopCount = 1
        return true
    }

    /// SEARCH-LAYER with `ef` = 1 on the levels `fromLevel` down to `toLevel`: walks to the nearest node it can see.
    func descend<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, from start: Node, fromLevel: Int, toLevel: Int, kernel: Kernel,
        scratch: inout SearchScratch
    ) -> Node {
        guard fromLevel >= toLevel else { return start }
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        let rows = kernel.prefetch
        slots[0] = start.rawValue
        kernel.gather(query, slots: slots, count: 1, into: distances)
        scratch.distanceCount &+= 1
        var nearest = NodeKey(distance: distances[0], node: start)
        for level in stride(from: fromLevel, through: toLevel, by: -1) {
            let layer = layer(level)
            while true {
                let row = layer.row(nearest.node)
                var count = 0
                for place in 0..<layer.maximumNeighbors {
                    let neighbor = row[place]
                    if neighbor == Self.endOfRow { break }
                    if neighbor.rawValue >= scratch.view.slotLimit.rawValue { continue }
                    slots[count] = neighbor.rawValue
                    rows.fetch(neighbor.rawValue)
                    count &+= 1
                }
                guard count > 0 else { break }
                kernel.gather(query, slots: slots, count: count, into: distances)
                scratch.distanceCount &+= count
                let before = nearest
                for i in 0..<count {
                    nearest = min(nearest, NodeKey(distance: distances[i], node: Node(rawValue: slots[i])))
                }
                if nearest == before { break }
            }
        }
        return nearest.node
    }
}

extension Layer {
    /// Prefetches a node's neighbors: up to 64 of them, in four cache lines.
    @inline(__always)
    fileprivate func prefetchRow(_ node: Node) {
        let row = row(node).address
        prefetch(row)
        prefetch(row + 64)
        if maximumNeighbors > 32 {
            prefetch(row + 128)
            prefetch(row + 192)
        }
    }
}

extension RowPrefetch {
    /// Prefetches the row of a slot.
    @inline(__always)
    func fetch(_ slot: UInt32) {
        prefetch(rows + Int(slot) &* stride, lines: lines)
        if let terms { prefetch(terms + Int(slot) &* 16) }
    }
}
