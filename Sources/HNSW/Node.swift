// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// A slot that has edges.
package struct Node: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    package let slot: Slot

    /// The node in a slot that has edges.
    package init(_ slot: Slot) { self.slot = slot }

    /// The node as a row of edges and a kernel know it.
    package init(rawValue: UInt32) { slot = Slot(rawValue) }

    package var rawValue: UInt32 { slot.rawValue }

    package var index: Int { slot.index }

    package static func < (a: Node, b: Node) -> Bool { a.rawValue < b.rawValue }

    /// The number alone, as messages name a node.
    package var description: String { slot.description }
}
