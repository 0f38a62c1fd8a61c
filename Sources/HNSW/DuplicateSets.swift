// SPDX-License-Identifier: Apache-2.0

/// Which slots hold equal vectors. They share one node: linked one by one, equal vectors fill each other's rows and cut
/// themselves and others off. Searches follow the chain of a node's members in ``NodeStates``; this is the writer's side of it.
struct DuplicateSets {
    private struct Members {
        /// The end of the chain.
        var last: UInt32
        var liveCount: Int
    }

    /// The first node with a vector of that hash. A node whose hash is taken by a different vector is not found here, and
    /// its duplicates become nodes: right, only slower.
    private var nodeByHash: [UInt64: UInt32] = [:]

    /// The members of each node that has duplicates.
    private var membersByNode: [UInt32: Members] = [:]

    /// The node on which a duplicate hangs.
    private var nodeByDuplicate: [UInt32: UInt32] = [:]

    func node(hash: UInt64) -> UInt32? { nodeByHash[hash] }

    func node(duplicate: UInt32) -> UInt32? { nodeByDuplicate[duplicate] }

    mutating func addNode(_ node: UInt32, hash: UInt64) {
        nodeByHash[hash] = nodeByHash[hash] ?? node
    }

    /// Forgets nodes that have no duplicates. A pass over all nodes: their vectors may be gone, from which a hash could be had.
    mutating func removeNodes(where isGone: (UInt32) -> Bool) {
        let hashes = nodeByHash.filter { isGone($0.value) }.map(\.key)
        for hash in hashes { nodeByHash[hash] = nil }
    }

    /// Adds a slot to a node's members; returns the member before it.
    mutating func addDuplicate(_ slot: UInt32, of node: UInt32, nodeIsLive: Bool) -> UInt32 {
        nodeByDuplicate[slot] = node
        var members = membersByNode[node] ?? Members(last: node, liveCount: nodeIsLive ? 1 : 0)
        defer { membersByNode[node] = members }
        let before = members.last
        members.last = slot
        members.liveCount += 1
        return before
    }

    /// Counts one live member less; returns whether one is left. A node without duplicates has none left.
    mutating func removeMember(of node: UInt32) -> Bool {
        membersByNode[node]?.liveCount -= 1
        return (membersByNode[node]?.liveCount ?? 0) > 0
    }

    /// Forgets a removed duplicate that came after `before` in its chain.
    mutating func forgetDuplicate(_ slot: UInt32, of node: UInt32, before: UInt32) {
        nodeByDuplicate[slot] = nil
        guard membersByNode[node]?.last == slot else { return }
        if before == node { membersByNode[node] = nil } else { membersByNode[node]?.last = before }
    }

    /// An estimate of the memory that the dictionaries use: entries and a third of free places.
    var approximateBytes: Int {
        nodeByHash.count * 16 * 4 / 3 + nodeByDuplicate.count * 40
    }
}
