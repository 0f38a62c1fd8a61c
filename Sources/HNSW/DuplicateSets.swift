// SPDX-License-Identifier: Apache-2.0

/// Which slots hold equal vectors. They share one node: linked one by one, equal vectors fill each other's rows and cut
/// themselves and others off.
struct DuplicateSets {
    struct Members {
        /// The node's slot first, then the slots that hang on it, in the order of arrival.
        var slots: [UInt32]
        var liveCount: Int
    }

    /// The first node with a vector of that hash. A node whose hash is taken by a different vector is not found here, and
    /// its duplicates become nodes: right, only slower.
    private(set) var nodeByHash: [UInt64: UInt32] = [:]

    /// The members of each node that has duplicates.
    private(set) var membersByNode: [UInt32: Members] = [:]

    /// The node on which a duplicate hangs.
    private(set) var nodeByDuplicate: [UInt32: UInt32] = [:]

    func node(hash: UInt64) -> UInt32? { nodeByHash[hash] }

    func node(duplicate: UInt32) -> UInt32? { nodeByDuplicate[duplicate] }

    func members(of node: UInt32) -> Members? { membersByNode[node] }

    mutating func reserve(additional: Int) {
        nodeByHash.reserveCapacity(nodeByHash.count + additional)
    }

    mutating func addNode(_ node: UInt32, hash: UInt64) {
        nodeByHash[hash] = nodeByHash[hash] ?? node
    }

    mutating func addDuplicate(_ slot: UInt32, of node: UInt32, nodeIsLive: Bool) {
        nodeByDuplicate[slot] = node
        membersByNode[node, default: Members(slots: [node], liveCount: nodeIsLive ? 1 : 0)].slots.append(slot)
        membersByNode[node]?.liveCount += 1
    }

    /// Counts one live member less; returns whether one is left.
    mutating func removeMember(of node: UInt32) -> Bool {
        membersByNode[node]?.liveCount -= 1
        return (membersByNode[node]?.liveCount ?? 0) > 0
    }

    /// An estimate of the memory that the dictionaries use: entries and a third of free places.
    var approximateBytes: Int {
        nodeByHash.count * 16 + nodeByDuplicate.count * 40
    }
}
