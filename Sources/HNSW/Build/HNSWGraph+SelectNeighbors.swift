// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

extension HNSWGraph {
    /// Chooses at most `limit` of `scratch.candidates`, which are sorted, as neighbors; leaves them in `scratch.selected`.
    func selectNeighbors<Kernel: DistanceKernel>(limit: Int, kernel: Kernel, scratch: inout SearchScratch) {
        switch parameters.selection {
        case .simple: selectNearest(limit: limit, scratch: &scratch)
        case .heuristic: selectSpread(limit: limit, kernel: kernel, scratch: &scratch)
        }
    }

    /// SELECT-NEIGHBORS-SIMPLE, Algorithm 3.
    private func selectNearest(limit: Int, scratch: inout SearchScratch) {
        scratch.selected.removeAll(keepingCapacity: true)
        scratch.selected.append(contentsOf: scratch.candidates.prefix(limit))
    }

    /// SELECT-NEIGHBORS-HEURISTIC, Algorithm 4: a candidate is kept if it is nearer to the node than to any neighbor kept
    /// before it.
    ///
    /// Departures from the paper:
    /// 1. `extendCandidates` and `keepPrunedConnections` are false.
    /// 2. Fewer candidates than `limit` are all kept.
    private func selectSpread<Kernel: DistanceKernel>(limit: Int, kernel: Kernel, scratch: inout SearchScratch) {
        guard scratch.candidates.count >= limit else { return selectNearest(limit: limit, scratch: &scratch) }
        let selectedSlots = scratch.selectedSlots.base
        scratch.selected.removeAll(keepingCapacity: true)
        for candidate in scratch.candidates {
            let count = scratch.selected.count
            guard count < limit else { break }
            if isNearerToSelected(candidate, selectedCount: count, kernel: kernel, scratch: &scratch) { continue }
            selectedSlots[count] = candidate.node.rawValue
            scratch.selected.append(candidate)
        }
    }

    /// Whether a neighbor chosen before is nearer to the candidate than the node is.
    private func isNearerToSelected<Kernel: DistanceKernel>(
        _ candidate: NodeKey, selectedCount: Int, kernel: Kernel, scratch: inout SearchScratch
    ) -> Bool {
        let selectedSlots = scratch.selectedSlots.base
        let distances = scratch.hopDistances.base
        let distance = candidate.distance
        guard selectedCount > 0 else { return false }
        let query = kernel.query(
            ofRow: candidate.node.rawValue, space: scratch.candidateSpace.elements(kernel.queryLength))
        // Four at a time: at this width the kernel shares the query's registers, and mostly an early one decides.
        for first in stride(from: 0, to: selectedCount, by: 4) {
            let count = min(4, selectedCount - first)
            kernel.gather(query, slots: selectedSlots + first, count: count, into: distances)
            scratch.distanceCount &+= count
            for i in 0..<count where distances[i] < distance { return true }
        }
        return false
    }
}
