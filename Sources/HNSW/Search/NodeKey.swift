// SPDX-License-Identifier: Apache-2.0

/// A node and its distance in 64 bits that sort by (distance, node).
///
/// | bits  | content                                                               |
/// |-------|-----------------------------------------------------------------------|
/// | 63-32 | the distance's bits, changed so that they sort as unsigned integers   |
/// | 31-2  | the node                                                              |
/// | 1     | the view sees no vector of the node: it routes and is no result       |
/// | 0     | the node has been expanded                                            |
package struct NodeKey: Hashable, Comparable, Sendable, BitwiseCopyable {
    package var bits: UInt64

    static let expandedBit: UInt64 = 1
    static let routesOnlyBit: UInt64 = 2

    init(bits: UInt64) { self.bits = bits }

    init(distance: Float, node: Node, routesOnly: Bool = false) {
        let pattern = distance.bitPattern
        // Negative floats sort backwards, so all their bits are flipped. Of the others only the sign is.
        let flip = UInt32(bitPattern: Int32(bitPattern: pattern) >> 31) | 0x8000_0000
        bits = UInt64(pattern ^ flip) << 32 | UInt64(node.rawValue) << 2 | (routesOnly ? Self.routesOnlyBit : 0)
    }

    package var distance: Float {
        let sortable = UInt32(truncatingIfNeeded: bits >> 32)
        let flip = sortable & 0x8000_0000 != 0 ? 0x8000_0000 : 0xFFFF_FFFF as UInt32
        return Float(bitPattern: sortable ^ flip)
    }

    package var node: Node { Node(rawValue: UInt32(truncatingIfNeeded: bits) >> 2) }

    package var routesOnly: Bool { bits & Self.routesOnlyBit != 0 }

    /// The same node and distance without flags.
    var unflagged: NodeKey { NodeKey(bits: bits & ~(Self.expandedBit | Self.routesOnlyBit)) }

    var isExpanded: Bool { bits & Self.expandedBit != 0 }

    package static func < (a: NodeKey, b: NodeKey) -> Bool { a.bits < b.bits }
}
