// SPDX-License-Identifier: Apache-2.0

/// Which key is in which slot.
struct KeyDirectory: ~Copyable {
    /// The key of each slot. An entry is written before its slot is published.
    let keyBySlot: Tensor<UInt64>

    private var slotByKey: [UInt64: UInt32] = [:]

    init(capacity: Int) throws(StorageError) {
        keyBySlot = try Tensor(stride: 1, rows: capacity)
    }

    /// Keys that are present.
    var count: Int { slotByKey.count }

    func key(of slot: Slot) -> UInt64 { keyBySlot.base[slot.index] }

    func slot(of key: UInt64) -> Slot? { slotByKey[key].map(Slot.init) }

    /// Makes slots `0..<slotCount` usable, and room for `additional` more keys.
    mutating func ensure(slotCount: Int, additional: Int) throws(StorageError) {
        try keyBySlot.ensure(rows: slotCount)
        // Asked one by one, an exact reservation would move the table at every insertion.
        if additional > 1 { slotByKey.reserveCapacity(slotByKey.count + additional) }
    }

    /// Writes down the key of a slot that no search knows yet.
    func assign(_ key: UInt64, to slot: Slot) { keyBySlot.base[slot.index] = key }

    /// Makes a key known whose slot has been assigned.
    mutating func publish(_ key: UInt64, _ slot: Slot) { slotByKey[key] = slot.rawValue }

    mutating func set(_ key: UInt64, _ slot: Slot) {
        assign(key, to: slot)
        publish(key, slot)
    }

    mutating func remove(_ key: UInt64) -> Slot? { slotByKey.removeValue(forKey: key).map(Slot.init) }

    /// An estimate of the memory in use: 8 bytes a slot, and 16 an entry of a table that is three quarters full.
    func approximateBytes(slotCount: Int) -> Int { slotCount * 8 + slotByKey.count * 16 * 4 / 3 }

    /// Throws the first of `keys` that is present or named twice.
    func checkNew(_ keys: [UInt64]) throws(VectorIndexError) {
        for key in keys where slotByKey[key] != nil { throw .duplicateKey(key) }
        guard keys.count > 1 else { return }
        var seen = Set<UInt64>(minimumCapacity: keys.count)
        for key in keys where !seen.insert(key).inserted { throw .duplicateKey(key) }
    }
}
