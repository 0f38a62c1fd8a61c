// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// Which slots hold equal vectors. They share one node: linked one by one, equal vectors fill each other's rows and cut
/// themselves and others off. Searches follow the chain of a node's members in ``NodeStates``; this is the writer's side of it.
struct DuplicateSets: ~Copyable {
    /// The members of a node that has duplicates; all zero of one that has none.
    struct Members: BitwiseCopyable {
        /// 1 + the end of the chain, or 0.
        var last: UInt32
        var liveCount: UInt32
    }

    /// The first node with a vector of each hash. A node whose hash is taken by a different vector is not found here, and
    /// its duplicates become nodes: right, only slower.
    private var nodes: SlotTable

    /// By node.
    private let members: Tensor<Members>

    /// 1 + the node on which a duplicate hangs, or 0, by slot.
    private let owners: Tensor<UInt32>

    /// Whether there ever was a duplicate. If not, `members` and `owners` are untouched zeros.
    private var hasMembers: Bool

    private static let sections = SlotTableSections(keys: .hashes, places: .hashTable)

    /// - Parameters:
    ///   - hashCount: hashes in a file's table.
    ///   - slotCount: slots of a file.
    init(capacity: Int, source: TensorSource, hashCount: Int, slotCount: Int) throws(StorageError) {
        let members: Tensor<Members> = try source.tensor(
            .members, stride: 1, capacity: capacity, rows: slotCount, isOptional: true)
        let owners: Tensor<UInt32> = try source.tensor(
            .owners, stride: 1, capacity: capacity, rows: slotCount, isOptional: true)
        if let file = source.file {
            nodes = try SlotTable(
                capacity: capacity, sections: Self.sections, of: file, count: hashCount, slotCount: slotCount)
        } else {
            nodes = try SlotTable(capacity: capacity)
        }
        self.members = members
        self.owners = owners
        hasMembers = source.file.map { $0.length(.members) > 0 } ?? false
    }

    func save(to writer: SnapshotWriter, slotCount: Int) throws(SnapshotError) {
        try nodes.save(to: writer, sections: Self.sections, slotCount: slotCount)
        guard hasMembers else { return }
        try writer.append(.members, members, rows: slotCount)
        try writer.append(.owners, owners, rows: slotCount)
    }

    /// Hashes that are in the table.
    var hashCount: Int { nodes.count }

    /// What is known of a node's duplicates.
    func members(of node: UInt32) -> Members { members.base[Int(node)] }

    /// Proves that the table of hashes finds nodes, each by its hash.
    func verifyTable(isNode: (UInt32) -> Bool) throws(SnapshotError) {
        try nodes.verify(Self.sections) { (slot) throws(SnapshotError) in
            guard isNode(slot) else {
                throw .malformed(section: SnapshotSection.hashTable.name, reason: "slot \(slot), which is no node")
            }
        }
    }

    /// Makes slots `0..<slotCount` usable, and room for `additional` more nodes.
    mutating func ensure(slotCount: Int, additional: Int) throws(StorageError) {
        try nodes.ensure(slotCount: slotCount, additional: additional)
        try members.ensure(rows: slotCount)
        try owners.ensure(rows: slotCount)
    }

    func node(hash: UInt64) -> UInt32? { nodes.slot(of: hash)?.rawValue }

    /// The node on which a slot hangs, if it is a duplicate.
    func node(duplicate: UInt32) -> UInt32? {
        let owner = owners.base[Int(duplicate)]
        return owner == 0 ? nil : owner - 1
    }

    mutating func addNode(_ node: UInt32, hash: UInt64) {
        nodes.keys.base[Int(node)] = hash
        if nodes.slot(of: hash) == nil { nodes.insert(Slot(node)) }
    }

    /// Forgets a node that has no duplicates.
    mutating func removeNode(_ node: UInt32) {
        let hash = nodes.keys.base[Int(node)]
        if nodes.slot(of: hash) == Slot(node) { nodes.remove(hash) }
    }

    /// Adds a slot to a node's members; returns the member before it.
    mutating func addDuplicate(_ slot: UInt32, of node: UInt32, nodeIsLive: Bool) -> UInt32 {
        hasMembers = true
        owners.base[Int(slot)] = node + 1
        var members = members.base[Int(node)]
        if members.last == 0 { members = Members(last: node + 1, liveCount: nodeIsLive ? 1 : 0) }
        let before = members.last - 1
        members.last = slot + 1
        members.liveCount += 1
        self.members.base[Int(node)] = members
        return before
    }

    /// Counts one live member less; returns whether one is left. A node without duplicates has none left.
    mutating func removeMember(of node: UInt32) -> Bool {
        guard members.base[Int(node)].last != 0 else { return false }
        members.base[Int(node)].liveCount -= 1
        return members.base[Int(node)].liveCount > 0
    }

    /// Forgets a removed duplicate that came after `before` in its chain.
    mutating func forgetDuplicate(_ slot: UInt32, of node: UInt32, before: UInt32) {
        owners.base[Int(slot)] = 0
        guard members.base[Int(node)].last == slot + 1 else { return }
        if before == node {
            members.base[Int(node)] = Members(last: 0, liveCount: 0)
        } else {
            members.base[Int(node)].last = before + 1
        }
    }

    /// Bytes of hashes and their table, and of members and owners where there are any.
    func usedBytes(slotCount: Int) -> Int {
        let memberBytes = MemoryLayout<Members>.stride + MemoryLayout<UInt32>.stride
        return nodes.usedBytes(slotCount: slotCount) + (hasMembers ? slotCount * memberBytes : 0)
    }
}
