// SPDX-License-Identifier: Apache-2.0

/// What a graph's vectors are compared by while it is searched.
public enum VectorCodes: String, Sendable, Hashable, CaseIterable, Codable {
    /// What the index chooses. An index never uses `automatic`: it uses one of the others.
    case automatic

    /// The vectors themselves.
    case float32

    /// Eight bits a value.
    case int8

    /// Four bits a value.
    case int4

    /// Those that an index can use: all but ``automatic``.
    package static let usable: [VectorCodes] = [.float32, .int8, .int4]

    /// Bytes that the codes of a vector take.
    package func byteCount(dimensions: Int) -> Int {
        switch self {
        case .automatic, .float32: 0
        case .int8: dimensions
        case .int4: (dimensions + 1) / 2
        }
    }
}
