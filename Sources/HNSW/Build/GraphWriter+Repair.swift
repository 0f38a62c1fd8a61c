// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

// Pruning can take the last edge that leads to a node. Every search on level 0 starts at a node that the entry point reaches. A
// node that level 0 does not reach from there would never be found.
extension GraphWriter {
    /// Attaches the nodes that searches do not reach.
    package mutating func repair(by kernel: LinkKernel) { repair(kernel: kernel.rows, scratch: &workers.first.scratch) }

    /// Whether enough nodes were linked since the last repair for another one. A pass over the graph costs a few memory reads a
    /// node. One pass for every 6 % of growth is a small part of the insertions.
    package var isRepairDue: Bool { ledger.linkedSinceRepair * 16 > graph.nodeCount }

    /// Whether a neighbor of a node links back to it.
    func hasIncomingEdge(_ node: Node) -> Bool {
        let layer = graph.layer(0)
        let row = layer.row(node)
        return (0..<layer.count(row)).contains { !isUnlinking(row[$0]) && layer.contains(node, in: row[$0]) }
    }

    /// How many of the nearest nodes are asked for a free place, before the nearest gives up an edge. When all `efConstruction`
    /// nodes were asked, 20 far clusters that arrived one after the other lost a tenth of their nodes.
    private static var nearHosts: Int { 4 }

