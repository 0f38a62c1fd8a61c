// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// The order in which one call's nodes are linked, and how many at a time.
///
/// Nodes that are planned together do not see each other. Two rules keep this from costing recall where data arrives in clusters.
/// The order is permuted by hash. Few nodes are planned together while little of the call is linked (the prefix doubling of
/// ParlayANN, Manohar et al. 2024). The schedule depends on nothing but the graph and the call.
struct BatchSchedule {
    private let nodes: [Node]
    private var linkedCount = 0

    /// Nodes that are linked last. Until then they can serve as queries to the graph. A part ends where they begin.
    private let heldOutCount: Int

    init(_ nodes: [Node], seed: UInt64) {
        let hashed = nodes.map { (hash: Hashing.mix(~seed, UInt64($0.rawValue)), node: $0) }
        heldOutCount = min(1000, nodes.count / 10)
        self.nodes = hashed.sorted { ($0.hash, $0.node) < ($1.hash, $1.node) }.map(\.node)
    }

    /// The nodes held out, once all others are linked and none of them is; else nil.
    var heldOut: ArraySlice<Node>? {
        heldOutCount > 0 && linkedCount == nodes.count - heldOutCount ? nodes.suffix(heldOutCount) : nil
    }

    /// The nodes to plan together next, nil at the end: at most 2 % of the graph and 10 % of what this call has linked.
    /// A node above the top level comes alone.
    mutating func next(in graph: HNSWGraph) -> ArraySlice<Node>? {
        guard linkedCount < nodes.count else { return nil }
        let limit = max(1, min(graph.nodeCount / 50, linkedCount / 10))
        let boundary = nodes.count - heldOutCount
        let stop = linkedCount < boundary ? boundary : nodes.count
        let remaining = nodes[linkedCount..<stop].prefix(limit)
        let isAlone = { (node: Node) in
            graph.entryPoint == nil || graph.level(of: node) > graph.topLevel
        }
        var end = remaining.startIndex
        while end < remaining.endIndex, !isAlone(nodes[end]) { end += 1 }
        if end == remaining.startIndex { end += 1 }
        linkedCount = end
        return nodes[remaining.startIndex..<end]
    }
}
