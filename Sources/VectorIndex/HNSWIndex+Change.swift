// SPDX-License-Identifier: Apache-2.0

import HNSW

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// Every change goes through the same steps: it makes the graph's next version, which no search sees before `commit`, unlinks some
// of what was removed, and becomes known to lookups by key at last.
extension HNSWIndex {
    /// Removes a vector; it is never returned again. Returns whether the key was there. Waits for a change under way.
    ///
    /// The vector's node leads searches on until it is unlinked: with every change that follows a little of that is done, once a
    /// twentieth of the nodes are such: 40 rows a removal, or ``count`` of them if there are fewer.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    @discardableResult
    public func remove(key: UInt64) throws(VectorIndexError) -> Bool {
        try writer.withLock { _ throws(VectorIndexError) in
            try requireSound()
            guard let slot = directory.slot(of: key) else { return false }
            graph.remove(slot)
            commit(inserted: 0, removed: 1) { _ = directory.remove(key) }
            return true
        }
    }

    /// Unlinks every removed vector from the graph, so that new vectors take their places and searches pass them no more. Waits for
    /// changes and searches that are under way; searches do not wait for it. Linear in the number of vectors.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    public func compact() throws(VectorIndexError) {
        try writer.withLock { _ throws(VectorIndexError) in
            try requireSound()
            compactAlone()
        }
    }

    /// Overwrites what the index keeps of removed vectors with zeros, after ``compact()``: their values, codes and keys. What
    /// searches and results still hold is left as it is. Linear in the number of vectors.
    ///
    /// - Returns: removed vectors that are still held and were not overwritten; call again when their results are gone.
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    @discardableResult
    public func secureErase() throws(VectorIndexError) -> Int {
        try writer.withLock { _ throws(VectorIndexError) in
            try requireSound()
            compactAlone()
            let slots = graph.freeSlots(oldestReader: oldestHolder)
            for slot in slots {
                vectors.erase(Slot(slot))
                codes?.erase(Slot(slot))
                keyBySlot.base[Int(slot)] = 0
            }
            return graph.freeSlotCount - slots.count
        }
    }

    /// The caller holds `writer`.
    func compactAlone() {
        waitForReaders()
        workers.use(threads: Processors.count)
        let moved = graph.moveMembers(oldestReader: graph.version, atLeast: 1)
        if !moved.isEmpty {
            publish(moved) {}
            waitForReaders()
        }
        graph.unlinkDuplicates(oldestReader: graph.version, atLeast: 1)
        // Twice: the first ends a sweep that is under way.
        for _ in 0..<2 {
            if !graph.isSweeping, graph.deadNodeCount > 0, graph.beginSweep(oldestReader: graph.version) { repair() }
            sweep(rows: .max)
        }
        graph.commit()
        waitForReaders()
    }

    /// The oldest version that is searched or that results hold. Readers first: one hands what it reads to a pin before it ends.
    var oldestHolder: GraphVersion {
        let oldest = readers.oldest(present: graph.version)
        guard let pinned = vectors.oldestPin else { return oldest }
        return min(oldest, GraphVersion(pinned))
    }

    /// Waits until every search has ended that began before the present version; the caller holds `writer`.
    func waitForReaders() {
        let present = graph.version
        while readers.oldest(present: present) < present { usleep(20) }
        state.releaseRetired(oldestReader: present)
    }

    /// Rows visited by a sweep for each vector inserted or removed: a sweep begins when a twentieth of the nodes are dead, and so
    /// ends before another fortieth has died. 30,000 text embeddings replaced four times over, 1,000 at a time: 87 % of the
    /// queries a second of a fresh graph with an eighth and 16 rows, 92 % with a twentieth and 40, at 13,700 and 11,100
    /// replacements a second.
    private static var sweepRowsPerChange: Int { 40 }

    /// Ends a change; the caller holds `writer`.
    ///
    /// - Parameter enterKeys: makes keys known or forgets them.
    func commit(inserted: Int, removed: Int, enterKeys: () -> Void) {
        let oldestReader = readers.oldest(present: graph.version)
        graph.unlinkDuplicates(oldestReader: oldestReader)
        if graph.isSweepDue, graph.beginSweep(oldestReader: oldestReader) { repair() }
        sweep(rows: (inserted + removed) * Self.sweepRowsPerChange)
        publish(graph.moveMembers(oldestReader: oldestReader), enterKeys: enterKeys)
        state.releaseRetired(oldestReader: readers.oldest(present: graph.version))
        liveCount.add(inserted - removed, ordering: .releasing)
        insertedCount.add(inserted, ordering: .relaxed)
    }

    /// Makes the graph's next version, and what lookups by key find of it, at once: a lookup finds a vector that has moved in its old
    /// slot or in its new one.
    private func publish(_ moved: [MovedMember], enterKeys: () -> Void) {
        // No search of an older version reads the keys of slots that are moved to.
        for each in moved { directory.assign(directory.key(of: each.from), to: each.to) }
        access.write {
            graph.commit()
            enterKeys()
            for each in moved { directory.move(directory.key(of: each.from), to: each.to) }
        }
    }

    private func sweep(rows: Int) {
        guard graph.isSweeping else { return }
        let limit = min(rows, vectors.count)
        switch state.value.kernel {
        case .codes(let kernel): sweep(limit: limit, kernel: kernel, vectors: vectors)
        case .float32(let kernel): sweep(limit: limit, kernel: kernel, vectors: nil)
        case .float16(let kernel): sweep(limit: limit, kernel: kernel, vectors: nil)
        }
        if graph.finishSweep() || graph.isRepairDue { repair() }
    }

    private func sweep<Kernel: DistanceKernel>(limit: Int, kernel: Kernel, vectors: StoredVectors?) {
        if let balance {
            let kernel = BalancedKernel(kernel, balance: balance, vectors: self.vectors)
            workers.sweep(graph, limit: limit, kernel: kernel, vectors: vectors)
        } else {
            workers.sweep(graph, limit: limit, kernel: kernel, vectors: vectors)
        }
    }

    func repair() {
        switch state.value.kernel {
        case .codes(let kernel): repair(kernel: kernel)
        case .float32(let kernel): repair(kernel: kernel)
        case .float16(let kernel): repair(kernel: kernel)
        }
    }

    private func repair<Kernel: DistanceKernel>(kernel: Kernel) {
        if let balance {
            workers.repair(graph, kernel: BalancedKernel(kernel, balance: balance, vectors: vectors))
        } else {
            workers.repair(graph, kernel: kernel)
        }
    }
}
