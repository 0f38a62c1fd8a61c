// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

// Codes cannot tell vectors apart whose differences are much smaller than the steps of the codes. Such nodes are linked by the
// vectors as they are stored.
extension HNSWGraph {
    /// The nearest candidates whose distances are looked at.
    private static var orderedCount: Int { 16 }

    /// Deviations that the distances of ``orderedCount`` candidates must span. Noise alone spreads 16 over about 3.5, and the
    /// nearest 16 of 200 over about 1.5.
    private static var leastSpan: Float { 2.5 }

    /// The same for a row's neighbors, which lie apart. Those of noise alone span about 2.
    private static var leastRowSpan: Float { 5 }

    /// Whether the estimated distances of `scratch.candidates`, which are sorted, say which of them are the nearest.
    func areOrdered<Kernel: DistanceKernel>(
        from query: UnsafePointer<Kernel.Element>, kernel: Kernel, scratch: borrowing SearchScratch
    ) -> Bool {
        areOrdered(within: Self.leastSpan, from: query, kernel: kernel, scratch: scratch)
    }

    /// The share of the distances by which all distances from one query may be off alike. Selection compares distances from
    /// different queries: it keeps a candidate that is nearer to the node than to others.
    private static var mostInCommon: Float { 0.1 }

    private func areOrdered<Kernel: DistanceKernel>(
        within deviations: Float, from query: UnsafePointer<Kernel.Element>, kernel: Kernel,
        scratch: borrowing SearchScratch
    ) -> Bool {
        guard closeCount(within: deviations, from: query, kernel: kernel, scratch: scratch) == 0 else { return false }
        let count = min(Self.orderedCount, scratch.candidates.count)
        guard count > 0 else { return true }
        let distance = scratch.candidates[count / 2].distance
        return kernel.commonDeviation(of: query) <= Self.mostInCommon * max(distance, 0)
    }

    /// Deviations that the distances of a vector's neighbors must span, if the vector is read from its codes. Vectors whose nearest
    /// 10 span 25 deviations lose 3 in a hundred of them.
    private static var leastKeptSpan: Float { 25 }

    /// How many of a node's nearest neighbors its codes cannot tell it from. These are the first of `scratch.candidates`, which are
    /// sorted. They must be noted too: the first vectors of a new cluster come before they have such neighbors.
    func indistinctCount<Kernel: DistanceKernel>(
        from query: UnsafePointer<Kernel.Element>, kernel: Kernel, scratch: borrowing SearchScratch
    ) -> Int {
        closeCount(within: Self.leastKeptSpan * kernel.remainderShare, from: query, kernel: kernel, scratch: scratch)
    }

    /// A few candidates that lie close together are a cluster of their own if the gap behind them is wider than this many of their
    /// spans.
    private static var clusterGap: Float { 8 }

    /// How many of the nearest candidates lie within `deviations` deviations. Either all that are looked at, which are at most half
    /// of the candidates. Or those before a gap so wide that no more of their cluster are there yet. Otherwise 0.
    private func closeCount<Kernel: DistanceKernel>(
        within deviations: Float, from query: UnsafePointer<Kernel.Element>, kernel: Kernel,
        scratch: borrowing SearchScratch
    ) -> Int {
        let count = min(Self.orderedCount, scratch.candidates.count)
        guard count >= 4 else { return 0 }
        let nearest = scratch.candidates[0].distance
        func span(of count: Int) -> (found: Float, wanted: Float) {
            let farthest = scratch.candidates[count - 1]
            let deviation = kernel.deviation(of: farthest.node.rawValue, at: farthest.distance, from: query)
            return (farthest.distance - nearest, deviations * deviation)
        }
        // If there are few candidates, noise spreads all of them farther than half of them.
        let half = min(count, (scratch.candidates.count + 1) / 2)
        let many = span(of: half)
        if half >= 4, many.found < many.wanted { return half }
        var (before, largestGap) = (1, -Float.infinity)
        for i in 1..<count {
            let gap = scratch.candidates[i].distance - scratch.candidates[i - 1].distance
            if gap > largestGap { (before, largestGap) = (i, gap) }
        }
        guard before >= 2 else { return 0 }
        let few = span(of: before)
        return few.found < few.wanted && largestGap > Self.clusterGap * few.wanted ? before : 0
    }

    /// Chooses neighbors of a node among `scratch.candidates`, which are sorted by their distances from `query`. Compares stored
    /// vectors if these distances do not say which are the nearest.
    ///
    /// - Parameter vectors: nil if the kernel's rows are the vectors.
    func selectNeighbors<Kernel: DistanceKernel>(
        of node: Node, query: UnsafePointer<Kernel.Element>, limit: Int, kernel: Kernel, vectors: StoredVectors?,
        scratch: inout SearchScratch
    ) {
        guard let vectors,
            !areOrdered(within: Self.leastRowSpan, from: query, kernel: kernel, scratch: scratch)
        else {
            return selectNeighbors(limit: limit, kernel: kernel, scratch: &scratch)
        }
        let stored = scratch.storedKernel(vectors)
        if let balance = kernel.balance {
            let balanced = BalancedKernel(stored, balance: balance, vectors: vectors)
            selectNeighbors(of: node, limit: limit, kernel: balanced, vectors: vectors, scratch: &scratch)
        } else {
            selectNeighbors(of: node, limit: limit, kernel: stored, vectors: vectors, scratch: &scratch)
        }
    }

    /// Chooses neighbors of a node among `scratch.candidates` by a kernel of the vectors as they are stored.
    private func selectNeighbors<Kernel: DistanceKernel>(
        of node: Node, limit: Int, kernel: Kernel, vectors: StoredVectors, scratch: inout SearchScratch
    ) {
        vectors.withNewest(node.slot, space: scratch.vectorSpace.elements(vectors.stride)) { vector in
            let query = kernel.query(of: vector, space: scratch.candidateSpace.elements(kernel.queryLength))
            measureCandidates(from: query, kernel: kernel, scratch: &scratch)
        }
        selectNeighbors(limit: limit, kernel: kernel, scratch: &scratch)
    }

    /// Gives `scratch.candidates` their distances from a query, and sorts them by these.
    func measureCandidates<Kernel: DistanceKernel>(
        from query: UnsafePointer<Kernel.Element>, kernel: Kernel, scratch: inout SearchScratch
    ) {
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        for first in stride(from: 0, to: scratch.candidates.count, by: scratch.hopSlots.capacity) {
            let count = min(scratch.hopSlots.capacity, scratch.candidates.count - first)
            for i in 0..<count { slots[i] = scratch.candidates[first + i].node.rawValue }
            kernel.gather(query, slots: slots, count: count, into: distances)
            scratch.distanceCount &+= count
            for i in 0..<count {
                scratch.candidates[first + i] = NodeKey(distance: distances[i], node: Node(rawValue: slots[i]))
            }
        }
        scratch.candidates.sort()
    }
}
