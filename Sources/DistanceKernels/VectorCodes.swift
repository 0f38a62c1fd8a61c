// SPDX-License-Identifier: Apache-2.0

/// What a graph's vectors are compared by while it is searched.
public enum VectorCodes: String, Sendable, Hashable, CaseIterable, Codable {
    /// The vectors themselves.
    case none

    /// Eight bits a value.
    case int8

    /// Four bits a value.
    case int4

    /// Bytes that the codes of a vector take.
    package func byteCount(dimensions: Int) -> Int {
        switch self {
        case .none: 0
        case .int8: dimensions
        case .int4: (dimensions + 1) / 2
        }
    }
}
