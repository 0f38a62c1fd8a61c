// SPDX-License-Identifier: Apache-2.0

/// One result of a search.
///
/// Neighbors are ordered by distance, then by key. Those with equal distances and keys are equal, with their vectors or without.
public struct Neighbor: Sendable {
    /// The key under which the vector was inserted.
    public let key: UInt64

    /// The metric's value (``Metric``): smaller is nearer.
    public let distance: Float

    /// The vector as it is stored, if the search included ``SearchFields/vectors``.
    public let vector: SharedVector?

    /// Makes a result.
    public init(key: UInt64, distance: Float, vector: SharedVector? = nil) {
        self.key = key
        self.distance = distance
        self.vector = vector
    }
}

extension Neighbor: Comparable, Hashable {
    /// Whether keys and distances are equal.
    public static func == (a: Neighbor, b: Neighbor) -> Bool { a.distance == b.distance && a.key == b.key }

    /// Whether a neighbor is nearer, or as near and has the smaller key.
    public static func < (a: Neighbor, b: Neighbor) -> Bool {
        a.distance == b.distance ? a.key < b.key : a.distance < b.distance
    }

    /// Hashes key and distance.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(key)
        hasher.combine(distance)
    }
}

extension Neighbor: Codable {
    private enum CodingKeys: CodingKey {
        case key, distance
    }

    /// Decodes key and distance; there is no vector.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            key: try values.decode(UInt64.self, forKey: .key),
            distance: try values.decode(Float.self, forKey: .distance))
    }

    /// Encodes key and distance, and not the vector.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(key, forKey: .key)
        try values.encode(distance, forKey: .distance)
    }
}

extension Neighbor: CustomStringConvertible {
    /// Key and distance.
    public var description: String { "\(key): \(distance)" }
}
