// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Adds a vector of `dimensions` finite values under a new key.
    ///
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    public func insert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError) {
        try vector.withSpan { (vector) throws(VectorIndexError) in
            try insertBatch(keys: [key], threads: 1, progress: { _ in }) { (_, prepared) throws(VectorIndexError) in
                try prepared.prepare(vector)
            }
        }
    }

    /// Adds many vectors, all or none: an error leaves the index unchanged.
    ///
    /// The graph is the same for any number of threads. Searches go on at the same time and see none of the vectors before all of
    /// them are there.
    ///
    /// - Parameters:
    ///   - vectors: one vector of `dimensions` values for each key, or all values one vector after the other.
    ///   - keys: the key of each vector.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    ///   - progress: called with the number of vectors linked so far, on the calling thread. It may search. It must not change,
    ///     calibrate or measure the index: that traps. If it throws, the index is left as it was before the call.
    /// - Throws: ``VectorIndexError``: `progress` has cancelled, the number of values, a vector, a key or `threads` is not as it
    ///   must be, or there is no room. The refused vector of several is named by
    ///   ``VectorIndexError/batchVector(position:reason:)``.
    public func insert(
        contentsOf vectors: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64],
        threads: Int? = nil,
        progress: BatchProgress = { _ in }
    ) throws(VectorIndexError) {
        try vectors.check(keys: keys, dimensions: dimensions)
        var checkedCount = 0
        try insertBatch(keys: keys, threads: threads, progress: progress) { (i, prepared) throws(VectorIndexError) in
            do throws(VectorIndexError) {
                try vectors.withVector(at: i, dimensions: dimensions) { (vector) throws(VectorIndexError) in
                    try prepared.prepare(vector)
                }
            } catch {
                precondition(checkedCount < keys.count, "a vector has changed while it was inserted")
                throw error
            }
            checkedCount += 1
        }
    }

    /// Adds a vector under a new key and removes another in one change: a search finds the one or the other. The caller has seen
    /// to it that the old key is there.
    package func replace(
        _ oldKey: UInt64, with vector: Span<Float>, key: UInt64
    ) throws(VectorIndexError) {
        try vector.withUnsafeBufferPointer { (vector) throws(VectorIndexError) in
            try insertBatch(keys: [key], removing: oldKey, threads: 1, progress: { _ in }) {
                (_, prepared) throws(VectorIndexError) in
                try prepared.prepare(vector)
            }
        }
    }

    /// Adds the vectors that `prepare` makes ready, by their positions.
    private func insertBatch(
        keys: [UInt64], removing oldKey: UInt64? = nil, threads: Int?, progress: BatchProgress,
        prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        guard !keys.isEmpty else { return }
        try writer.withLock { _ throws(VectorIndexError) in
            try requireSound()
            try check(keys: keys, prepare: prepare)
            let oldSlot = oldKey.flatMap { directory.slot(of: $0) }
            let holder = oldestHolder
            try ensure(additional: keys.count, oldestHolder: holder)
            var batch = Insertion(
                graph.checkpoint(), state: state.value, codesLearntCount: codesLearntCount, balance: balance,
                indistinctSlots: indistinctSlots)
            try add(keys, to: &batch, oldestHolder: holder, prepare: prepare)
            learn(newCount: batch.taken.count, threads: threads)
            do throws(CancellationError) {
                try link(
                    batch.nodes, of: keys.count, threads: min(threads, max(1, batch.nodes.count / 8)),
                    progress: progress)
            } catch {
                undo(batch)
                throw .cancelled
            }
            if let oldSlot { graph.remove(oldSlot) }
            compactVectors()
            commit(inserted: keys.count, removed: oldSlot == nil ? 0 : 1) {
                for taken in batch.taken { directory.publish(taken.slot) }
                if let oldKey, oldSlot != nil { _ = directory.remove(oldKey) }
            }
        }
    }

    /// Throws what is wrong with the keys or the first vector that is refused; the caller holds `writer`.
    private func check(
        keys: [UInt64], prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        try directory.checkNew(keys)
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
    private func preparedVector() -> PreparedVector {
        PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet, rows: options.rows)
    }

    /// Makes room; nothing changes where that fails. The caller holds `writer`.
    private func ensure(additional: Int, oldestHolder: GraphVersion) throws(VectorIndexError) {
        let newSlots = graph.newSlotCount(additional: additional, oldestReader: oldestHolder)
        try VectorIndexError.wrap { () throws(StorageError) in
            try vectors.ensure(additional: additional, newSlots: newSlots)
            try codes?.ensure(additional: newSlots)
            try graph.ensure(additional: additional, oldestReader: oldestHolder)
            try access.write { () throws(StorageError) in
                try directory.ensure(slotCount: vectors.count + newSlots, additional: additional)
            }
        }
    }

    /// Gives every vector a slot, and writes down those that became nodes of the graph. The caller holds `writer` and has checked
    /// the vectors.
    private func add(
        _ keys: [UInt64], to batch: inout Insertion, oldestHolder: GraphVersion,
        prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        var prepared = preparedVector()
        let (vectors, codes) = (vectors, codes)
        for (i, key) in keys.enumerated() {
            try prepare(i, &prepared)
            let taken = graph.takeSlot(oldestReader: oldestHolder)
            batch.taken.append(taken)
            // Of the vector that the slot had before.
            indistinctSlots.remove(taken.slot.rawValue)
            codes?.store(prepared.values, at: taken.slot)
            vectors.store(prepared.values, at: taken.slot)
            directory.assign(key, to: taken.slot)
            let isNode = graph.add(taken.slot, vector: prepared.values, count: vectors.stride) {
                vectors.areEqual($0, taken.slot)
            }
            if isNode { batch.nodes.append(taken.slot.rawValue) }
        }
    }

    /// Links the nodes of `count` vectors. The other vectors equal one of them or an older one. The caller holds `writer`.
    private func link(_ nodes: [UInt32], of count: Int, threads: Int, progress: BatchProgress) throws(CancellationError)
    {
        switch state.value.kernel {
        case .codes(let kernel):
            try link(nodes, of: count, by: kernel, vectors: vectors, threads: threads, progress: progress)
        case .float32(let kernel):
            try link(nodes, of: count, by: kernel, vectors: nil, threads: threads, progress: progress)
        case .float16(let kernel):
            try link(nodes, of: count, by: kernel, vectors: nil, threads: threads, progress: progress)
        }
    }

    /// Links nodes by balanced products, where there are such.
    private func link<Kernel: DistanceKernel>(
        _ nodes: [UInt32], of count: Int, by kernel: Kernel, vectors: StoredVectors?, threads: Int,
        progress: BatchProgress
    ) throws(CancellationError) {
        if let balance {
            let kernel = BalancedKernel(kernel, balance: balance, vectors: self.vectors)
            try link(nodes, of: count, kernel: kernel, vectors: vectors, threads: threads, progress: progress)
        } else {
            try link(nodes, of: count, kernel: kernel, vectors: vectors, threads: threads, progress: progress)
        }
    }

    private func link<Kernel: DistanceKernel>(
        _ nodes: [UInt32], of count: Int, kernel: Kernel, vectors: StoredVectors?, threads: Int,
        progress: BatchProgress
    ) throws(CancellationError) {
        workers.use(threads: threads)
        workers.beginJournal(of: graph, newNodes: nodes)
        var schedule = BatchSchedule(nodes, seed: options.seed)
        // The graph is proved whole when it has grown by a sixteenth; what a smaller call drops is kept within reach at once.
        let isSmall = nodes.count * 16 < graph.nodeCount || nodes.count == 1
        var linked = count - nodes.count
        // A batch of one keeps no undo log: `progress` can cancel it only here, before it is linked.
        if nodes.count <= 1 { try progress(count) }
        while true {
            if let heldOut = schedule.heldOut, isCalibrationDue(additional: nodes.count) {
                calibrate(heldOut: heldOut, threads: threads)
            }
            guard let part = schedule.next(in: graph) else { break }
            let edges = workers.plan(part, in: graph, kernel: kernel, vectors: vectors)
            keepWhole(workers.indistinct)
            workers.link(edges, in: graph, keepsReached: isSmall, kernel: kernel, vectors: vectors)
            graph.finishLinking(part)
            for node in part { workers.attachIfCutOff(node, in: graph, kernel: kernel) }
            linked += part.count
            if nodes.count > 1 { try progress(linked) }
        }
        graph.endJournal()
        if !isSmall || graph.isRepairDue { workers.repair(graph, kernel: kernel) }
    }

    /// Leaves the index as it was before a batch; the caller holds `writer`.
    private func undo(_ batch: Insertion) {
        workers.restoreRows(of: graph)
        graph.withdraw(batch.taken, to: batch.checkpoint)
        graph.commit()
        waitForReaders()
        // No search knows the slots from here on.
        state.replace(batch.state, from: graph.nextVersion)
        codesLearntCount = batch.codesLearntCount
        balance = batch.balance
        indistinctSlots = batch.indistinctSlots
        workers.releaseStored()
        graph.giveBack(batch.taken, to: batch.checkpoint)
        for taken in batch.taken where taken.slot.index < vectors.count {
            vectors.erase(taken.slot)
            if let codes, taken.slot.index < codes.count { codes.erase(taken.slot) }
        }
        vectors.truncate(to: graph.slotCount, keptCount: batch.keptCount)
        vectors.releaseNewest()
        batch.state.codes?.truncate(to: graph.slotCount)
        graph.commit()
    }
}

/// Called with the number of vectors linked so far; throws to cancel the batch. It may search the index; what waits for changes, as
/// another change, a calibration, ``HNSWIndex/memoryBytes`` or ``HNSWIndex/checkInvariants()``, traps.
public typealias BatchProgress = (Int) throws(CancellationError) -> Void

/// A batch on its way into the index, and what the index was before.
private struct Insertion {
    let checkpoint: GraphCheckpoint
    let state: SearchState
    let codesLearntCount: Int
    let balance: ProductBalance?
    let keptCount: Int
    let indistinctSlots: Set<UInt32>

    /// The slots of the batch's vectors.
    var taken: [TakenSlot] = []

    /// Those that became nodes.
    var nodes: [UInt32] = []

    init(
        _ checkpoint: GraphCheckpoint, state: SearchState, codesLearntCount: Int, balance: ProductBalance?,
        indistinctSlots: Set<UInt32>
    ) {
        self.balance = balance
        self.indistinctSlots = indistinctSlots
        self.checkpoint = checkpoint
        self.state = state
        self.codesLearntCount = codesLearntCount
        keptCount = state.vectors.keptCount
    }
}
