// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// What a batch changes in a graph besides rows and slots.
struct GraphSavepoint {
    let entryPoint: Node?
    let topLevel: Int
    let slotCount: Int
    let nodeCount: Int
    let upperRowCount: Int
    let linkedSinceRepair: Int
    let outliers: [Node]
}

extension GraphWriter {
    func savepoint() -> GraphSavepoint {
        GraphSavepoint(
            entryPoint: graph.entryPoint, topLevel: graph.topLevel, slotCount: graph.slotCount,
            nodeCount: graph.nodeCount, upperRowCount: graph.upperRowCount,
            linkedSinceRepair: ledger.linkedSinceRepair, outliers: ledger.outliers)
    }

    /// Restores the graph as it was before a batch, as a version of its own.
    ///
    /// - Parameter waitForReaders: waits until every search has ended that began before the current version.
    package mutating func rollBack(_ batch: GraphBatch, waitForReaders: () -> Void) {
        workers.restoreRows(of: graph)
        endUndoLog()
        removeFromPaths(batch)
        commit()
        waitForReaders()
        // No search knows the slots from here on.
        ledger.rollBack(batch.taken.compactMap(\.retired))
        graph.slotCount = batch.savepoint.slotCount
        graph.upperRowCount = batch.savepoint.upperRowCount
    }

    /// Takes a batch's slots out of the graph. The other rows are already restored.
    private mutating func removeFromPaths(_ batch: GraphBatch) {
        graph.setEntryPoint(batch.savepoint.entryPoint, level: batch.savepoint.topLevel)
        graph.nodeCount = batch.savepoint.nodeCount
        ledger.linkedSinceRepair = batch.savepoint.linkedSinceRepair
        let flags = ledger.flags.base
        // Backwards, so that each duplicate is the last of its node's members.
        for slot in batch.taken.reversed().map(\.slot) {
            // Its birth stays: a search that reads an old death with a new birth would otherwise take the slot for live.
            var lifetime = graph.states.lifetime(slot)
            lifetime.died = Lifetime.everDead
            graph.states.setLifetime(lifetime, of: slot)
            if flags[slot.row].contains(.duplicate) {
                rollBackDuplicate(slot)
            } else {
                ledger.duplicates.removeNode(Node(slot))
            }
            flags[slot.row] = [.free, .removed]
        }
        ledger.outliers = batch.savepoint.outliers
    }

    private mutating func rollBackDuplicate(_ slot: Slot) {
        let node = node(of: slot)
        var before = node.slot
        while let next = graph.states.next(before), next != slot { before = next }
        graph.states.setNext(nil, of: before)
        let hasLiveMember = ledger.duplicates.removeMember(of: node)
        ledger.duplicates.forgetDuplicate(slot, of: node, before: before)
        let flags = ledger.flags.base
        if !hasLiveMember, flags[node.index].contains(.removed), !flags[node.index].contains(.tombstone) {
            flags[node.index].insert(.tombstone)
            ledger.vacated?.remove(node)
            ledger.tombstoneCount += 1
        }
    }
}

extension GraphWriter {
    /// Begins to save the rows that linking changes, except those of the batch's own nodes.
    mutating func beginUndoLog(newNodes: [Node]) {
        endUndoLog()
        // A batch of one is not cancelled.
        guard newNodes.count > 1 else { return }
        let marks = RowMarks(slotCount: graph.slotCount, upperRowCount: graph.upperRowCount)
        for node in newNodes {
            for level in 0...graph.level(of: node) { _ = marks.mark(rowIndex(of: node, level: level), level: level) }
        }
        ledger.savedRows = marks
    }

    /// Forgets what was saved, and saves no more.
    mutating func endUndoLog() {
        ledger.savedRows = nil
        workers.clearUndoLogs()
    }

    /// The index of a node's row among those of level 0, or among those of the levels above it.
    private func rowIndex(of node: Node, level: Int) -> Int {
        level == 0 ? node.index : Int(graph.firstUpperRow.base[node.index]) + level - 1
    }

    /// Saves a row before the first change that a batch makes to it, if the batch keeps an undo log.
    func saveRow(_ node: Node, level: Int = 0, to undoLog: inout UndoLog) {
        guard let marks = ledger.savedRows, marks.mark(rowIndex(of: node, level: level), level: level) else { return }
        undoLog.save(node, level: level, in: graph.layer(level))
    }
}
