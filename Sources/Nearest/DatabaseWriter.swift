// SPDX-License-Identifier: Apache-2.0

import VectorIndex

/// The right to change a database: who has the writer is alone in changing it, while others read.
///
/// The index learns of a change first. A record is there before its vector, and its id is known after.
struct DatabaseWriter: ~Copyable {
    let index: HNSWIndex
    var catalog = SharedValueWriter(Catalog())

    init(index: HNSWIndex) { self.index = index }

    /// Adds entries whose metadata can be kept: all or none.
    mutating func insert(
        contentsOf entries: [VectorEntry], threads: Int?, progress: BatchProgress
    ) throws(VectorDatabaseError) {
        try catalog.read { (catalog) throws(VectorDatabaseError) in try catalog.checkNew(entries) }
        let keys = addRecords(of: entries)
        do throws(VectorIndexError) {
            try index.insert(contentsOf: entries.map(\.vector), keys: keys, threads: threads, progress: progress)
        } catch {
            catalog.write { $0.removeRecords(of: keys[...]) }
            throw VectorDatabaseError(error, inserting: entries)
        }
        forEachPart(of: keys) { $0.publish($1) }
    }

    /// Adds entries whose metadata can be kept, and replaces those with their ids, in one change. Returns how many it replaced.
    mutating func upsert(
        contentsOf entries: [VectorEntry], threads: Int?, progress: BatchProgress
    ) throws(VectorDatabaseError) -> Int {
        try Catalog.checkDistinct(entries)
        let oldKeys = catalog.read { catalog in entries.compactMap { catalog.key(of: $0.id) } }
        let keys = addRecords(of: entries)
        do throws(VectorIndexError) {
            try index.typedChange(threads: threads, progress: progress, failure: { $0 }) {
                (change) throws(VectorIndexError) in
                change.remove(keys: oldKeys)
                try change.insert(contentsOf: entries.map(\.vector), keys: keys)
            }
        } catch {
            catalog.write { $0.removeRecords(of: keys[...]) }
            throw VectorDatabaseError(error, inserting: entries)
        }
        catalog.write { catalog in
            catalog.removeRecords(of: oldKeys[...])
            catalog.publish(keys[...])
        }
        return oldKeys.count
    }

    /// Removes the entries with some ids. Returns how many there were.
    mutating func remove(_ ids: [String]) throws(VectorDatabaseError) -> Int {
        try remove(keys: catalog.read { catalog in ids.compactMap { catalog.key(of: $0) } })
    }

    /// Removes every entry. Returns how many there were.
    mutating func removeAll() throws(VectorDatabaseError) -> Int { try remove(keys: index.keys) }

    private mutating func remove(keys: [UInt64]) throws(VectorDatabaseError) -> Int {
        let count = try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.remove(keys: keys) }
        forEachPart(of: keys) { $0.removeRecords(of: $1) }
        return count
    }

    /// Changes what the entry with an id carries. Returns whether there is one.
    mutating func updateMetadata(_ metadata: Metadata, for id: String) -> Bool {
        guard let key = catalog.read({ $0.key(of: id) }) else { return false }
        catalog.write { $0.setMetadata(metadata, of: key) }
        return true
    }

    /// Records entries under new keys, which it returns.
    private mutating func addRecords(of entries: [VectorEntry]) -> [UInt64] {
        var keys: [UInt64] = []
        keys.reserveCapacity(entries.count)
        forEachPart(of: entries) { keys += $0.addRecords(of: $1) }
        return keys
    }

    /// Changes the catalog a part of a batch at a time, so that reads need not wait for all of it.
    private mutating func forEachPart<Element>(
        of elements: [Element], _ change: (inout Catalog, ArraySlice<Element>) -> Void
    ) {
        for first in stride(from: 0, to: elements.count, by: 1024) {
            catalog.write { change(&$0, elements[first..<min(first + 1024, elements.count)]) }
        }
    }
}
