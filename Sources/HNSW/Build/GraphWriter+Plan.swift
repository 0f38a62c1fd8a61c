// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

extension GraphWriter {
    /// Chooses the neighbors of an added node, fills the node's own rows, and appends the edges back to it.
    ///
    /// - Parameter vectors: what the kernel's rows stand for; nil if they are the vectors.
    func plan<Kernel: DistanceKernel>(
        _ node: Node, kernel: Kernel, vectors: StoredVectors?, scratch: inout SearchScratch,
        backEdges: inout [BackEdge]
    ) {
        scratch.view = pendingView
        guard let entryPoint = scratch.view.entryPoint else { return }
        let topLevel = scratch.view.topLevel
        let query = query(of: node, kernel: kernel, vectors: vectors, scratch: scratch)
        let level = graph.level(of: node)
        var nearest = graph.descend(
            query, from: entryPoint, fromLevel: topLevel, toLevel: level + 1, kernel: kernel, scratch: &scratch)
        for level in stride(from: min(level, topLevel), through: 0, by: -1) {
            nearest = nearestOutlier(to: query, than: nearest, level: level, kernel: kernel, scratch: &scratch)
            findCandidates(query, from: nearest, level: level, kernel: kernel, scratch: &scratch)
            guard scratch.pool.count > 0 else { return }
            nearest = scratch.pool[0].node
            if let vectors, !graph.areOrdered(from: query, kernel: kernel, scratch: scratch) {
                let stored = scratch.storedKernel(vectors)
                if let balance = kernel.balance {
                    let balanced = BalancedKernel(stored, balance: balance, vectors: vectors)
                    plan(node, level: level, from: nearest, kernel: balanced, vectors: vectors, scratch: &scratch)
                } else {
                    plan(node, level: level, from: nearest, kernel: stored, vectors: vectors, scratch: &scratch)
                }
                nearest = scratch.pool[0].node
                noteIfKept(node, query: query, level: level, kernel: kernel, scratch: &scratch)
            } else {
                if vectors != nil { noteIfKept(node, query: query, level: level, kernel: kernel, scratch: &scratch) }
                graph.selectNeighbors(limit: graph.parameters.m, kernel: kernel, scratch: &scratch)
            }
            graph.layer(level).write(scratch.selected, to: node)
            if level == 0, isOutlier(kernel: kernel, scratch: &scratch) { scratch.outliers.append(node) }
            for neighbor in scratch.selected {
                let source = NodeKey(distance: neighbor.distance, node: node)
                backEdges.append(BackEdge(level: level, target: neighbor.node, source: source))
            }
        }
    }

    /// Chooses the neighbors of a node on one level by its vector.
    ///
    /// - Parameter kernel: a kernel of the vectors as they are stored.
    private func plan<Kernel: DistanceKernel>(
        _ node: Node, level: Int, from start: Node, kernel: Kernel, vectors: StoredVectors,
        scratch: inout SearchScratch
    ) {
        vectors.withNewest(node.slot, space: scratch.vectorSpace.elements(vectors.stride)) { vector in
            let query = kernel.query(of: vector, space: scratch.candidateSpace.elements(kernel.queryLength))
            findCandidates(query, from: start, level: level, kernel: kernel, scratch: &scratch)
        }
        graph.selectNeighbors(limit: graph.parameters.m, kernel: kernel, scratch: &scratch)
    }

    private func noteIfKept<Kernel: DistanceKernel>(
        _ node: Node, query: UnsafePointer<Kernel.Element>, level: Int, kernel: Kernel, scratch: inout SearchScratch
    ) {
        guard level == 0 else { return }
        let count = graph.indistinctCount(from: query, kernel: kernel, scratch: scratch)
        guard count > 0 else { return }
        scratch.indistinct.append(node)
        for i in 0..<count { scratch.indistinct.append(scratch.candidates[i].node) }
    }

    /// The query that finds what is near a node. It is made of the node's vector if the kernel's rows only stand for vectors.
    func query<Kernel: DistanceKernel>(
        of node: Node, kernel: Kernel, vectors: StoredVectors?, scratch: borrowing SearchScratch
    ) -> UnsafePointer<Kernel.Element> {
        let space: UnsafeMutablePointer<Kernel.Element> = scratch.querySpace.elements(kernel.queryLength)
        guard let vectors else { return kernel.query(ofRow: node.rawValue, space: space) }
        return vectors.withNewest(node.slot, space: scratch.vectorSpace.elements(vectors.stride)) {
            kernel.query(of: $0, space: space)
        }
    }

    /// Leaves the nodes of a level that may become neighbors in `scratch.candidates`, sorted.
    private func findCandidates<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, from start: Node, level: Int, kernel: Kernel,
        scratch: inout SearchScratch
    ) {
        graph.searchLayer(
            query, entryPoint: start, level: level, ef: graph.parameters.efConstruction, findsAll: true,
            kernel: kernel,
            scratch: &scratch)
        scratch.candidates.removeAll(keepingCapacity: true)
        for i in 0..<scratch.pool.count where !isUnlinking(scratch.pool[i].node) {
            scratch.candidates.append(scratch.pool[i].unflagged)
        }
    }

    /// Whether a node is an outlier: farther from its nearest selected neighbor than three quarters of that neighbor's own
    /// neighbors are.
    private func isOutlier<Kernel: DistanceKernel>(kernel: Kernel, scratch: inout SearchScratch) -> Bool {
        guard let nearest = scratch.selected.first else { return false }
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        let count = graph.layer(0).copy(nearest.node, to: slots)
        // Three quarters, because a few of the neighbors may belong to other clusters. Fewer than four neighbors say nothing.
        guard count >= 4 else { return false }
        let query = kernel.query(
            ofRow: nearest.node.rawValue, space: scratch.candidateSpace.elements(kernel.queryLength))
        kernel.gather(query, slots: slots, count: count, into: distances)
        scratch.distanceCount &+= count
        return (0..<count).count { distances[$0] < nearest.distance } * 4 >= 3 * count
    }

    /// The nearest outlier on a level, if it is nearer than `start`; otherwise `start`.
    ///
    /// Without the outliers, the second vector of a new cluster would not find the first. A search ends in the nearest of the older
    /// clusters, and no edge need lead on from there.
    private func nearestOutlier<Kernel: DistanceKernel>(
        to query: UnsafePointer<Kernel.Element>, than start: Node, level: Int, kernel: Kernel,
        scratch: inout SearchScratch
    ) -> Node {
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        slots[0] = start.rawValue
        var count = 1
        for outlier in ledger.outliers where graph.level(of: outlier) >= level && count < scratch.hopSlots.capacity {
            slots[count] = outlier.rawValue
            count += 1
        }
        guard count > 1 else { return start }
        kernel.gather(query, slots: slots, count: count, into: distances)
        scratch.distanceCount &+= count
        return Node(rawValue: slots[(1..<count).reduce(0) { distances[$1] < distances[$0] ? $1 : $0 }])
    }
}
