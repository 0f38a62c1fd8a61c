// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// What compares the nodes of a graph while they are linked.
package struct LinkKernel {
    /// Distances between rows.
    let rows: any DistanceKernel

    /// What the rows stand for; nil if they are the vectors.
    let vectors: StoredVectors?

    package init(_ rows: any DistanceKernel, vectors: StoredVectors?) {
        self.rows = rows
        self.vectors = vectors
    }
}

/// Vectors that a change adds, and the graph's state before it.
package struct GraphBatch {
    let savepoint: GraphSavepoint

    /// The slots of the batch's vectors.
    package internal(set) var taken: [TakenSlot] = []

    /// Those of the slots that became nodes, which are to be linked.
    package internal(set) var nodes: [Node] = []
}

/// A slot that was taken for a vector, and what is needed to put it back.
package struct TakenSlot {
    package let slot: Slot
    let retired: RetiredSlot?
}

/// How far an insertion has come.
package enum InsertionStage {
    /// All nodes of the batch are linked but these, which can serve as queries.
    case heldOut(ArraySlice<Node>)

    /// Nodes are planned and not yet linked. `indistinct` names those of them and of their neighbors that codes cannot tell from
    /// one another, ascending.
    case planned(indistinct: [Node])

    /// This many vectors of the batch are linked.
    case linked(Int)
}

// INSERT, Algorithm 1, for a batch, so that any number of threads can share it with the same result:
//
//   add    gives slots their levels and empty rows
//   plan   searches the graph for a new node's neighbors, fills its own rows
//   link   adds the edges back from those neighbors, and prunes full rows
//   attach gives a node that nothing reaches an edge
//
// No search reads a node's rows before an edge leads to it. Searches go on during each step.
extension GraphWriter {
    /// Begins a batch.
    package func beginBatch() -> GraphBatch { GraphBatch(savepoint: savepoint()) }

    /// Makes room for `additional` more slots. If that fails, nothing changes.
    ///
    /// - Parameter oldestReader: the oldest version that is read. Slots retired by then are reused.
    package mutating func ensure(additional: Int, oldestReader: GraphVersion) throws(StorageError) {
        let slotCount = graph.slotCount + newSlotCount(additional: additional, oldestReader: oldestReader)
        try graph.ensure(slotCount: slotCount)
        try ledger.flags.ensure(rows: slotCount)
        try ledger.duplicates.ensure(slotCount: slotCount, additional: additional)
    }

    /// New slots that ``ensure(additional:oldestReader:)`` makes room for.
    package func newSlotCount(additional: Int, oldestReader: GraphVersion) -> Int {
        max(0, additional - ledger.freeSlotCount(upTo: oldestReader))
    }

    /// The slot for a batch's next vector: a free one, or a new one. Call ``add(_:to:vector:count:isEqual:)`` next.
    package mutating func takeSlot(for batch: inout GraphBatch, oldestReader: GraphVersion) -> Slot {
        let retired = ledger.take(upTo: oldestReader)
        let slot = retired?.slot ?? Slot(index: graph.slotCount)
        batch.taken.append(TakenSlot(slot: slot, retired: retired))
        return slot
    }

    /// Adds a slot whose vector is stored. If a node has the same vector, the slot becomes its duplicate. Otherwise it becomes a
    /// node, which is to be linked.
    ///
    /// - Parameters:
    ///   - vector: the `count` floats of the slot's vector.
    ///   - isEqual: whether a slot whose vector has the same hash has the same vector.
    package mutating func add(
        _ slot: Slot, to batch: inout GraphBatch, vector: UnsafePointer<Float>, count: Int, isEqual: (Slot) -> Bool
    ) {
        graph.clear(slot, born: nextVersion)
        let hash = Hashing.hash(vector, count: count)
        if let node = ledger.duplicates.node(hash: hash), isEqual(node.slot) {
            addDuplicate(slot, of: node)
            return
        }
        ledger.duplicates.addNode(Node(slot), hash: hash)
        ledger.flags.base[slot.row] = []
        ledger.pendingNodes.append(Node(slot))
        batch.nodes.append(Node(slot))
    }

    private mutating func addDuplicate(_ slot: Slot, of node: Node) {
        let flags = ledger.flags.base
        flags[slot.row] = .duplicate
        let before = ledger.duplicates.addDuplicate(
            slot, of: node, nodeIsLive: !flags[node.index].contains(.removed))
        graph.states.setNext(slot, of: before)
        ledger.pendingNodes.append(node)
        if flags[node.index].contains(.removed) { ledger.vacated?.insert(node) }
        if flags[node.index].contains(.tombstone) {
            flags[node.index].remove(.tombstone)
            ledger.tombstoneCount -= 1
        }
    }

