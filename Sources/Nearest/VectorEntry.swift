// SPDX-License-Identifier: Apache-2.0

/// A vector with the id it is known by and what it carries.
public struct VectorEntry: Sendable, Hashable, Codable {
    /// Any string; one entry a database has it.
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

/// One result of a search in a ``VectorDatabase``.
public struct SearchResult: Sendable, Hashable {
    /// The entry's id.
    public let id: String

    /// The metric's value (``Metric``): smaller is nearer.
    public let distance: Float
    /// What the entry carries.
    public let metadata: Metadata

    /// The stored vector, shared and not copied, if the search asked for vectors.
    public let vector: SharedVector?
}
