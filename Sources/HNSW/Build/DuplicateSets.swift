// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// The slots that hold equal vectors. They share one node. Linked one by one, equal vectors would fill each other's rows and cut
/// themselves and others off. Searches follow the chain of a node's members in ``NodeStates``. Only the writer reads what is here.
struct DuplicateSets: ~Copyable {
    /// The members of a node that has duplicates; all zero for any other node.
    struct Members: BitwiseCopyable {
        /// 1 + the end of the chain, or 0.
        var last: UInt32
        var liveCount: UInt32
    }

    /// The first node with each hash of a vector. A later node with the same hash and another vector is not found here. Its
    /// duplicates become nodes, which is correct and slower.
    private var nodes: SlotTable

    /// By node.
    private let members: Tensor<Members>

    /// By slot: 1 + the node on which the duplicate hangs, or 0.
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
    func members(of node: Node) -> Members { members.base[node.index] }

    /// Proves that the table of hashes finds nodes, each by its hash.
    func verifyTable(isNode: (Slot) -> Bool) throws(SnapshotError) {
        try nodes.verify(Self.sections) { (slot) throws(SnapshotError) in
            guard isNode(Slot(slot)) else {
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

    func node(hash: UInt64) -> Node? { nodes.slot(of: hash).map { Node($0) } }

    /// The node on which a slot hangs, if it is a duplicate.
    func node(duplicate: Slot) -> Node? {
        let owner = owners.base[duplicate.row]
        return owner == 0 ? nil : Node(rawValue: owner - 1)
    }

    mutating func addNode(_ node: Node, hash: UInt64) {
        nodes.keys.base[node.index] = hash
        if nodes.slot(of: hash) == nil { nodes.insert(node.slot) }
    }

    /// Forgets a node that has no duplicates.
    mutating func removeNode(_ node: Node) {
        let hash = nodes.keys.base[node.index]
        if nodes.slot(of: hash) == node.slot { nodes.remove(hash) }
    }

    /// Adds a slot to a node's members; returns the member before it.
    mutating func addDuplicate(_ slot: Slot, of node: Node, nodeIsLive: Bool) -> Slot {
        hasMembers = true
        owners.base[slot.row] = node.rawValue + 1
        var members = members.base[node.index]
        if members.last == 0 { members = Members(last: node.rawValue + 1, liveCount: nodeIsLive ? 1 : 0) }
        let before = Slot(members.last - 1)
        members.last = slot.rawValue + 1
        members.liveCount += 1
        self.members.base[node.index] = members
        return before
    }

    /// Counts one live member less. Returns whether one is left. A node without duplicates has none left.
    mutating func removeMember(of node: Node) -> Bool {
        guard members.base[node.index].last != 0 else { return false }
        members.base[node.index].liveCount -= 1
        return members.base[node.index].liveCount > 0
    }

    /// Forgets a removed duplicate that came after `before` in its chain.
    mutating func forgetDuplicate(_ slot: Slot, of node: Node, before: Slot) {
        owners.base[slot.row] = 0
        guard members.base[node.index].last == slot.rawValue + 1 else { return }
        if before == node.slot {
            members.base[node.index] = Members(last: 0, liveCount: 0)
        } else {
            members.base[node.index].last = before.rawValue + 1
        }
    }

    /// Bytes of hashes and their table, and of members and owners where there are any.
    func usedBytes(slotCount: Int) -> Int {
        let memberBytes = MemoryLayout<Members>.stride + MemoryLayout<UInt32>.stride
        return nodes.usedBytes(slotCount: slotCount) + (hasMembers ? slotCount * memberBytes : 0)
    }
}
