// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// A slot that has edges.
///
/// It keeps the number itself, and loops use that: what another module computes of a ``Slot`` is a call, and a search with such calls
/// takes a quarter longer.
package struct Node: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    package let rawValue: UInt32

    /// The node in a slot that has edges.
    package init(_ slot: Slot) { rawValue = slot.rawValue }

    /// The node with the number that rows of edges and kernels use.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package var slot: Slot { Slot(bits: rawValue) }

    package var index: Int { Int(rawValue) }

    package static func < (a: Node, b: Node) -> Bool { a.rawValue < b.rawValue }

    /// The number alone, as messages name a node.
    package var description: String { "\(rawValue)" }
}

extension Slot {
    /// The slot of a number, without a call.
    init(bits: UInt32) {
        // SAFETY: a slot is its number, and nothing else.
        self = unsafeBitCast(bits, to: Slot.self)
    }

    /// The same as ``Slot/index``, without a call.
    var row: Int { Int(rawValue) }
}
