// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// An edge that a new node asks an older one to take: `source` with its distance from `target`.
package struct BackEdge: Comparable, Sendable, BitwiseCopyable {
    /// Level and target, so that edges sort by the row they belong to.
    let row: UInt64
    let source: NodeKey

    init(level: Int, target: UInt32, source: NodeKey) {
        row = UInt64(level) << 32 | UInt64(target)
        self.source = source
    }

    var level: Int { Int(row >> 32) }
    var target: UInt32 { UInt32(truncatingIfNeeded: row) }

    package static func < (a: BackEdge, b: BackEdge) -> Bool {
        a.row != b.row ? a.row < b.row : a.source < b.source
    }
}

// INSERT, Algorithm 1, in three steps, so that a batch can share them among threads:
//
//   add    gives slots their levels and empty rows
//   plan   searches the graph for a new node's neighbours, fills its own rows
//   link   adds the edges back from those neighbours, and prunes full rows
//
// A node's own rows are its own until an edge leads to it. Searches go on beside each step.
extension HNSWGraph {
    /// Makes room for `additional` more slots; nothing changes where that fails.
    ///
    /// - Parameter oldestReader: slots given up by then are used again.
    package func ensure(additional: Int, oldestReader: GraphVersion) throws(StorageError) {
        let newCount = newSlotCount(additional: additional, oldestReader: oldestReader)
        var upperRows = upperRowCount
        for index in slotCount..<slotCount + newCount { upperRows += drawLevel(Slot(UInt32(index))) }
        try baseNeighbors.ensure(rows: slotCount + newCount)
        try upperNeighbors.ensure(rows: upperRows)
        try firstUpperRow.ensure(rows: slotCount + newCount)
        try levels.ensure(rows: slotCount + newCount)
        try states.ensure(rows: slotCount + newCount)
        try concealed.ensure(rows: slotCount + newCount)
        try ledger.flags.ensure(rows: slotCount + newCount)
        try ledger.duplicates.ensure(slotCount: slotCount + newCount, additional: additional)
    }

    /// New slots that ``ensure(additional:oldestReader:)`` makes room for.
    package func newSlotCount(additional: Int, oldestReader: GraphVersion) -> Int {
        max(0, additional - ledger.freeSlotCount(upTo: oldestReader))
    }

    /// The slot for the next vector: one that was given up, or a new one.
    package func takeSlot(oldestReader: GraphVersion) -> TakenSlot {
        if let given = ledger.take(upTo: oldestReader) { return TakenSlot(slot: Slot(given.slot), given: given) }
        return TakenSlot(slot: Slot(UInt32(slotCount)), given: nil)
    }

    /// Takes in a slot whose vector is stored. Returns whether it is a node, to be planned and linked; a slot with the same vector
    /// as a node hangs on that node and is done.
    package func add(_ slot: Slot, vectors: VectorMatrix) -> Bool {
        add(slot, vector: vectors.row(slot), count: vectors.stride) { vectors.areEqual($0, slot) }
    }

    /// Takes in a slot; see ``add(_:vectors:)``.
    ///
    /// - Parameters:
    ///   - vector: the `count` floats of the slot's vector.
    ///   - isEqual: whether a slot whose vector has the same hash has the same vector.
    package func add(_ slot: Slot, vector: UnsafePointer<Float>, count: Int, isEqual: (Slot) -> Bool) -> Bool {
        precondition(slot.index <= slotCount)
        let isNew = slot.index == slotCount
        let level = drawLevel(slot)
        if isNew {
            firstUpperRow.base[slot.index] = UInt32(upperRowCount)
            upperRowCount += level
            levels.base[slot.index] = UInt8(level)
        }
        for each in 0...level { layer(each).clear(layer(each).row(slot.rawValue)) }
        states.setNext(nil, of: slot.rawValue)
        states.setLifetime(Lifetime(born: version.next.short, died: Lifetime.notDied), of: slot.rawValue)
        concealed.insert(slot.rawValue)
        if isNew { slotCount += 1 }
        let hash = Hashing.hash(vector, count: count)
        if let node = ledger.duplicates.node(hash: hash), isEqual(Slot(node)) {
            addDuplicate(slot, of: node)
            return false
        }
        ledger.duplicates.addNode(slot.rawValue, hash: hash)
        ledger.flags.base[slot.index] = []
        ledger.pendingNodes.append(slot.rawValue)
        return true
    }

    private func addDuplicate(_ slot: Slot, of node: UInt32) {
        let flags = ledger.flags.base
        flags[slot.index] = .duplicate
        let before = ledger.duplicates.addDuplicate(
            slot.rawValue, of: node, nodeIsLive: !flags[Int(node)].contains(.removed))
        states.setNext(slot.rawValue, of: before)
        ledger.pendingNodes.append(node)
        if flags[Int(node)].contains(.removed) { ledger.vacated?.insert(node) }
        if flags[Int(node)].contains(.dead) {
            flags[Int(node)].remove(.dead)
            ledger.deadNodeCount -= 1
        }
    }

