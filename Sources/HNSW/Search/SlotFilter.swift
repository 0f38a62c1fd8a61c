// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// Which slots a search may return, beside what their lifetimes say: one bit a slot.
///
/// The bits are right for vectors that were there when the filter was made. Slots are used again, so a vector that was born later is
/// judged by its key. A search takes its view after it has the filter.
package final class SlotFilter: @unchecked Sendable {
    // SAFETY: the bits are written before the filter is made, and read only from then on.
    private let admitted: SlotBits

    /// The bits of nodes that have an admitted vector.
    let nodes: SlotBits

    /// The version at which the bits were set.
    package let version: GraphVersion

    /// Vectors that were admitted at that version.
    package let matchCount: Int

    /// The admitted slots, ascending, where these are few; else nil.
    package let slots: [UInt32]?

    private let admitsLater: @Sendable (Slot) -> Bool

    /// - Parameters:
    ///   - version: read before the first slot was looked at.
    ///   - words: a bit for each slot below `slotCount`: whether its vector was there at `version` and is admitted.
    ///   - graph: whose slots these are.
    ///   - admitsLater: whether a search may return the vector of a slot that was born after `version`.
    package init(
        version: GraphVersion, words: [UInt64], slotCount: Int, graph: HNSWGraph,
        admitsLater: @escaping @Sendable (Slot) -> Bool
    ) {
        precondition(words.count == (slotCount + 63) / 64)
        self.version = version
        let count = words.reduce(0) { $0 + $1.nonzeroBitCount }
        matchCount = count
        slots = count <= slotCount / 8 ? Self.slots(words, count: count) : nil
        admitted = SlotBits(words, slotCount: slotCount)
        nodes = SlotBits(graph.nodeBits(of: words, slotCount: slotCount), slotCount: slotCount)
        self.admitsLater = admitsLater
    }

    deinit {
        admitted.words.deallocate()
        nodes.words.deallocate()
    }

    private static func slots(_ words: [UInt64], count: Int) -> [UInt32] {
        var slots: [UInt32] = []
        slots.reserveCapacity(count)
        for word in words.indices {
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
        guard slot.rawValue < admitted.limit, !isLater else { return admitsLater(slot) }
        return admitted.contains(slot.rawValue)
    }
}

/// One bit a slot. Whoever makes it deallocates its words.
struct SlotBits {
    let words: UnsafeMutablePointer<UInt64>

    /// Slots from this one on have no bit.
    let limit: UInt32

    init(_ bits: [UInt64], slotCount: Int) {
        words = .allocate(capacity: max(bits.count, 1))
        limit = UInt32(slotCount)
        for (i, word) in bits.enumerated() { words[i] = word }
    }

    @inline(__always)
    func contains(_ slot: UInt32) -> Bool {
        slot < limit && words[Int(slot / 64)] >> UInt64(slot % 64) & 1 == 1
    }
}
