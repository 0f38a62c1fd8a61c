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

// INSERT, Algorithm 1, in three steps, so that a batch can share them among threads and readers wait only for the third:
//
//   add    gives new slots their levels and empty rows                                (a writer, readers excluded)
//   plan   searches the graph for a new node's neighbours, fills its own rows         (readers and other plans alongside)
//   link   adds the edges back from those neighbours, and prunes full rows            (a writer, readers excluded)
//
// A node's own rows can be written while others read the graph because no edge leads to it yet.
extension HNSWGraph {
    /// Makes room for slots `slotCount..<slotCount + additional`; nothing changes where that fails.
    package mutating func ensure(additional: Int) throws(StorageError) {
        var upperRows = upperRowCount
        for index in slotCount..<slotCount + additional { upperRows += drawLevel(Slot(UInt32(index))) }
        try baseNeighbors.ensure(rows: slotCount + additional)
        try upperNeighbors.ensure(rows: upperRows)
        try firstUpperRow.ensure(rows: slotCount + additional)
        try levels.ensure(rows: slotCount + additional)
        try flags.ensure(rows: slotCount + additional)
    }

    /// Takes in the next slot, for which ``ensure(additional:)`` has made room. Returns whether it is a node, to be planned
    /// and linked; a slot with the same vector as a node hangs on that node and is done.
    package mutating func add(_ slot: Slot, vectors: VectorMatrix) -> Bool {
        precondition(slot.index == slotCount)
        slotCount += 1
        let hash = Hashing.hash(vectors.row(slot), count: vectors.stride)
        if let node = duplicates.node(hash: hash), vectors.areEqual(Slot(node), slot) {
            addDuplicate(slot, of: node)
            return false
        }
        duplicates.addNode(slot.rawValue, hash: hash)
        let level = drawLevel(slot)
        levels.base[slot.index] = UInt8(level)
        flags.base[slot.index] = []
        firstUpperRow.base[slot.index] = UInt32(upperRowCount)
        upperRowCount += level
        for each in 0...level { layer(each).row(slot.rawValue)[0] = Self.endOfRow }
        return true
    }

    private mutating func addDuplicate(_ slot: Slot, of node: UInt32) {
        levels.base[slot.index] = 0
        flags.base[slot.index] = .duplicate
        let nodeFlags = flags.base[Int(node)]
        duplicates.addDuplicate(slot.rawValue, of: node, nodeIsLive: !nodeFlags.contains(.removed))
        flags.base[Int(node)].insert(.hasDuplicates)
        if nodeFlags.contains(.dead) {
            flags.base[Int(node)].remove(.dead)
            deadNodeCount -= 1
        }
    }

    /// Chooses the neighbours of an added node, fills the node's own rows, and appends the edges back to it.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == CodeKernel)
    package func plan<Kernel: DistanceKernel>(
        _ node: UInt32, kernel: Kernel, scratch: inout SearchScratch, backEdges: inout [BackEdge]
    ) {
        guard let entryPoint else { return }
        let query = kernel.row(node)
        let level = level(of: node)
        var nearest = descend(
            query, from: entryPoint.rawValue, fromLevel: topLevel, toLevel: level + 1, kernel: kernel, scratch: &scratch
        )
        for level in stride(from: min(level, topLevel), through: 0, by: -1) {
            searchLayer(
                query, entryPoint: nearest, level: level, ef: parameters.efConstruction, countsDead: true,
                kernel: kernel,
                scratch: &scratch)
            nearest = scratch.pool[0].slot
            scratch.candidates.removeAll(keepingCapacity: true)
            for i in 0..<scratch.pool.count { scratch.candidates.append(scratch.pool[i].unflagged) }
            selectNeighbors(limit: parameters.m, kernel: kernel, scratch: &scratch)
            layer(level).write(scratch.selected, to: node)
            for neighbor in scratch.selected {
                let source = NodeKey(distance: neighbor.distance, slot: node)
                backEdges.append(BackEdge(level: level, target: neighbor.slot, source: source))
            }
        }
    }

    /// Adds edges, which are sorted and all of one row, to their target's neighbours; a row with more than it may have is
    /// chosen anew among the old and the new.
    ///
    /// - Parameter keepsReached: sees that nodes which the row drops are still reached. It writes other rows too, so no
    ///   other thread may link.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == CodeKernel)
    package func link<Kernel: DistanceKernel>(
        _ edges: ArraySlice<BackEdge>, keepsReached: Bool, kernel: Kernel, scratch: inout SearchScratch
    ) {
        let target = edges[edges.startIndex].target
        let level = edges[edges.startIndex].level
        let layer = layer(level)
        let row = layer.row(target)
        let count = layer.count(row)
        guard count + edges.count > layer.maximumNeighbors else {
            for (i, edge) in edges.enumerated() { row[count + i] = edge.source.slot }
            layer.endRow(row, count: count + edges.count)
            return
        }
        let distances = scratch.hopDistances.base
        kernel.gather(kernel.row(target), slots: row, count: count, into: distances)
        scratch.distanceCount &+= count
        scratch.candidates.removeAll(keepingCapacity: true)
        for i in 0..<count { scratch.candidates.append(NodeKey(distance: distances[i], slot: row[i])) }
        for edge in edges { scratch.candidates.append(edge.source) }
        scratch.candidates.sort()
        selectNeighbors(limit: layer.maximumNeighbors, kernel: kernel, scratch: &scratch)
        layer.write(scratch.selected, to: target)
        if keepsReached, level == 0 {
            keepDroppedReached(except: edges[edges.startIndex].source.slot, kernel: kernel, scratch: &scratch)
        }
    }

    /// Counts nodes that are linked now, and makes one that lies above the top level the entry point.
    package mutating func finishLinking(_ nodes: ArraySlice<UInt32>) {
        nodeCount += nodes.count
        linkedSinceRepair += nodes.count
        for node in nodes where entryPoint == nil || level(of: node) > topLevel {
            // What the old entry point reached, the new one need not reach.
            linkedSinceRepair = nodeCount
            entryPoint = Slot(node)
            topLevel = level(of: node)
        }
    }
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
        endRow(row, count: count + 1)
        return true
    }

    func endRow(_ row: UnsafeMutablePointer<UInt32>, count: Int) {
        if count < maximumNeighbors { row[count] = HNSWGraph.endOfRow }
    }
}
