// SPDX-License-Identifier: Apache-2.0

/// The place of a vector: row `rawValue` of every tensor of its index.
package struct Slot: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// - Precondition: `index` is below ``maximumCount``.
    package init(index: Int) { rawValue = UInt32(index) }

    package var index: Int { Int(rawValue) }

    package static func < (a: Slot, b: Slot) -> Bool { a.rawValue < b.rawValue }

    /// The number alone, as messages name a slot.
    package var description: String { "\(rawValue)" }

    /// Slots that an index can have: search keys keep two bits of 32 for flags.
    package static let maximumCount = 1 << 30
}