    /// Gives an edge to each node that no neighbor links back to, from the nearest node that level 0 reaches.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    func attachCutOff<Kernel: DistanceKernel>(
        _ nodes: ArraySlice<Node>, kernel: Kernel, scratch: inout SearchScratch
    ) {
        for node in nodes {
            guard let entryPoint = graph.entryPoint, node != entryPoint, !hasIncomingEdge(node) else {
                continue
            }
            attach(node, start: entryPoint, kernel: kernel, scratch: &scratch)
        }
    }

    /// Keeps the older nodes within reach that a full row on level 0 has dropped. A neighbor that the row keeps must lead to each.
    /// If none does, one of them gets an edge. `scratch` holds the candidates for the row and those selected.
    func keepDroppedReached<Kernel: DistanceKernel>(
        except edges: ArraySlice<BackEdge>, kernel: Kernel, scratch: inout SearchScratch
    ) {
        guard let entryPoint = graph.entryPoint else { return }
        let layer = graph.layer(0)
        let (candidates, selected) = (scratch.candidates, scratch.selected)
        for candidate in candidates where !selected.contains(candidate) {
            let node = candidate.node
            if edges.contains(where: { $0.source.node == node }) || node == entryPoint || isUnlinking(node) { continue }
            if selected.contains(where: { layer.contains(node, in: $0.node) }) { continue }
            if selected.contains(where: { appendSaving(node, to: $0.node, undoLog: &scratch.undoLog) }) { continue }
            attach(node, start: entryPoint, kernel: kernel, scratch: &scratch)
        }
    }

    /// Attaches the nodes that searches do not reach; see ``linkUnfound(kernel:scratch:)`` and ``attachOrphans(kernel:scratch:)``.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    @specialized(where Kernel == BalancedKernel<Float32Kernel>)
    @specialized(where Kernel == BalancedKernel<Float16Kernel>)
    @specialized(where Kernel == BalancedKernel<CodeKernel>)
    private mutating func repair<Kernel: DistanceKernel>(kernel: Kernel, scratch: inout SearchScratch) {
        // In this order: an edge that is given up for an unfound node may have been the only one to another node.
        linkUnfound(kernel: kernel, scratch: &scratch)
        attachOrphans(kernel: kernel, scratch: &scratch)
    }

    /// Attaches the nodes that level 0 does not reach.
    mutating func attachOrphans(by kernel: LinkKernel) {
        func attach(_ kernel: some DistanceKernel) { attachOrphans(kernel: kernel, scratch: &workers.first.scratch) }
        attach(kernel.rows)
    }

    /// Gives an edge to every node that level 0 does not reach from the entry point, from its nearest reached node. Returns how
    /// many such nodes there were.
    @discardableResult
    mutating func attachOrphans<Kernel: DistanceKernel>(kernel: Kernel, scratch: inout SearchScratch) -> Int {
        ledger.linkedSinceRepair = 0
        guard let entryPoint = graph.entryPoint else { return 0 }
        var reached = [Bool](repeating: false, count: graph.slotCount)
        reach(from: entryPoint, reached: &reached)
        var orphanCount = 0
        for node in reachableNodes where !reached[node.index] {
            attach(node, reached: reached, kernel: kernel, scratch: &scratch)
            reach(from: node, reached: &reached)
            orphanCount += 1
        }
        return orphanCount
    }

    /// Makes searches find the nodes of the upper levels, which stand for those around them. If a search from the top does not find
    /// such a node, the nearest node that it does find gets an edge to it. Returns how many such nodes there were.
    ///
    /// It is not enough that edges lead to a node. If data arrives cluster by cluster, a search can end in a cluster that has no
    /// edge to the right one, though others have. This takes a few hops for one in `M` nodes.
    @discardableResult
    func linkUnfound<Kernel: DistanceKernel>(kernel: Kernel, scratch: inout SearchScratch) -> Int {
        guard let entryPoint = graph.entryPoint else { return 0 }
        var unfoundCount = 0
        scratch.view = pendingView
        for node in reachableNodes where graph.level(of: node) > 0 {
            let query = kernel.query(ofRow: node.rawValue, space: scratch.querySpace.elements(kernel.queryLength))
            let end = graph.descend(
                query, from: entryPoint, fromLevel: graph.topLevel, toLevel: 1, kernel: kernel,
                scratch: &scratch)
            if end == node { continue }
            graph.searchLayer(
                query, entryPoint: end, level: 0, ef: min(graph.parameters.efConstruction, Self.probeWidth),
                findsAll: true, kernel: kernel, scratch: &scratch)
            if (0..<scratch.pool.count).contains(where: { scratch.pool[$0].node == node }) { continue }
            unfoundCount += 1
            if !isUnlinking(end) { _ = graph.layer(1).append(node, to: end) }
            link(node, fromNearestIn: &scratch) { !isUnlinking($0) }
        }
        return unfoundCount
    }

    /// Candidates with which a search must find a node.
    private static var probeWidth: Int { 32 }

    /// Nodes that level 0 does not reach from the entry point.
    var unreachedNodes: [Node] {
        var reached = [Bool](repeating: false, count: graph.slotCount)
        if let entryPoint = graph.entryPoint { reach(from: entryPoint, reached: &reached) }
        return reachableNodes.filter { !reached[$0.index] }
    }

    /// Marks what level 0 reaches from a node, without steps through unlinking nodes. Such steps count if the sweep comes from a
    /// file, until it goes on.
    func reach(from start: Node, reached: inout [Bool]) {
        let layer = graph.layer(0)
        let passesUnlinking = ledger.isSweepOfFile
        var open = [start]
        reached[start.index] = true
        while let node = open.popLast() {
            let row = layer.row(node)
            for i in 0..<layer.count(row) where !reached[row[i].index] {
                guard passesUnlinking || !isUnlinking(row[i]) else { continue }
                reached[row[i].index] = true
                open.append(row[i])
            }
        }
    }

    /// Adds an edge to `orphan` from the nearest reached node. If that node has no free place, the orphan is spliced into its last
    /// edge, which then leads through the orphan. So no reached node is lost.
    private func attach<Kernel: DistanceKernel>(
        _ orphan: Node, reached: [Bool], kernel: Kernel, scratch: inout SearchScratch
    ) {
        guard let entryPoint = graph.entryPoint else { return }
        scratch.view = pendingView
        let query = kernel.query(ofRow: orphan.rawValue, space: scratch.querySpace.elements(kernel.queryLength))
        let descended = graph.descend(
            query, from: entryPoint, fromLevel: graph.topLevel, toLevel: 1, kernel: kernel,
            scratch: &scratch)
        // A search from a reached node finds reached nodes, unless it passes through unlinking ones. The upper levels may lead to
        // the orphan itself.
        let start = reached[descended.index] ? descended : entryPoint
        search(query, from: start, kernel: kernel, scratch: &scratch)
        link(orphan, fromNearestIn: &scratch) { reached[$0.index] }
    }

    /// Gives a node that may be out of reach an edge from one of the nearest nodes, if a search does not find it.
    private func attach<Kernel: DistanceKernel>(
        _ orphan: Node, start: Node, kernel: Kernel, scratch: inout SearchScratch
    ) {
        scratch.view = pendingView
        let query = kernel.query(ofRow: orphan.rawValue, space: scratch.querySpace.elements(kernel.queryLength))
        search(query, from: start, kernel: kernel, scratch: &scratch)
        // A search also passes through unlinking nodes, which do not lead to the orphan for long.
        if !isSweeping, (0..<scratch.pool.count).contains(where: { scratch.pool[$0].node == orphan }) { return }
        link(orphan, fromNearestIn: &scratch) { $0 != orphan && !isUnlinking($0) }
    }

    private func search<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, from start: Node, kernel: Kernel, scratch: inout SearchScratch
    ) {
        graph.searchLayer(
            query, entryPoint: start, level: 0, ef: graph.parameters.efConstruction, findsAll: true,
            kernel: kernel, scratch: &scratch)
    }

    /// Adds an edge on level 0 if there is a free place; returns whether it is there now.
    private func appendSaving(_ neighbor: Node, to node: Node, undoLog: inout UndoLog) -> Bool {
        saveRow(node, to: &undoLog)
        return graph.layer(0).append(neighbor, to: node)
    }

    /// Gives a node that the last search of level 0 did not find an edge from one of the nearest that it found.
    ///
    /// - Parameter canHost: whether an edge from a node keeps the orphan within reach.
    private func link(_ orphan: Node, fromNearestIn scratch: inout SearchScratch, canHost: (Node) -> Bool) {
        let layer = graph.layer(0)
        let found = (0..<scratch.pool.count).map { scratch.pool[$0].node }
        // Hosts are near, so that a search for the orphan, or for what it leads to, passes by.
        let hosts = found.filter(canHost).prefix(Self.nearHosts)
        if hosts.contains(where: { appendSaving(orphan, to: $0, undoLog: &scratch.undoLog) }) { return }
        // If none of the nodes found can be a host, the entry point serves as one.
        guard let host = hosts.first ?? graph.entryPoint, host != orphan,
            !appendSaving(orphan, to: host, undoLog: &scratch.undoLog)
        else {
            return
        }
        saveRow(host, to: &scratch.undoLog)
        saveRow(orphan, to: &scratch.undoLog)
        let row = layer.row(host)
        let replaced = row[layer.maximumNeighbors - 1]
        let orphanRow = layer.row(orphan)
        if replaced != orphan, !isUnlinking(replaced), !layer.contains(replaced, in: orphan) {
            orphanRow[min(layer.count(orphanRow), layer.maximumNeighbors - 1)] = replaced
        }
        row[layer.maximumNeighbors - 1] = orphan
    }
}
