// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// Which slots a search may return, beside what their lifetimes say: one bit a slot.
///
/// The bits are right for vectors that were there when the filter was made. Slots are used again, so a vector that was born later is
/// judged by its key. A search takes its view after it has the filter.
package final class SlotFilter: @unchecked Sendable {
    // SAFETY: the bits are written before the filter is made, and read only from then on.
    private let words: AlignedBuffer<UInt64>

    /// Slots that have a bit.
    private let slotLimit: UInt32

    /// The version at which the bits were set.
    package let version: GraphVersion

    /// Vectors that were admitted at that version.
    package let matchCount: Int

    /// The admitted slots, ascending, where these are few; else nil.
    package let slots: [UInt32]?

    /// Whether a search may return the vector of a slot that was born after ``version``.
    private let admitsLater: @Sendable (Slot) -> Bool

    /// - Parameters:
    ///   - version: read before the first slot was looked at.
    ///   - words: a bit for each slot below `slotCount`: whether its vector was there at `version` and is admitted.
    package init(
        version: GraphVersion, slotCount: Int, words: consuming AlignedBuffer<UInt64>,
        admitsLater: @escaping @Sendable (Slot) -> Bool
    ) {
        self.version = version
        slotLimit = UInt32(slotCount)
        let wordCount = (slotCount + 63) / 64
        let count = (0..<wordCount).reduce(0) { $0 + words.base[$1].nonzeroBitCount }
        matchCount = count
        slots = count <= slotCount / 8 ? Self.slots(words.base, wordCount: wordCount, count: count) : nil
        self.words = words
        self.admitsLater = admitsLater
    }

    private static func slots(_ words: UnsafePointer<UInt64>, wordCount: Int, count: Int) -> [UInt32] {
        var slots: [UInt32] = []
        slots.reserveCapacity(count)
        for word in 0..<wordCount {
            var bits = words[word]
            while bits != 0 {
                slots.append(UInt32(word * 64 + bits.trailingZeroBitCount))
                bits &= bits - 1
            }
        }
        return slots
    }

    /// Whether a search may return a slot's vector.
    ///
    /// - Parameter born: since when the vector is there.
    @inline(__always)
    func admits(_ slot: Slot, born: UInt32) -> Bool {
        let isLater = born != Lifetime.everBorn && Int32(bitPattern: born &- version.short) > 0
        guard slot.rawValue < slotLimit, !isLater else { return admitsLater(slot) }
        return words.base[Int(slot.rawValue / 64)] >> UInt64(slot.rawValue % 64) & 1 == 1
    }
}
