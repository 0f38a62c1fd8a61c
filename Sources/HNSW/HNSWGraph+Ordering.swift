// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

// Codes cannot tell vectors apart that lie much nearer to one another than their steps are wide. Where that is so, nodes are
// linked by the vectors as they are stored.
extension HNSWGraph {
    /// Candidates whose distances are looked at.
    private static var orderedCount: Int { 16 }

    /// Deviations that the distances of so many candidates must span: noise alone spreads 16 over about 3.5, and the nearest 16 of 200
    /// over about 1.5.
    private static var leastSpan: Float { 2.5 }

    /// Whether the estimated distances of `scratch.candidates`, which are sorted, say which of them are the nearest.
    func areOrdered<Kernel: DistanceKernel>(
        from query: UnsafePointer<Kernel.Element>, kernel: Kernel, scratch: borrowing SearchScratch
    ) -> Bool {
        let last = min(Self.orderedCount, scratch.candidates.count) - 1
        guard last >= 3 else { return true }
        let (nearest, farthest) = (scratch.candidates[0], scratch.candidates[last])
        let deviation = kernel.deviation(of: farthest.slot, at: farthest.distance, from: query)
        return farthest.distance - nearest.distance >= Self.leastSpan * deviation
    }

    /// Deviations of what a vector is read as from its codes that the distances of its neighbors must span: of vectors whose nearest
    /// 10 span 25, these lose 3 in a hundred.
    private static var leastKeptSpan: Float { 25 }

    /// Whether a node's vector, read from its codes, would be out of place among its neighbors, `scratch.candidates`, which are sorted.
    func isToBeKept<Kernel: DistanceKernel>(
        from query: UnsafePointer<Kernel.Element>, kernel: Kernel, scratch: borrowing SearchScratch
    ) -> Bool {
        let last = min(Self.orderedCount, scratch.candidates.count) - 1
        guard last >= 3 else { return false }
        let (nearest, farthest) = (scratch.candidates[0], scratch.candidates[last])
        let deviation = kernel.deviation(of: farthest.slot, at: farthest.distance, from: query)
        return farthest.distance - nearest.distance < Self.leastKeptSpan * deviation * kernel.remainderShare
    }

    /// Chooses neighbors of a node among `scratch.candidates`, which are sorted by their distances from `query`: by these, or by
    /// stored vectors if these say nothing.
    ///
    /// - Parameter vectors: nil if the kernel's rows are the vectors.
    func selectNeighbors<Kernel: DistanceKernel>(
        of node: UInt32, query: UnsafePointer<Kernel.Element>, limit: Int, kernel: Kernel, vectors: StoredVectors?,
        scratch: inout SearchScratch
    ) {
        guard let vectors, !areOrdered(from: query, kernel: kernel, scratch: scratch) else {
            return selectNeighbors(limit: limit, kernel: kernel, scratch: &scratch)
        }
        let stored = scratch.storedKernel(vectors)
        vectors.withNewest(node, space: scratch.vectorSpace.elements(vectors.stride)) { vector in
            measureCandidates(from: vector, kernel: stored, scratch: &scratch)
        }
        selectNeighbors(limit: limit, kernel: stored, scratch: &scratch)
    }

    /// Gives `scratch.candidates` their distances from a query, and sorts them by these.
    func measureCandidates<Kernel: DistanceKernel>(
        from query: UnsafePointer<Kernel.Element>, kernel: Kernel, scratch: inout SearchScratch
    ) {
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        for first in stride(from: 0, to: scratch.candidates.count, by: scratch.hopSlots.capacity) {
            let count = min(scratch.hopSlots.capacity, scratch.candidates.count - first)
            for i in 0..<count { slots[i] = scratch.candidates[first + i].slot }
            kernel.gather(query, slots: slots, count: count, into: distances)
            scratch.distanceCount &+= count
            for i in 0..<count { scratch.candidates[first + i] = NodeKey(distance: distances[i], slot: slots[i]) }
        }
        scratch.candidates.sort()
    }
}
