// SPDX-License-Identifier: Apache-2.0

/// Says why a database refused a call. The database is unchanged.
public enum VectorDatabaseError: NearestError, Hashable {
    /// An entry with this id is there already.
    case duplicateID(String)

    /// A batch has two entries with this id.
    case repeatedID(String)

    /// The entry's metadata cannot be kept.
    case invalidMetadata(id: String, reason: MetadataError)

    /// The entry's vector is not one of this database's.
    case invalidEntry(id: String, reason: VectorIndexError)

    /// The request has a ``KeyFilter`` or a ``SearchCursor``: a database has ids, and its index's keys are its own.
    case keyFilter

    /// The query is not a vector of this database's, a parameter is outside its range, or the index cannot grow.
    case index(VectorIndexError)
}

extension VectorDatabaseError {
    /// The name of what is wrong (``NearestError/code``).
    public var code: String {
        switch self {
        case .duplicateID: "duplicate-id"
        case .repeatedID: "repeated-id"
        case .invalidMetadata(_, let reason): reason.code
        case .invalidEntry(_, let reason): reason.code
        case .keyFilter: "key-filter"
        case .index(let error): error.code
        }
    }

    /// Says in one line what is wrong.
    public var description: String {
        switch self {
        case .duplicateID(let id): "an entry with the id '\(id.shortened)' is already there"
        case .repeatedID(let id): "the batch has two entries with the id '\(id.shortened)'"
        case .invalidMetadata(let id, let reason): "entry '\(id.shortened)': \(reason)"
        case .invalidEntry(let id, let reason): "entry '\(id.shortened)': \(reason)"
        case .keyFilter: "the request has a filter or a cursor of keys, which a database does not have"
        case .index(let error): error.description
        }
    }
}

extension VectorEntry {
    /// Throws if a database cannot keep the metadata.
    func checkMetadata() throws(VectorDatabaseError) {
        for (name, value) in metadata {
            do { try value.check(name: name) } catch { throw .invalidMetadata(id: id, reason: error) }
        }
    }
}

extension VectorDatabaseError {
    /// Runs `body`, whose errors are the index's.
    static func wrap<Result>(_ body: () throws(VectorIndexError) -> Result) throws(VectorDatabaseError) -> Result {
        do { return try body() } catch { throw .index(error) }
    }

    /// Names the entry that the index refused, if it refused one for its vector.
    init(_ error: VectorIndexError, inserting entries: [VectorEntry]) {
        switch error {
        case .batchVector(let position, let reason):
            self = .invalidEntry(id: entries[position].id, reason: reason)
        case .dimensionMismatch, .nonFiniteValue, .valueOutOfRange, .magnitudeTooLarge, .zeroVector:
            self = entries.count == 1 ? .invalidEntry(id: entries[0].id, reason: error) : .index(error)
        default:
            self = .index(error)
        }
    }
}
