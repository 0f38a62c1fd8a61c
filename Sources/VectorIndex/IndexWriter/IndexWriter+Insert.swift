// SPDX-License-Identifier: Apache-2.0

import HNSW

/// A batch that is being inserted, and the index's state before it.
private struct Insertion {
    var graph: GraphBatch
    let state: SearchState
    let keptCount: Int
    let indistinctSlots: Set<Slot>
}

extension IndexWriter {
    /// Adds the vectors that `prepare` makes ready, by their positions: all or none. Returns how many it replaced.
    ///
    /// - Parameter isReplacing: whether keys may be present. Their vectors are removed in the same change.
    mutating func insertBatch(
        keys: [UInt64], isReplacing: Bool, threads: Int, progress: BatchProgress,
        prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) -> Int {
        try requireVerified()
        try check(keys: keys, isReplacing: isReplacing, prepare: prepare)
        let replaced =
            isReplacing ? storage.directory.read { directory in keys.filter { directory.slot(of: $0) != nil } } : []
        try apply(keys: keys, removing: replaced, threads: threads, progress: progress, prepare: prepare)
        return replaced.count
    }

    /// Removes and adds what a change comes to.
    mutating func apply(
        _ change: borrowing CollectedChange, threads: Int, progress: BatchProgress
    ) throws(VectorIndexError) {
        let (values, dimensions) = (change.values, storage.dimensions)
        guard !change.keys.isEmpty else {
            _ = try remove(keys: change.removedKeys)
            return
        }
        try apply(keys: change.keys, removing: change.removedKeys, threads: threads, progress: progress) {
            (i, prepared) throws(VectorIndexError) in
            try values.withVector(at: i, dimensions: dimensions) { (vector) throws(VectorIndexError) in
                try prepared.prepare(vector)
            }
        }
    }

    /// Adds vectors and removes others in one version. Keys and vectors have been checked.
    ///
    /// A key that is in both lists has two slots: one that dies with this version and one that is born with it.
    private mutating func apply(
        keys: [UInt64], removing removedKeys: [UInt64], threads: Int, progress: BatchProgress,
        prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        let oldSlots = storage.directory.read { directory in removedKeys.compactMap { directory.slot(of: $0) } }
        let holder = oldestHolder
        try ensure(additional: keys.count, oldestHolder: holder)
        var batch = Insertion(
            graph: graph.beginBatch(), state: state.value, keptCount: vectors.keptCount,
            indistinctSlots: indistinctSlots)
        try add(keys, to: &batch.graph, oldestHolder: holder, prepare: prepare)
        learn(newCount: keys.count, threads: threads)
        do throws(CancellationError) {
            let nodeCount = batch.graph.nodes.count
            try link(batch.graph, threads: min(threads, max(1, nodeCount / 8)), progress: progress)
        } catch {
            rollBack(batch)
            throw .cancelled
        }
        for slot in oldSlots { graph.remove(slot) }
        giveUpVectors()
        commit(inserted: keys.count, removed: oldSlots.count) { directory in
            for key in removedKeys { _ = directory.remove(key) }
            for taken in batch.graph.taken { directory.publish(taken.slot) }
        }
    }

    /// Throws what is wrong with the keys, or with the first vector that is refused.
    private func check(
        keys: [UInt64], isReplacing: Bool,
        prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        if isReplacing {
            try KeyDirectory.checkDistinct(keys)
        } else {
            try storage.directory.read { (directory) throws(VectorIndexError) in try directory.checkNew(keys) }
        }
        var prepared = preparedVector()
        for i in keys.indices {
            do throws(VectorIndexError) {
                try prepare(i, &prepared)
            } catch {
                throw keys.count == 1 ? error : .batchVector(position: i, reason: error)
            }
        }
    }

    /// Room for a vector that is to be stored.
    func preparedVector() -> PreparedVector {
        PreparedVector(
            dimensions: storage.dimensions, metric: storage.metric, instructionSet: storage.instructionSet,
            rows: storage.options.rows)
    }

    /// Makes room. If that fails, nothing changes.
    private mutating func ensure(additional: Int, oldestHolder: GraphVersion) throws(VectorIndexError) {
        let newSlots = graph.newSlotCount(additional: additional, oldestReader: oldestHolder)
        do throws(StorageError) {
            let vectors = vectors
            try vectors.ensure(additional: additional, newSlots: newSlots)
            try codes?.ensure(additional: newSlots)
            try graph.ensure(additional: additional, oldestReader: oldestHolder)
            try directory.write { (directory) throws(StorageError) in
                try directory.ensure(slotCount: vectors.count + newSlots, additional: additional)
            }
        } catch {
            throw VectorIndexError(error)
        }
    }

    /// Gives every vector a slot. The vectors have been checked.
    private mutating func add(
        _ keys: [UInt64], to batch: inout GraphBatch, oldestHolder: GraphVersion,
        prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        var prepared = preparedVector()
        let (vectors, codes) = (vectors, codes)
        for (i, key) in keys.enumerated() {
            try prepare(i, &prepared)
            let slot = graph.takeSlot(for: &batch, oldestReader: oldestHolder)
            // The entry of the slot's earlier vector.
            indistinctSlots.remove(slot)
            codes?.store(prepared.values, at: slot)
            vectors.store(prepared.values, at: slot)
            storage.directory.read { $0.assign(key, to: slot) }
            graph.add(slot, to: &batch, vector: prepared.values, count: vectors.stride) { vectors.areEqual($0, slot) }
        }
    }

    /// Links a batch's nodes. Measures recall near the end, if that is due.
    private mutating func link(
        _ batch: GraphBatch, threads: Int, progress: BatchProgress
    ) throws(CancellationError) {
        let storage = storage
        try graph.insert(batch, by: state.value.linkKernel, threads: threads) {
            (graph, stage) throws(CancellationError) in
            switch stage {
            case .heldOut(let nodes):
                guard storage.isCalibrationDue(additional: batch.nodes.count) else { return }
                let measurement = RecallMeasurement(storage, graph: graph, heldOut: nodes, threads: threads)
                guard let calibrated = measurement.measureHeldOut() else { return }
                state.replace(state.value.with(calibrated: calibrated), from: graph.nextVersion)
            case .planned(let indistinct):
                Self.keepWhole(indistinct, of: state.value.vectors, options: storage.options, noting: &indistinctSlots)
            case .linked(let count): try progress(count)
            }
        }
    }

    /// Restores the index as it was before a batch.
    private mutating func rollBack(_ batch: Insertion) {
        let storage = storage
        graph.rollBack(batch.graph) { storage.waitForReaders() }
        state.releaseRetired(oldestReader: storage.graph.version)
        state.replace(batch.state, from: graph.nextVersion)
        indistinctSlots = batch.indistinctSlots
        graph.releaseStored()
        for taken in batch.graph.taken where taken.slot.index < vectors.count {
            vectors.erase(taken.slot)
            if let codes, taken.slot.index < codes.count { codes.erase(taken.slot) }
        }
        vectors.truncate(to: storage.graph.slotCount, keptCount: batch.keptCount)
        vectors.releaseNewest()
        codes?.truncate(to: storage.graph.slotCount)
        graph.commit()
    }
}
