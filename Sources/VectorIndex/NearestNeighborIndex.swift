// SPDX-License-Identifier: Apache-2.0

/// Holds vectors by key and answers which are nearest to a query.
///
/// Any method may be called from any thread. Searches run beside one another, changes are made one after the other; what a search
/// sees of a change under way, and whether it waits for it, is said at each index.
public protocol NearestNeighborIndex: Sendable {
    /// Values in every vector.
    var dimensions: Int { get }

    /// What "near" means.
    var metric: Metric { get }

    /// Vectors that are held.
    var count: Int { get }

    /// Adds a vector under a new key.
    ///
    /// - Parameter vector: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
    func insert(_ vector: Span<Float>, key: UInt64) throws(VectorIndexError)

    /// Removes a vector. Returns whether the key was there.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    @discardableResult
    func remove(key: UInt64) throws(VectorIndexError) -> Bool

    /// Returns the nearest vectors to a query, nearest first: `k`, or all if there are fewer.
    ///
    /// - Parameter query: `dimensions` finite values; under ``Metric/cosine`` not all zero.
    /// - Throws: ``VectorIndexError``: `k` is negative, or the query is not a vector of this index.
    func search(_ query: Span<Float>, k: Int) throws(VectorIndexError) -> [Neighbor]

    /// Whether the index holds a vector under the key.
    func contains(key: UInt64) -> Bool

    /// Returns the vector under the key, nil if it is not there; normalised under ``Metric/cosine``. An index that stores whole
    /// vectors as 32-bit floats shares it.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    func vector(for key: UInt64) throws(VectorIndexError) -> SharedVector?
}

/// One result of a search.
public struct Neighbor: Sendable, Hashable {
    /// The key under which the vector was inserted.
    public let key: UInt64

    /// The metric's value (``Metric``): smaller is nearer.
    public let distance: Float

    /// Makes a result.
    public init(key: UInt64, distance: Float) {
        self.key = key
        self.distance = distance
    }
}

extension NearestNeighborIndex {
    /// Whether the index holds no vector.
    public var isEmpty: Bool { count == 0 }

    /// Adds a vector under a new key; see ``insert(_:key:)-(Span<Float>,_)``.
    public func insert(_ vector: [Float], key: UInt64) throws(VectorIndexError) {
        try insert(vector.span, key: key)
    }

    /// Returns the nearest vectors to a query; see ``search(_:k:)-(Span<Float>,_)``.
    public func search(_ query: [Float], k: Int) throws(VectorIndexError) -> [Neighbor] {
        try search(query.span, k: k)
    }
}