    /// Links a batch's nodes. The graph is the same for any number of threads.
    ///
    /// - Parameter onStage: called on the calling thread. If it throws, the insertion ends and the batch must be rolled back.
    package mutating func insert(
        _ batch: GraphBatch, by kernel: LinkKernel, threads: Int,
        onStage: (borrowing GraphWriter, InsertionStage) throws(CancellationError) -> Void
    ) throws(CancellationError) {
        try link(batch, by: kernel, threads: threads, onStage: onStage)
        if !isSmall(batch) || isRepairDue { repair(by: kernel) }
    }

    /// Links a batch's nodes, without a repair of the whole graph.
    mutating func link(
        _ batch: GraphBatch, by kernel: LinkKernel, threads: Int,
        onStage: (borrowing GraphWriter, InsertionStage) throws(CancellationError) -> Void
    ) throws(CancellationError) {
        workers.use(threads: threads)
        beginUndoLog(newNodes: batch.nodes)
        var schedule = BatchSchedule(batch.nodes, seed: graph.parameters.seed)
        let keepsReached = isSmall(batch)
        let isCancelledAmid = batch.nodes.count > 1
        var linkedCount = batch.taken.count - batch.nodes.count
        // A batch of one keeps no undo log: it can be cancelled only here.
        if !isCancelledAmid { try onStage(self, .linked(batch.taken.count)) }
        while true {
            if let heldOut = schedule.heldOut { try onStage(self, .heldOut(heldOut)) }
            guard let part = schedule.next(in: graph) else { break }
            let plan = plan(part, kernel: kernel.rows, vectors: kernel.vectors)
            try onStage(self, .planned(indistinct: plan.indistinct))
            link(plan.edges, keepsReached: keepsReached, kernel: kernel.rows, vectors: kernel.vectors)
            finishLinking(part)
            attachCutOff(part, kernel: kernel.rows, scratch: &workers.first.scratch)
            linkedCount += part.count
            if isCancelledAmid { try onStage(self, .linked(linkedCount)) }
        }
        endUndoLog()
    }

    /// Whether a batch is small. Each node that its edges displace is then kept within reach at once. A batch that is not small
    /// ends with a repair of the whole graph.
    private func isSmall(_ batch: GraphBatch) -> Bool {
        batch.nodes.count * 16 < batch.savepoint.nodeCount || batch.nodes.count == 1
    }

    /// Plans nodes. Returns their back edges in canonical order.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    private mutating func plan<Kernel: DistanceKernel>(
        _ nodes: ArraySlice<Node>, kernel: Kernel, vectors: StoredVectors?
    ) -> (edges: [BackEdge], indistinct: [Node]) {
        workers.forEach(count: nodes.count) { worker, i in
            plan(
                nodes[nodes.startIndex + i], kernel: kernel, vectors: vectors, scratch: &worker.scratch,
                backEdges: &worker.backEdges)
        }
        for outlier in workers.takeOutliers() { ledger.addOutlier(outlier) }
        return (workers.takeBackEdges(), workers.takeIndistinct())
    }

    /// Links edges in canonical order. One worker links the edges of a row.
    ///
    /// - Parameter keepsReached: see ``link(_:keepsReached:kernel:vectors:scratch:)``. If so, one worker links all rows.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    private func link<Kernel: DistanceKernel>(
        _ edges: [BackEdge], keepsReached: Bool, kernel: Kernel, vectors: StoredVectors?
    ) {
        var rows: [Range<Int>] = []
        var start = 0
        for i in edges.indices where i + 1 == edges.count || edges[i + 1].row != edges[start].row {
            rows.append(start..<i + 1)
            start = i + 1
        }
        workers.forEach(count: rows.count, isSerial: keepsReached) { worker, i in
            link(edges[rows[i]], keepsReached: keepsReached, kernel: kernel, vectors: vectors, scratch: &worker.scratch)
        }
    }

    /// Counts nodes that are now linked. A node above the top level becomes the entry point.
    mutating func finishLinking(_ nodes: ArraySlice<Node>) {
        graph.nodeCount += nodes.count
        ledger.linkedSinceRepair += nodes.count
        for node in nodes where graph.entryPoint == nil || graph.level(of: node) > graph.topLevel {
            // The new entry point need not reach what the old one reached.
            ledger.linkedSinceRepair = graph.nodeCount
            graph.setEntryPoint(node, level: graph.level(of: node))
        }
    }
}
