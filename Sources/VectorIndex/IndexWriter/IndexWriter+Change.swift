// SPDX-License-Identifier: Apache-2.0

import HNSW

extension IndexWriter {
    /// Removes the vector under a key. Returns whether it was there.
    mutating func remove(key: UInt64) throws(VectorIndexError) -> Bool {
        try requireVerified()
        guard let slot = storage.directory.read({ $0.slot(of: key) }) else { return false }
        graph.remove(slot)
        commit(inserted: 0, removed: 1) { directory in _ = directory.remove(key) }
        return true
    }

    /// Removes the vectors under some keys in one change. Returns how many were there.
    mutating func remove(keys: [UInt64]) throws(VectorIndexError) -> Int {
        try requireVerified()
        var removed: [UInt64] = []
        for key in keys {
            // A key that is named twice is still known.
            guard let slot = storage.directory.read({ $0.slot(of: key) }), !graph.isRemoved(slot) else { continue }
            graph.remove(slot)
            removed.append(key)
        }
        guard !removed.isEmpty else { return 0 }
        commit(inserted: 0, removed: removed.count) { directory in
            for key in removed { _ = directory.remove(key) }
        }
        return removed.count
    }

    /// Removes every vector in one change. Returns how many there were.
    mutating func removeAll() throws(VectorIndexError) -> Int {
        let slots = storage.graph.admittedSlots(in: graph.pendingView)
        return try remove(keys: slots.map { storage.keyBySlot.base[Int($0)] })
    }

    /// Unlinks every removed vector.
    mutating func compact() {
        waitForReaders()
        let moved = graph.moveMembers(oldestReader: storage.graph.version, atLeast: 1)
        if !moved.isEmpty {
            publish(moved) { _ in }
            waitForReaders()
        }
        graph.compact(by: state.value.linkKernel, threads: Processors.count)
        graph.commit()
        waitForReaders()
    }

    /// Overwrites what the index keeps of removed vectors. Returns how many are still held and were not overwritten.
    mutating func secureErase() throws(VectorIndexError) -> Int {
        try requireVerified()
        compact()
        let slots = graph.freeSlots(oldestReader: oldestHolder)
        storage.directory.read { directory in
            for slot in slots {
                vectors.erase(slot)
                codes?.erase(slot)
                directory.assign(0, to: slot)
            }
        }
        return graph.freeSlotCount - slots.count
    }

    /// Ends a change.
    ///
    /// - Parameter enterKeys: makes keys known, or forgets them.
    mutating func commit(inserted: Int, removed: Int, enterKeys: (inout KeyDirectory) -> Void) {
        let oldestReader = storage.readers.oldest(present: storage.graph.version)
        graph.sweep(after: inserted + removed, oldestReader: oldestReader, by: state.value.linkKernel)
        publish(graph.moveMembers(oldestReader: oldestReader), enterKeys: enterKeys)
        state.releaseRetired(oldestReader: storage.readers.oldest(present: storage.graph.version))
        storage.liveCount.add(inserted - removed, ordering: .releasing)
        storage.insertedCount.add(inserted, ordering: .relaxed)
    }

    /// Makes the graph's next version current, and its keys known, in one step for lookups by key. They find a moved vector in its
    /// old slot or in its new one.
    private mutating func publish(_ moved: [MovedMember], enterKeys: (inout KeyDirectory) -> Void) {
        // No search of an older version reads the keys of slots that are moved to.
        storage.directory.read { directory in
            for each in moved { directory.assign(directory.key(of: each.from), to: each.to) }
        }
        directory.write { directory in
            graph.commit()
            enterKeys(&directory)
            for each in moved { directory.move(directory.key(of: each.from), to: each.to) }
        }
    }
}
