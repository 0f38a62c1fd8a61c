// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// An edge that a new node asks an older one to take: `source` with its distance from `target`.
struct BackEdge: Comparable, Sendable, BitwiseCopyable {
    /// Level and target, so that edges sort by the row they belong to.
    let row: UInt64
    let source: NodeKey

    init(level: Int, target: Node, source: NodeKey) {
        row = UInt64(level) << 32 | UInt64(target.rawValue)
        self.source = source
    }

    var level: Int { Int(row >> 32) }
    var target: Node { Node(rawValue: UInt32(truncatingIfNeeded: row)) }

    static func < (a: BackEdge, b: BackEdge) -> Bool {
        a.row != b.row ? a.row < b.row : a.source < b.source
    }
}

extension GraphWriter {
    /// Adds edges to their target's neighbors. The edges are sorted and all of one row. If the row would hold too many, its
    /// neighbors are chosen anew among the old and the new ones.
    ///
    /// - Parameters:
    ///   - keepsReached: whether nodes that the row drops are kept within reach. This writes other rows too, so no other thread may
    ///     link.
    ///   - vectors: what the kernel's rows stand for; nil if they are the vectors.
    func link<Kernel: DistanceKernel>(
        _ edges: ArraySlice<BackEdge>, keepsReached: Bool, kernel: Kernel, vectors: StoredVectors?,
        scratch: inout SearchScratch
    ) {
        let target = edges[edges.startIndex].target
        let level = edges[edges.startIndex].level
        let layer = graph.layer(level)
        let row = layer.row(target)
        saveRow(target, level: level, to: &scratch.undoLog)
        let slots = scratch.hopSlots.base
        let count = layer.copy(target, to: slots)
        guard count + edges.count > layer.maximumNeighbors else {
            for (i, edge) in edges.enumerated() { row[count + i] = edge.source.node }
            return
        }
        let query = kernel.query(ofRow: target.rawValue, space: scratch.querySpace.elements(kernel.queryLength))
        scratch.candidates.removeAll(keepingCapacity: true)
        for i in 0..<count {
            let node = Node(rawValue: slots[i])
            if !isUnlinking(node) { scratch.candidates.append(NodeKey(distance: 0, node: node)) }
        }
        if vectors == nil {
            graph.measureCandidates(from: query, kernel: kernel, scratch: &scratch)
            for edge in edges { scratch.candidates.append(edge.source) }
            scratch.candidates.sort()
        } else {
            // With codes, all are measured from the target's row: estimates from a row and from a vector are off by different
            // amounts.
            for edge in edges { scratch.candidates.append(edge.source) }
            graph.measureCandidates(from: query, kernel: kernel, scratch: &scratch)
        }
        graph.selectNeighbors(
            of: target, query: query, limit: layer.maximumNeighbors, kernel: kernel, vectors: vectors,
            scratch: &scratch)
        layer.write(scratch.selected, to: target)
        if keepsReached, level == 0 {
            keepDroppedReached(except: edges, kernel: kernel, scratch: &scratch)
        }
    }
}
