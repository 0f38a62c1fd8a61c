// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

extension HNSWGraph {
    /// Begins a search of level 0. A judge ends it. Without a judge, it ends when all candidates are expanded.
    func begin(at entryPoint: Node, budget: SearchBudget, scratch: inout SearchScratch) {
        let expansions = min(budget.efSearch, max(nodeCount, 1))
        scratch.isUndecided = false
        scratch.judged.budget = budget
        let limit = budget.poolLimit(expansions: expansions)
        begin(at: entryPoint, ef: limit, scratch: &scratch)
        guard budget.judge != nil else { return scratch.pool.limitExpansion(to: expansions) }
        scratch.judged.entryPoint = entryPoint
        scratch.judged.expansions = expansions
        scratch.judged.hasHalf = false
        scratch.judged.doublings = 0
        scratch.judged.measured = nil
        scratch.pool.limitExpansion(to: max(1, expansions / 2))
    }

    /// Called when the candidates of a stage are expanded. Prepares the next stage, and returns whether there is one.
    ///
    /// A search that would cost as much as comparing every vector ends with ``SearchScratch/isUndecided`` set.
    @inline(__always)
    func goesOn<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, kernel: Kernel, scratch: inout SearchScratch
    ) -> Bool {
        guard let judge = scratch.judged.budget.judge else { return false }
        return goesOn(query, judge: judge, kernel: kernel, scratch: &scratch)
    }

    @inline(never)
    private func goesOn<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, judge: SearchJudge, kernel: Kernel, scratch: inout SearchScratch
    ) -> Bool {
        if scratch.pool.isExhausted { return false }
        let expansions = scratch.judged.expansions
        guard scratch.judged.hasHalf else {
            noteNearest(judge, scratch: &scratch)
            scratch.pool.limitExpansion(to: expansions)
            scratch.judged.hasHalf = true
            return true
        }
        let isContent = judge.isContent(
            late: scratch.lateCount(among: judge.nearestCount),
            outlierLate: scratch.lateCount(among: judge.outlierNearestCount),
            ratio: outlierRatio(kernel: kernel, scratch: &scratch), doublings: scratch.judged.doublings)
        if isContent { return false }
        guard 4 * scratch.distanceCount < nodeCount else {
            scratch.isUndecided = true
            return false
        }
        noteNearest(judge, scratch: &scratch)
        let next = 2 * expansions
        scratch.judged.expansions = next
        scratch.judged.doublings += 1
        if next > scratch.pool.wholeLimit {
            let limit = scratch.judged.budget.poolLimit(expansions: next)
            begin(at: scratch.judged.entryPoint, ef: limit, scratch: &scratch)
        }
        scratch.pool.limitExpansion(to: next)
        return true
    }

    private func noteNearest(_ judge: SearchJudge, scratch: inout SearchScratch) {
        scratch.judged.nearest.removeAll(keepingCapacity: true)
        scratch.pool.forEachResultKey(limit: max(judge.nearestCount, judge.outlierNearestCount)) {
            scratch.judged.nearest.append($0)
        }
    }

    /// The distance from a query to its nearest result, or to the nearest node of all with a filter, divided by the median distance from that result to its neighbors. 0 if it
    /// has too few neighbors.
    ///
    /// Under the inner product, which is no distance, no query is an outlier.
    package func outlierRatio<Kernel: DistanceKernel>(kernel: Kernel, scratch: inout SearchScratch) -> Float {
        // A filter says nothing of where the query lies among the vectors.
        let found = scratch.view.filter == nil ? scratch.pool.nearestResult : scratch.pool.nearestKey
        guard let nearest = found, nearest.distance > 0 else { return 0 }
        if let measured = scratch.judged.measured, measured.node == nearest.node { return measured.ratio }
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        var count = 0
        let row = layer(0).row(nearest.node)
        for i in 0..<min(layer(0).maximumNeighbors, Self.medianNeighbors) {
            if row[i] == Self.endOfRow { break }
            guard row[i].rawValue < scratch.view.slotLimit.rawValue else { continue }
            slots[count] = row[i].rawValue
            count += 1
        }
        var ratio: Float = 0
        if count >= 4 {
            let query = kernel.query(
                ofRow: nearest.node.rawValue, space: scratch.candidateSpace.elements(kernel.queryLength))
            kernel.gather(query, slots: slots, count: count, into: distances)
            scratch.distanceCount &+= count
            // In place: a search allocates nothing.
            var sorted = UnsafeMutableBufferPointer(start: distances, count: count)
            sorted.sort()
            let median = distances[count / 2]
            ratio = median > 0 ? nearest.distance / median : 0
        }
        scratch.hopCount = 0
        scratch.judged.measured = (nearest.node, ratio)
        return ratio
    }

    /// Neighbors whose median distance is taken: one cache line of a row.
    private static var medianNeighbors: Int { 16 }
}

extension SearchScratch {
    /// Nodes among the `limit` nearest that were not among them at the last stage.
    borrowing func lateCount(among limit: Int) -> Int {
        NodeKey.lateCount(in: pool, since: judged.nearest, among: limit)
    }
}

extension NodeKey {
    /// Nodes among the `limit` nearest of a pool that were not among the `limit` nearest of a list.
    static func lateCount(in pool: borrowing CandidatePool, since nearest: [NodeKey], among limit: Int) -> Int {
        var late = 0
        var place = 0
        let end = min(limit, nearest.count)
        pool.forEachResultKey(limit: limit) { key in
            // Both are sorted.
            while place < end, nearest[place] < key { place += 1 }
            if place < end, nearest[place] == key { place += 1 } else { late += 1 }
        }
        return late
    }
}
