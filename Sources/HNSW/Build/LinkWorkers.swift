// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// A thread's memory while it plans and links.
final class LinkWorker {
    var scratch: SearchScratch
    var backEdges: [BackEdge] = []

    /// Nodes that a sweep has left with few neighbors.
    var nodesWithFew: [Node] = []

    init(parameters: HNSWParameters) { scratch = SearchScratch(parameters: parameters) }
}

/// The threads that plan and link a batch, each with scratch memory of its own. What they build does not depend on how
/// many there are.
final class LinkWorkers {
    private let parameters: HNSWParameters
    private var workers: [LinkWorker] = []

    /// The threads that work now, at least 1.
    private var threadCount = 1

    init(parameters: HNSWParameters) {
        self.parameters = parameters
        use(threads: 1)
    }

    /// Sets how many threads work from now on. Workers are kept: a new one allocates and clears memory for every node of the graph.
    func use(threads: Int) {
        precondition(threads > 0)
        while workers.count < threads { workers.append(LinkWorker(parameters: parameters)) }
        threadCount = threads
    }

    /// The worker for what one thread does alone.
    var first: LinkWorker { workers[0] }

    /// Puts back every row that linking has changed.
    func restoreRows(of graph: HNSWGraph) {
        for worker in workers { worker.scratch.undoLog.restore(to: graph) }
    }

    /// Forgets the rows that were saved.
    func clearUndoLogs() {
        for worker in workers { worker.scratch.undoLog.removeAll() }
    }

    /// Releases stored vectors that may be replaced.
    func releaseStored() {
        for worker in workers { worker.scratch.releaseStored() }
    }

    /// Back edges of the nodes planned last, in canonical order.
    func takeBackEdges() -> [BackEdge] {
        var edges: [BackEdge] = []
        edges.reserveCapacity(workers.reduce(0) { $0 + $1.backEdges.count })
        for worker in workers {
            edges.append(contentsOf: worker.backEdges)
            worker.backEdges.removeAll(keepingCapacity: true)
        }
        edges.sort()
        return edges
    }

    /// Outliers among the nodes planned last, ascending.
    func takeOutliers() -> [Node] {
        defer { for worker in workers { worker.scratch.outliers.removeAll() } }
        return workers.flatMap { $0.scratch.outliers }.sorted()
    }

    /// Nodes planned last, and neighbors of them, that codes cannot tell from one another; ascending.
    func takeIndistinct() -> [Node] {
        defer { for worker in workers { worker.scratch.indistinct.removeAll() } }
        return Set(workers.flatMap { $0.scratch.indistinct }).sorted()
    }

    /// Nodes that a sweep has left with few neighbors, ascending.
    func takeNodesWithFew() -> [Node] {
        defer { for worker in workers { worker.nodesWithFew.removeAll() } }
        return workers.flatMap(\.nodesWithFew).sorted()
    }

    /// Calls `body` for `0..<count`, each index once, on `threadCount` threads.
    func forEach(count: Int, isSerial: Bool = false, _ body: (LinkWorker, Int) -> Void) {
        // A few indices at a time: no thread is left with much at the end.
        let step = max(1, min(16, count / (threadCount * 4)))
        Parallel.forEachPart(of: count, size: step, threads: isSerial ? 1 : threadCount) { thread, part in
            for i in part { body(workers[thread], i) }
        }
    }
}
