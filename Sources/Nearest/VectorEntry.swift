// SPDX-License-Identifier: Apache-2.0

/// A vector with the id it is known by and what it carries.
public struct VectorEntry: Sendable, Codable {
    /// Any string; one entry a database has it. Ids are the same if their UTF-8 is: "é" is another id than "e" with an accent that
    /// follows it, although Swift calls these strings equal.
    public var id: String

    /// As many finite values as the database has dimensions.
    public var vector: [Float]
    /// What the entry carries; may be empty.
    public var metadata: Metadata

    /// Makes an entry; what the vector must be is checked when it is inserted.
    public init(id: String, vector: [Float], metadata: Metadata = [:]) {
        self.id = id
        self.vector = vector
        self.metadata = metadata
    }
}

extension VectorEntry: Hashable {
    /// Whether ids have the same UTF-8, and vectors and metadata are equal.
    public static func == (a: VectorEntry, b: VectorEntry) -> Bool {
        ID(a.id) == ID(b.id) && a.vector == b.vector && a.metadata == b.metadata
    }

    /// Hashes what ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ID(id))
        hasher.combine(vector)
        hasher.combine(metadata)
    }
}

extension VectorEntry {
    /// Decodes an entry; one without metadata has none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        vector = try container.decode([Float].self, forKey: .vector)
        metadata = try container.decodeIfPresent(Metadata.self, forKey: .metadata) ?? [:]
    }
}

/// One result of a search in a ``VectorDatabase``. Encoded with its vector, if it has one.
public struct SearchResult: Sendable, Codable {
    /// The entry's id.
    public let id: String

    /// The metric's value (``Metric``): smaller is nearer.
    public let distance: Float
    /// What the entry carries.
    public let metadata: Metadata

    /// The stored vector, shared and not copied, if the search asked for vectors.
    public let vector: SharedVector?
}

extension SearchResult: Hashable {
    /// Whether ids have the same UTF-8, and distances, metadata and vectors are equal.
    public static func == (a: SearchResult, b: SearchResult) -> Bool {
        ID(a.id) == ID(b.id) && a.distance == b.distance && a.metadata == b.metadata && a.vector == b.vector
    }

    /// Hashes what ``==(_:_:)`` compares, but for the vector.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ID(id))
        hasher.combine(distance)
        hasher.combine(metadata)
    }
}
