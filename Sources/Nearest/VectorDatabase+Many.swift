// SPDX-License-Identifier: Apache-2.0

import VectorIndex

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension VectorDatabase {
    /// The parameters of the index.
    public var options: HNSWOptions { index.options }

    /// What the index consists of (``HNSWIndex/statistics``); ids and metadata are not counted. Waits for a change under way.
    public var statistics: IndexStatistics { index.statistics }

    /// The ids of all entries that the database has at one time, in no order that means anything. Linear in their number.
    public var ids: [String] {
        while true {
            let keys = index.keys
            if let ids = access.read({ ids(of: keys) }) { return ids }
            // An entry was removed between the two.
            sched_yield()
        }
    }

    /// nil if an entry is no more; the caller holds `access`.
    private func ids(of keys: [UInt64]) -> [String]? {
        var ids: [String] = []
        ids.reserveCapacity(keys.count)
        for key in keys {
            guard let record = catalog.record(of: key) else { return nil }
            ids.append(record.id)
        }
        return ids
    }

    /// Returns the entries with some ids as the database has them at one time; nil for each id that none has. See ``entry(for:)``.
    ///
    /// The ids of a large insertion become known 1,024 at a time as it ends: some may be known and others not yet.
    ///
    /// - Throws: ``VectorDatabaseError``: the index cannot be read.
    public func entries(for ids: [String]) throws(VectorDatabaseError) -> [VectorEntry?] {
        while true {
            let found = access.read { ids.map { id in catalog.key(of: id).map { ($0, catalog.record(of: $0)) } } }
            let keys = found.compactMap { $0?.0 }
            let vectors = try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.vectors(for: keys) }
            var rest = vectors[...]
            var entries: [VectorEntry?] = []
            for (id, each) in zip(ids, found) {
                guard let each else {
                    entries.append(nil)
                    continue
                }
                guard let record = each.1, let vector = rest.removeFirst() else { break }
                entries.append(VectorEntry(id: id, vector: Array(vector), metadata: record.metadata))
            }
            if entries.count == ids.count { return entries }
            // One was replaced or removed between the two, which the catalog is about to learn.
            sched_yield()
        }
    }

    /// Removes many entries in one change: a search finds all of them or none. Ids that no entry has are left out.
    ///
    /// - Returns: the number of entries removed.
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    @discardableResult
    public func remove(_ ids: [String]) throws(VectorDatabaseError) -> Int {
        try writer.withLock { _ throws(VectorDatabaseError) in try removeKeys(ids.compactMap { catalog.key(of: $0) }) }
    }

    /// Removes every entry in one change.
    ///
    /// - Returns: the number of entries removed.
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    @discardableResult
    public func removeAll() throws(VectorDatabaseError) -> Int {
        try writer.withLock { _ throws(VectorDatabaseError) in try removeKeys(index.keys) }
    }

    /// The caller holds `writer`.
    private func removeKeys(_ keys: [UInt64]) throws(VectorDatabaseError) -> Int {
        let count = try VectorDatabaseError.wrap { () throws(VectorIndexError) in try index.remove(keys: keys) }
        for first in stride(from: 0, to: keys.count, by: 1024) {
            access.write { catalog.removeRecords(of: Array(keys[first..<min(first + 1024, keys.count)])) }
        }
        return count
    }

    /// Gives an entry other metadata. The index is not changed. Returns whether there is an entry with the id.
    ///
    /// Searches that end later return the new metadata.
    ///
    /// - Throws: ``VectorDatabaseError/invalidMetadata(id:reason:)``
    @discardableResult
    public func updateMetadata(_ metadata: Metadata, for id: String) throws(VectorDatabaseError) -> Bool {
        try VectorEntry(id: id, vector: [], metadata: metadata).checkMetadata()
        return writer.withLock { _ in
            guard let key = catalog.key(of: id) else { return false }
            access.write { catalog.setMetadata(metadata, of: key) }
            return true
        }
    }
}
