// SPDX-License-Identifier: Apache-2.0

import HNSW

/// Which key is in which slot.
struct KeyDirectory: ~Copyable, @unchecked Sendable {
    // SAFETY: there are no copies, and a ``SharedValue`` guards it.

    private var slots: SlotTable

    private static let sections = SlotTableSections(keys: .keys, places: .keyTable)

    init(capacity: Int) throws(StorageError) { slots = try SlotTable(capacity: capacity) }

    /// The keys of a file, `count` of them, in `slotCount` slots.
    init(capacity: Int, file: SnapshotFile, count: Int, slotCount: Int) throws(StorageError) {
        slots = try SlotTable(
            capacity: capacity, sections: Self.sections, of: file, count: count, slotCount: slotCount)
    }

    func save(to writer: SnapshotWriter, slotCount: Int) throws(SnapshotError) {
        try slots.save(to: writer, sections: Self.sections, slotCount: slotCount)
    }

    /// Proves that every key that is present is found, and that its slot holds a vector.
    func verify(holdsVector: (Slot) -> Bool) throws(SnapshotError) {
        try slots.verify(Self.sections) { (slot) throws(SnapshotError) in
            guard holdsVector(Slot(slot)) else { throw .missingVector(key: key(of: Slot(slot))) }
        }
    }

    /// The key of each slot. An entry is written before its slot is published.
    var keyBySlot: Tensor<UInt64> { slots.keys }

    /// Keys that are present.
    var count: Int { slots.count }

    func key(of slot: Slot) -> UInt64 { keyBySlot.base[slot.index] }

    func slot(of key: UInt64) -> Slot? { slots.slot(of: key) }

    /// Sets the bits of the slots of some keys, 64 slots in a word. Slots without a bit are left out.
    func mark(_ keys: ArraySlice<UInt64>, in words: inout [UInt64]) { slots.mark(keys, in: &words) }

    /// Makes slots `0..<slotCount` usable, and room for `additional` more keys.
    mutating func ensure(slotCount: Int, additional: Int) throws(StorageError) {
        try slots.ensure(slotCount: slotCount, additional: additional)
    }

    /// Writes the key of a slot that no search knows yet.
    func assign(_ key: UInt64, to slot: Slot) { keyBySlot.base[slot.index] = key }

    /// Makes the new key of a slot known.
    mutating func publish(_ slot: Slot) { slots.insert(slot) }

    mutating func set(_ key: UInt64, _ slot: Slot) {
        assign(key, to: slot)
        publish(slot)
    }

    /// Moves a known key to another slot.
    mutating func move(_ key: UInt64, to slot: Slot) {
        slots.remove(key)
        set(key, slot)
    }

    mutating func remove(_ key: UInt64) -> Slot? { slots.remove(key) }

    /// Bytes of keys and table.
    func usedBytes(slotCount: Int) -> Int { slots.usedBytes(slotCount: slotCount) }

    /// Throws the first of `keys` that is present or named twice.
    func checkNew(_ keys: [UInt64]) throws(VectorIndexError) {
        for key in keys where slot(of: key) != nil { throw .duplicateKey(key) }
        try Self.checkDistinct(keys)
    }

    /// Throws the first of `keys` that is named twice.
    static func checkDistinct(_ keys: [UInt64]) throws(VectorIndexError) {
        guard keys.count > 1 else { return }
        var seen = Set<UInt64>(minimumCapacity: keys.count)
        for key in keys where !seen.insert(key).inserted { throw .repeatedKey(key) }
    }
}
