// SPDX-License-Identifier: Apache-2.0

/// Which entry is under which key of the index.
///
/// A record is found by key from before its vector enters the index; by id once it is published, after the vector has.
struct Catalog {
    struct Record {
        var id: String
        var metadata: Metadata
    }

    private var keyByID: [ID: UInt64] = [:]
    private var recordByKey: [UInt64: Record] = [:]
    private var nextKey: UInt64 = 0

    /// Published entries.
    var count: Int { keyByID.count }

    func key(of id: String) -> UInt64? { keyByID[ID(id)] }

    func record(of key: UInt64) -> Record? { recordByKey[key] }

    /// The ids of some keys; nil if an entry is no more.
    func ids(of keys: [UInt64]) -> [String]? {
        var ids: [String] = []
        ids.reserveCapacity(keys.count)
        for key in keys {
            guard let record = record(of: key) else { return nil }
            ids.append(record.id)
        }
        return ids
    }

    /// Throws the first id that is present or named twice.
    func checkNew(_ entries: [VectorEntry]) throws(VectorDatabaseError) {
        for entry in entries where keyByID[ID(entry.id)] != nil { throw .duplicateID(entry.id) }
        try Self.checkDistinct(entries)
    }

    /// Throws the first id that is named twice.
    static func checkDistinct(_ entries: [VectorEntry]) throws(VectorDatabaseError) {
        var seen = Set<ID>(minimumCapacity: entries.count)
        for entry in entries where !seen.insert(ID(entry.id)).inserted { throw .repeatedID(entry.id) }
    }

    /// Records entries under new keys, which it returns.
    mutating func addRecords(of entries: ArraySlice<VectorEntry>) -> [UInt64] {
        entries.map { entry in
            defer { nextKey += 1 }
            recordByKey[nextKey] = Record(id: entry.id, metadata: entry.metadata)
            return nextKey
        }
    }

    /// Makes recorded entries known by their ids.
    mutating func publish(_ keys: ArraySlice<UInt64>) {
        for key in keys {
            if let id = recordByKey[key]?.id { keyByID[ID(id)] = key }
        }
    }

    /// Changes what an entry carries.
    mutating func setMetadata(_ metadata: Metadata, of key: UInt64) { recordByKey[key]?.metadata = metadata }

    mutating func removeRecords(of keys: ArraySlice<UInt64>) {
        for key in keys {
            guard let record = recordByKey.removeValue(forKey: key), keyByID[ID(record.id)] == key else { continue }
            keyByID[ID(record.id)] = nil
        }
    }
}
