// SPDX-License-Identifier: Apache-2.0

import Dispatch
import DistanceKernels
import Synchronization
import VectorStorage

/// The threads that plan and link a batch, each with scratch memory of its own. What they build does not depend on how
/// many there are.
package final class LinkWorkers {
    private final class Worker {
        var scratch: SearchScratch
        var backEdges: [BackEdge] = []

        /// Rows that this worker was the first to change in a batch.
        var journal = RowJournal()

        /// Nodes that a sweep has left with few neighbours.
        var nodesWithFew: [UInt32] = []
        var relinkedCount = 0

        init(parameters: HNSWParameters) { scratch = SearchScratch(parameters: parameters) }
    }

    private let parameters: HNSWParameters
    private var workers: [Worker] = []

    /// The threads that work now, at least 1.
    private var threadCount = 1

    package init(parameters: HNSWParameters) {
        self.parameters = parameters
        use(threads: 1)
    }

    /// Sets how many threads work from now on. Workers are kept: one that is made anew allocates and clears memory for every
    /// node of the graph.
    package func use(threads: Int) {
        precondition(threads > 0)
        while workers.count < threads { workers.append(Worker(parameters: parameters)) }
        threadCount = threads
    }

    /// Begins to save the rows that linking changes, but for those of the nodes that come with the batch.
    package func beginJournal(of graph: borrowing HNSWGraph, newNodes: [UInt32]) {
        for worker in workers { worker.journal.removeAll() }
        graph.endJournal()
        // A batch of one is not cancelled.
        guard newNodes.count > 1 else { return }
        let marks = RowMarks(slotCount: graph.slotCount, upperRowCount: graph.upperRowCount)
        for node in newNodes {
            for level in 0...graph.level(of: node) {
                _ = marks.mark(graph.rowIndex(of: node, level: level), level: level)
            }
        }
        graph.ledger.savedRows = marks
    }

    /// Puts back every row that linking has changed.
    package func restoreRows(of graph: borrowing HNSWGraph) {
        for worker in workers {
            worker.journal.restore(to: graph)
            worker.journal.removeAll()
        }
        graph.ledger.journal.restore(to: graph)
        graph.endJournal()
    }

    /// Lets go of stored vectors that may be replaced.
    package func releaseStored() {
        for worker in workers { worker.scratch.releaseStored() }
    }

    /// Distances computed by all workers so far.
    package var distanceCount: Int { workers.reduce(0) { $0 + $1.scratch.distanceCount } }

    /// Of the nodes planned last and their neighbors, those that would be out of place among one another if they were read from codes;
    /// ascending.
    package private(set) var indistinct: [UInt32] = []

    /// Plans nodes that ``HNSWGraph/add(_:vectors:)`` has taken in; returns their back edges in canonical order.
    ///
    /// - Parameter vectors: what the kernel's rows stand for; nil if they are the vectors.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    package func plan<Kernel: DistanceKernel>(
        _ nodes: ArraySlice<UInt32>, in graph: borrowing HNSWGraph, kernel: Kernel, vectors: StoredVectors? = nil
    ) -> [BackEdge] {
        forEach(count: nodes.count) { worker, i in
            graph.plan(
                nodes[nodes.startIndex + i], kernel: kernel, vectors: vectors, scratch: &worker.scratch,
                backEdges: &worker.backEdges)
        }
        var edges: [BackEdge] = []
        edges.reserveCapacity(workers.reduce(0) { $0 + $1.backEdges.count })
        for worker in workers {
            edges.append(contentsOf: worker.backEdges)
            worker.backEdges.removeAll(keepingCapacity: true)
        }
        graph.addOutposts(workers.flatMap { $0.scratch.outposts }.sorted())
        indistinct = Set(workers.flatMap { $0.scratch.indistinct }).sorted()
        for worker in workers {
            worker.scratch.outposts.removeAll()
            worker.scratch.indistinct.removeAll()
        }
        edges.sort()
        return edges
    }

    /// Links edges in canonical order: each row by one worker.
    ///
    /// - Parameters:
    ///   - keepsReached: see ``HNSWGraph/link(_:keepsReached:kernel:vectors:scratch:)``; one worker links then.
    ///   - vectors: what the kernel's rows stand for; nil if they are the vectors.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    package func link<Kernel: DistanceKernel>(
        _ edges: [BackEdge], in graph: borrowing HNSWGraph, keepsReached: Bool, kernel: Kernel,
        vectors: StoredVectors? = nil
    ) {
        var rows: [Range<Int>] = []
        var start = 0
        for i in edges.indices where i + 1 == edges.count || edges[i + 1].row != edges[start].row {
            rows.append(start..<i + 1)
            start = i + 1
        }
        forEach(count: rows.count, isSerial: keepsReached) { worker, i in
            let edge = edges[rows[i].lowerBound]
            graph.saveRow(edge.target, level: edge.level, to: &worker.journal)
            graph.link(
                edges[rows[i]], keepsReached: keepsReached, kernel: kernel, vectors: vectors, scratch: &worker.scratch)
        }
    }

    /// Attaches a new node that nothing reaches; see ``HNSWGraph/attachIfCutOff(_:kernel:scratch:)``.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    package func attachIfCutOff<Kernel: DistanceKernel>(_ node: UInt32, in graph: borrowing HNSWGraph, kernel: Kernel) {
        graph.attachIfCutOff(node, kernel: kernel, scratch: &workers[0].scratch)
    }

    /// Attaches nodes that nothing reaches; see ``HNSWGraph/repair(kernel:scratch:)``.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    package func repair<Kernel: DistanceKernel>(_ graph: borrowing HNSWGraph, kernel: Kernel) {
        // In this order: an edge that is given up for an unfound node can have been the only one to lead somewhere.
        graph.linkUnfound(kernel: kernel, scratch: &workers[0].scratch)
        graph.repair(kernel: kernel, scratch: &workers[0].scratch)
    }

    /// Visits the next `limit` rows of a sweep.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    package func sweep<Kernel: DistanceKernel>(
        _ graph: borrowing HNSWGraph, limit: Int, kernel: Kernel, vectors: StoredVectors? = nil
    ) {
        let rows = graph.takeSweepRows(limit: limit)
        // A condemned node's row stays as it is: others read it.
        forEach(count: rows.count) { worker, i in
            let node = rows.lowerBound + UInt32(i)
            guard graph.needsReach(node) else { return }
            switch graph.relink(node, kernel: kernel, vectors: vectors, scratch: &worker.scratch) {
            case .unchanged: break
            case .relinked: worker.relinkedCount += 1
            case .hasFew:
                worker.relinkedCount += 1
                worker.nodesWithFew.append(node)
            }
        }
        graph.noteRelinked(workers.reduce(0) { $0 + $1.relinkedCount })
        // One by one: they read rows that the others write.
        let nodes = workers.flatMap(\.nodesWithFew).sorted()
        for worker in workers {
            worker.nodesWithFew.removeAll()
            worker.relinkedCount = 0
        }
        for node in nodes {
            graph.findNeighbors(of: node, kernel: kernel, vectors: vectors, scratch: &workers[0].scratch)
        }
    }

    /// Calls `body` for `0..<count`, each index once, on `threadCount` threads.
    private func forEach(count: Int, isSerial: Bool = false, _ body: (Worker, Int) -> Void) {
        guard threadCount > 1, count > 1, !isSerial else {
            for i in 0..<count { body(workers[0], i) }
            return
        }
        // A few indices at a time: the counter is touched rarely, and no thread is left with much at the end.
        let step = max(1, min(16, count / (threadCount * 4)))
        let next = Atomic(0)
        withoutActuallyEscaping(body) { body in
            // SAFETY: every worker and every index is used by one thread, and the call ends before this one does.
            nonisolated(unsafe) let body = body
            nonisolated(unsafe) let workers = workers
            DispatchQueue.concurrentPerform(iterations: threadCount) { thread in
                while true {
                    let first = next.add(step, ordering: .relaxed).oldValue
                    guard first < count else { return }
                    for i in first..<min(first + step, count) { body(workers[thread], i) }
                }
            }
        }
    }
}
