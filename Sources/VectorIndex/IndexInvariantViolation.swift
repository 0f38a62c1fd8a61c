// SPDX-License-Identifier: Apache-2.0

import HNSW

/// A fact that must hold of every index and does not. The cause is a defect of this library, or of the memory.
public enum IndexInvariantViolation: NearestError, Hashable {
    /// The index was opened from a damaged file.
    case file(VectorIndexError)

    /// Edges, levels or duplicates of the graph are wrong.
    case graph(reason: String)

    /// The slot of a vector has a key that leads to another slot or to none.
    case key(UInt64, slot: Int)

    /// Vectors, keys and the count of the index differ.
    case count(vectors: Int, keys: Int, counted: Int)

    /// The name of what is wrong (``NearestError/code``).
    public var code: String {
        switch self {
        case .file(let error): error.code
        case .graph: "graph-invariant"
        case .key: "key-invariant"
        case .count: "count-invariant"
        }
    }

    /// Says in one line what is wrong.
    public var description: String {
        switch self {
        case .file(let error): error.description
        case .graph(let reason): reason
        case .key(let key, let slot): "slot \(slot) and key \(key) do not match"
        case .count(let vectors, let keys, let counted): "\(vectors) vectors, \(keys) keys, counted \(counted)"
        }
    }
}
