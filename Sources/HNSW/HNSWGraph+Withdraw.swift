// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// What a batch changes of a graph beside rows and slots.
package struct GraphCheckpoint {
    let entryPoint: Slot?
    let topLevel: Int
    let slotCount: Int
    let nodeCount: Int
    let upperRowCount: Int
    let linkedSinceRepair: Int
    let outposts: [UInt32]
}

// Cancelling a batch, in two steps with the readers' departure between them: the first takes the batch out of every path, the
// second forgets its slots.
extension HNSWGraph {
    package func checkpoint() -> GraphCheckpoint {
        GraphCheckpoint(
            entryPoint: entryPoint, topLevel: topLevel, slotCount: slotCount, nodeCount: nodeCount,
            upperRowCount: upperRowCount, linkedSinceRepair: ledger.linkedSinceRepair,
            outposts: ledger.outposts)
    }

    /// Takes a batch's slots out of the graph, whose other rows are as they were before the batch.
    package func withdraw(_ batch: [TakenSlot], to checkpoint: GraphCheckpoint) {
        setEntryPoint(checkpoint.entryPoint, level: checkpoint.topLevel)
        nodeCount = checkpoint.nodeCount
        ledger.linkedSinceRepair = checkpoint.linkedSinceRepair
        let flags = ledger.flags.base
        // Backwards: each duplicate is the last of its node's members then.
        for slot in batch.reversed().map(\.slot) {
            // Its birth stays: a search that reads the one of before and the other of after sees no slot alive.
            var lifetime = states.lifetime(slot.rawValue)
            lifetime.died = Lifetime.everDead
            states.setLifetime(lifetime, of: slot.rawValue)
            if flags[slot.index].contains(.duplicate) {
                withdrawDuplicate(slot.rawValue)
            } else {
                ledger.duplicates.removeNode(slot.rawValue)
            }
            flags[slot.index] = [.free, .removed]
        }
        ledger.outposts = checkpoint.outposts
    }

    private func withdrawDuplicate(_ slot: UInt32) {
        let node = node(of: Slot(slot))
        var before = node
        while let next = states.next(before), next != slot { before = next }
        states.setNext(nil, of: before)
        let hasLiveMember = ledger.duplicates.removeMember(of: node)
        ledger.duplicates.forgetDuplicate(slot, of: node, before: before)
        let flags = ledger.flags.base
        if !hasLiveMember, flags[Int(node)].contains(.removed), !flags[Int(node)].contains(.dead) {
            flags[Int(node)].insert(.dead)
            ledger.vacated?.remove(node)
            ledger.deadNodeCount += 1
        }
    }

    /// Forgets slots that were withdrawn and that no search knows any more.
    package func giveBack(_ batch: [TakenSlot], to checkpoint: GraphCheckpoint) {
        ledger.putBack(batch.compactMap(\.given))
        slotCount = checkpoint.slotCount
        upperRowCount = checkpoint.upperRowCount
    }
}

extension HNSWGraph {
    /// The place of a node's row among those of level 0, or of the levels above it.
    func rowIndex(of node: UInt32, level: Int) -> Int {
        level == 0 ? Int(node) : Int(firstUpperRow.base[Int(node)]) + level - 1
    }

    /// Saves a row that is about to be changed, if that is wanted and it is the first change of the batch.
    func saveRow(_ node: UInt32, level: Int, to journal: inout RowJournal) {
        guard let marks = ledger.savedRows, marks.mark(rowIndex(of: node, level: level), level: level) else { return }
        journal.save(node, level: level, in: layer(level))
    }

    /// Saves a row of level 0; only for the writer's own thread.
    func saveRow(_ node: UInt32) { saveRow(node, level: 0, to: &ledger.journal) }

    /// Forgets what was saved, and saves no more.
    package func endJournal() {
        ledger.savedRows = nil
        ledger.journal.removeAll()
    }
}

/// The rows of older nodes as they were before a batch changed them.
struct RowJournal {
    private var entries: [UInt32] = []

    /// Level, node and the place in `entries` of each row.
    private var rows: [(level: Int, node: UInt32, start: Int)] = []

    mutating func save(_ node: UInt32, level: Int, in layer: Layer) {
        rows.append((level, node, entries.count))
        let row = layer.row(node)
        for place in 0..<layer.maximumNeighbors { entries.append(row[place]) }
    }

    func restore(to graph: borrowing HNSWGraph) {
        for saved in rows {
            let layer = graph.layer(saved.level)
            let row = layer.row(saved.node)
            for place in 0..<layer.maximumNeighbors { row[place] = entries[saved.start + place] }
        }
    }

    mutating func removeAll() {
        entries = []
        rows = []
    }
}

/// A mark for each row of a graph; a row's mark belongs to whoever may change the row.
final class RowMarks {
    private let base: AlignedBuffer<UInt8>
    private let upper: AlignedBuffer<UInt8>

    init(slotCount: Int, upperRowCount: Int) {
        base = AlignedBuffer(capacity: slotCount, zero: 0)
        upper = AlignedBuffer(capacity: upperRowCount, zero: 0)
    }

    /// Marks a row of level 0 or of the levels above it; returns whether it was not marked.
    func mark(_ row: Int, level: Int) -> Bool {
        let marks = level == 0 ? base.base : upper.base
        defer { marks[row] = 1 }
        return marks[row] == 0
    }
}