    /// Chooses the neighbours of an added node, fills the node's own rows, and appends the edges back to it.
    ///
    /// - Parameter vectors: what the kernel's rows stand for; nil if they are the vectors.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    package func plan<Kernel: DistanceKernel>(
        _ node: UInt32, kernel: Kernel, vectors: StoredVectors?, scratch: inout SearchScratch,
        backEdges: inout [BackEdge]
    ) {
        scratch.view = pendingView
        guard let entryPoint = scratch.view.entryPoint else { return }
        let topLevel = scratch.view.topLevel
        let query = query(of: node, kernel: kernel, vectors: vectors, scratch: scratch)
        let level = level(of: node)
        var nearest = descend(
            query, from: entryPoint, fromLevel: topLevel, toLevel: level + 1, kernel: kernel, scratch: &scratch)
        for level in stride(from: min(level, topLevel), through: 0, by: -1) {
            nearest = nearestOutpost(to: query, than: nearest, level: level, kernel: kernel, scratch: &scratch)
            findCandidates(query, from: nearest, level: level, kernel: kernel, scratch: &scratch)
            guard scratch.pool.count > 0 else { return }
            nearest = scratch.pool[0].slot
            if let vectors, !areOrdered(from: query, kernel: kernel, scratch: scratch) {
                let stored = scratch.storedKernel(vectors)
                if let balance = kernel.balance {
                    let balanced = BalancedKernel(stored, balance: balance, vectors: vectors)
                    plan(node, level: level, from: nearest, kernel: balanced, vectors: vectors, scratch: &scratch)
                } else {
                    plan(node, level: level, from: nearest, kernel: stored, vectors: vectors, scratch: &scratch)
                }
                nearest = scratch.pool[0].slot
                noteIfKept(node, query: query, level: level, kernel: kernel, scratch: &scratch)
            } else {
                if vectors != nil { noteIfKept(node, query: query, level: level, kernel: kernel, scratch: &scratch) }
                selectNeighbors(limit: parameters.m, kernel: kernel, scratch: &scratch)
            }
            layer(level).write(scratch.selected, to: node)
            if level == 0, isOutpost(kernel: kernel, scratch: &scratch) { scratch.outposts.append(node) }
            for neighbor in scratch.selected {
                let source = NodeKey(distance: neighbor.distance, slot: node)
                backEdges.append(BackEdge(level: level, target: neighbor.slot, source: source))
            }
        }
    }

    /// Chooses the neighbours of a node on one level by its vector.
    ///
    /// - Parameter kernel: a kernel of the vectors as they are stored.
    private func plan<Kernel: DistanceKernel>(
        _ node: UInt32, level: Int, from start: UInt32, kernel: Kernel, vectors: StoredVectors,
        scratch: inout SearchScratch
    ) {
        vectors.withNewest(node, space: scratch.vectorSpace.elements(vectors.stride)) { vector in
            let query = kernel.query(of: vector, space: scratch.candidateSpace.elements(kernel.queryLength))
            findCandidates(query, from: start, level: level, kernel: kernel, scratch: &scratch)
        }
        selectNeighbors(limit: parameters.m, kernel: kernel, scratch: &scratch)
    }

    private func noteIfKept<Kernel: DistanceKernel>(
        _ node: UInt32, query: UnsafePointer<Kernel.Element>, level: Int, kernel: Kernel, scratch: inout SearchScratch
    ) {
        guard level == 0 else { return }
        let count = indistinctCount(from: query, kernel: kernel, scratch: scratch)
        guard count > 0 else { return }
        scratch.indistinct.append(node)
        for i in 0..<count { scratch.indistinct.append(scratch.candidates[i].slot) }
    }

    /// The query that asks for what is near a node: by its vector, where the kernel's rows only stand for it.
    func query<Kernel: DistanceKernel>(
        of node: UInt32, kernel: Kernel, vectors: StoredVectors?, scratch: borrowing SearchScratch
    ) -> UnsafePointer<Kernel.Element> {
        let space: UnsafeMutablePointer<Kernel.Element> = scratch.querySpace.elements(kernel.queryLength)
        guard let vectors else { return kernel.query(ofRow: node, space: space) }
        return vectors.withNewest(node, space: scratch.vectorSpace.elements(vectors.stride)) {
            kernel.query(of: $0, space: space)
        }
    }

    /// Leaves the nodes of a level in `scratch.candidates` that may become neighbors, sorted.
    private func findCandidates<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, from start: UInt32, level: Int, kernel: Kernel,
        scratch: inout SearchScratch
    ) {
        searchLayer(
            query, entryPoint: start, level: level, ef: parameters.efConstruction, countsDead: true, kernel: kernel,
            scratch: &scratch)
        scratch.candidates.removeAll(keepingCapacity: true)
        for i in 0..<scratch.pool.count where !isCondemned(scratch.pool[i].slot) {
            scratch.candidates.append(scratch.pool[i].unflagged)
        }
    }

    /// Whether a node lies farther from the nearest of the neighbours just selected for it than most neighbours of that one do.
    private func isOutpost<Kernel: DistanceKernel>(kernel: Kernel, scratch: inout SearchScratch) -> Bool {
        guard let nearest = scratch.selected.first else { return false }
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        let count = layer(0).copy(nearest.slot, to: slots)
        // A few of its neighbours may be on other islands.
        guard count >= 4 else { return false }
        let query = kernel.query(ofRow: nearest.slot, space: scratch.candidateSpace.elements(kernel.queryLength))
        kernel.gather(query, slots: slots, count: count, into: distances)
        scratch.distanceCount &+= count
        return (0..<count).count { distances[$0] < nearest.distance } * 4 >= 3 * count
    }

    /// The nearest of the outposts on a level, if one is nearer than `start`, else that.
    ///
    /// The second vector of a new island would not find the first: a search ends among the nearest of the older islands, and
    /// none of them need lead on.
    private func nearestOutpost<Kernel: DistanceKernel>(
        to query: UnsafePointer<Kernel.Element>, than start: UInt32, level: Int, kernel: Kernel,
        scratch: inout SearchScratch
    ) -> UInt32 {
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        slots[0] = start
        var count = 1
        for outpost in ledger.outposts where self.level(of: outpost) >= level && count < scratch.hopSlots.capacity {
            slots[count] = outpost
            count += 1
        }
        guard count > 1 else { return start }
        kernel.gather(query, slots: slots, count: count, into: distances)
        scratch.distanceCount &+= count
        return slots[(1..<count).reduce(0) { distances[$1] < distances[$0] ? $1 : $0 }]
    }

    /// Notes nodes that lie far from all others, for the insertions to come.
    func addOutposts(_ nodes: [UInt32]) {
        for node in nodes { ledger.addOutpost(node) }
    }

    /// Adds edges, which are sorted and all of one row, to their target's neighbours; a row with more than it may have is
    /// chosen anew among the old and the new.
    ///
    /// - Parameters:
    ///   - keepsReached: sees that nodes which the row drops are still reached. It writes other rows too, so no other thread may
    ///     link.
    ///   - vectors: what the kernel's rows stand for; nil if they are the vectors.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    package func link<Kernel: DistanceKernel>(
        _ edges: ArraySlice<BackEdge>, keepsReached: Bool, kernel: Kernel, vectors: StoredVectors?,
        scratch: inout SearchScratch
    ) {
        let target = edges[edges.startIndex].target
        let level = edges[edges.startIndex].level
        let layer = layer(level)
        let row = layer.row(target)
        let slots = scratch.hopSlots.base
        let count = layer.copy(target, to: slots)
        guard count + edges.count > layer.maximumNeighbors else {
            for (i, edge) in edges.enumerated() { row[count + i] = edge.source.slot }
            return
        }
        let query = kernel.query(ofRow: target, space: scratch.querySpace.elements(kernel.queryLength))
        scratch.candidates.removeAll(keepingCapacity: true)
        for i in 0..<count where !isCondemned(slots[i]) {
            scratch.candidates.append(NodeKey(distance: 0, slot: slots[i]))
        }
        if vectors == nil {
            measureCandidates(from: query, kernel: kernel, scratch: &scratch)
            for edge in edges { scratch.candidates.append(edge.source) }
            scratch.candidates.sort()
        } else {
            // By codes all from the target's row: estimates from a row are off otherwise than those from a vector.
            for edge in edges { scratch.candidates.append(edge.source) }
            measureCandidates(from: query, kernel: kernel, scratch: &scratch)
        }
        selectNeighbors(
            of: target, query: query, limit: layer.maximumNeighbors, kernel: kernel, vectors: vectors,
            scratch: &scratch)
        layer.write(scratch.selected, to: target)
        if keepsReached, level == 0 {
            keepDroppedReached(except: edges, kernel: kernel, scratch: &scratch)
        }
    }

    /// Counts nodes that are linked now, and makes one that lies above the top level the entry point.
    package func finishLinking(_ nodes: ArraySlice<UInt32>) {
        nodeCount += nodes.count
        ledger.linkedSinceRepair += nodes.count
        for node in nodes where entryPoint == nil || level(of: node) > topLevel {
            // What the old entry point reached, the new one need not reach.
            ledger.linkedSinceRepair = nodeCount
            setEntryPoint(Slot(node), level: level(of: node))
        }
    }
}

/// A slot for a vector, and what must be known to put it back.
package struct TakenSlot {
    package let slot: Slot
    let given: GivenSlot?
}

extension Layer {
    /// Replaces a node's neighbours.
    func write(_ neighbors: [NodeKey], to node: UInt32) {
        let row = row(node)
        for (i, neighbor) in neighbors.enumerated() { row[i] = neighbor.slot }
        endRow(row, count: neighbors.count)
    }

    /// Whether a node has an edge to another.
    func contains(_ neighbor: UInt32, in node: UInt32) -> Bool {
        let row = row(node)
        return (0..<count(row)).contains { row[$0] == neighbor }
    }

    /// Adds an edge if there is a free place; returns whether the row holds it now.
    func append(_ neighbor: UInt32, to node: UInt32) -> Bool {
        if contains(neighbor, in: node) { return true }
        let row = row(node)
        let count = count(row)
        guard count < maximumNeighbors else { return false }
        row[count] = neighbor
        return true
    }
}
