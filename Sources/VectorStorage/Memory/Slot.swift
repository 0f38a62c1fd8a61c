// SPDX-License-Identifier: Apache-2.0

/// The place of a vector: row `rawValue` of every tensor of its index.
package struct Slot: Hashable, Comparable, Sendable {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) { self.rawValue = rawValue }

    package var index: Int { Int(rawValue) }

    package static func < (a: Slot, b: Slot) -> Bool { a.rawValue < b.rawValue }

    /// Slots that an index can have: search keys keep two bits of 32 for flags.
    package static let maximumCount = 1 << 30
}
