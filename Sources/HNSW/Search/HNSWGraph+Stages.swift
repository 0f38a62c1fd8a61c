// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// What a measured search shows when the candidates of a stage are expanded.
package struct SearchStage {
    /// Its place among the stages.
    package let index: Int

    /// Distances computed by a search that begins with this stage's candidates.
    package let distanceCount: Int

    /// For each list of the nearest: how many of them were not in it at half of the expansions.
    package let late: [Int]

    /// See ``SearchJudge/outlierRatio``.
    package let outlierRatio: Float
}

extension HNSWGraph {
    /// Searches with more and more candidates. Calls `body` when the candidates of a stage are expanded, until it returns false. So
    /// one search shows what a search with each of these efforts finds.
    ///
    /// - Parameters:
    ///   - stages: candidates to expand, ascending.
    ///   - stagesPerDoubling: the number of stages in which the candidates double.
    ///   - nearestCounts: the lists of ``SearchStage/late``, ascending.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == StoredKernel)
    package func searchStages<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, stages: [Int], stagesPerDoubling: Int, nearestCounts: [Int],
        kernel: Kernel, scratch: inout SearchScratch, body: (SearchStage, inout SearchScratch) -> Bool
    ) {
        scratch.isUndecided = false
        scratch.listed.removeAll(keepingCapacity: true)
        guard let root = scratch.view.entryPoint, let longest = nearestCounts.last else {
            return scratch.pool.reset(limit: 1)
        }
        scratch.distanceCount = 0
        let start = descend(
            query, from: root, fromLevel: scratch.view.topLevel, toLevel: 1, kernel: kernel, scratch: &scratch)
        let descent = scratch.distanceCount
        let layer = layer(0)
        var limit = 0
        var lists = [[NodeKey]](repeating: [], count: stagesPerDoubling)
        scratch.judged.measured = nil
        for (index, expansions) in stages.enumerated() {
            if expansions > limit {
                // Few searches are begun anew, and a pool of few keys is cheap to keep sorted.
                limit = max(4 * limit, longest, Self.firstStageLimit, expansions)
                scratch.distanceCount = descent
                begin(at: start, ef: limit, scratch: &scratch)
            }
            scratch.pool.limitExpansion(to: expansions)
            repeat {
                measure(query, layer: layer, findsAll: false, kernel: kernel, scratch: &scratch)
            } while expand(layer: layer, rows: kernel.prefetch, scratch: &scratch)
            let distanceCount = scratch.distanceCount
            let half = lists[index % stagesPerDoubling]
            let stage = SearchStage(
                index: index, distanceCount: distanceCount,
                late: nearestCounts.map { NodeKey.lateCount(in: scratch.pool, since: half, among: $0) },
                outlierRatio: outlierRatio(kernel: kernel, scratch: &scratch))
            lists[index % stagesPerDoubling].removeAll(keepingCapacity: true)
            scratch.pool.forEachResultKey(limit: longest) { lists[index % stagesPerDoubling].append($0) }
            scratch.distanceCount = distanceCount
            guard body(stage, &scratch) else { return }
            scratch.distanceCount = distanceCount
        }
    }

    private static var firstStageLimit: Int { 128 }

    /// Calls `body`, which may change the pool, and restores the pool.
    package func keepingPool(of scratch: inout SearchScratch, _ body: (inout SearchScratch) -> Void) {
        scratch.savedKeys.removeAll(keepingCapacity: true)
        for i in 0..<scratch.pool.count { scratch.savedKeys.append(scratch.pool[i]) }
        let limit = scratch.pool.limit
        body(&scratch)
        scratch.pool.reset(limit: limit)
        for key in scratch.savedKeys { scratch.pool.push(key) }
    }

    /// The distance from each node of level 0 to the nearest of its neighbors; nil where it has none.
    package func nearestNeighborDistances(
        of nodes: [Node], by kernel: any DistanceKernel, scratch: inout SearchScratch
    ) -> [Float?] {
        nearestNeighborDistances(of: nodes, kernel: kernel, scratch: &scratch)
    }

    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    private func nearestNeighborDistances<Kernel: DistanceKernel>(
        of nodes: [Node], kernel: Kernel, scratch: inout SearchScratch
    ) -> [Float?] {
        nodes.map { node in
            let count = layer(0).copy(node, to: scratch.hopSlots.base)
            let distances = scratch.hopDistances.base
            let query = kernel.query(ofRow: node.rawValue, space: scratch.candidateSpace.elements(kernel.queryLength))
            kernel.gather(query, slots: scratch.hopSlots.base, count: count, into: distances)
            return (0..<count).map { distances[$0] }.min()
        }
    }
}
