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
            if let ids = catalog.read({ $0.ids(of: keys) }) { return ids }
            // An entry was removed between the two.
            sched_yield()
        }
    }

    /// Returns the entries with some ids as the database has them at one time; nil for each id that none has. See ``entry(for:)``.
    ///
    /// The ids of a large insertion become known 1,024 at a time as it ends: some may be known and others not yet.
    ///
    /// - Throws: ``VectorDatabaseError``: the index cannot be read.
    public func entries(for ids: [String]) throws(VectorDatabaseError) -> [VectorEntry?] {
        while true {
            let found = catalog.read { catalog in
                ids.map { id in catalog.key(of: id).map { ($0, catalog.record(of: $0)) } }
            }
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
        try writer.withLock { (writer) throws(VectorDatabaseError) in try writer.remove(ids) }
    }

    /// Removes every entry in one change.
    ///
    /// - Returns: the number of entries removed.
    /// - Throws: ``VectorDatabaseError``: the index cannot be changed.
    @discardableResult
    public func removeAll() throws(VectorDatabaseError) -> Int {
        try writer.withLock { (writer) throws(VectorDatabaseError) in try writer.removeAll() }
    }

    /// Gives an entry other metadata. The index is not changed. Returns whether there is an entry with the id.
    ///
    /// Searches that end later return the new metadata.
    ///
    /// - Throws: ``VectorDatabaseError/invalidMetadata(id:reason:)``
    @discardableResult
    public func updateMetadata(_ metadata: Metadata, for id: String) throws(VectorDatabaseError) -> Bool {
        try VectorEntry(id: id, vector: [], metadata: metadata).checkMetadata()
        return writer.withLock { $0.updateMetadata(metadata, for: id) }
    }
}
