// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Finds slots by keys of 64 bits: an open-addressing hash table (linear probing) of 4 bytes a place, at most three quarters full.
/// The key of each slot stands in a tensor beside it.
///
/// The places depend only on the keys and on the order in which they came. No content of the table or of the keys makes an
/// operation read outside them or run forever.
package struct SlotTable: ~Copyable {
    /// The key of each slot, written before the slot is inserted and kept until it is removed.
    package let keys: Tensor<UInt64>

    /// Slots in the table.
    package private(set) var count = 0

    /// 1 + a slot, or 0; as many as a power of two.
    private(set) var places: Tensor<UInt32>

    /// Keys that can be read: slots from this one on are in no place.
    private var slotLimit = 0

    private static var leastCapacity: Int { 16 }

    /// - Parameter capacity: the most slots that there can be.
    package init(capacity: Int) throws(StorageError) {
        let keys = try Tensor<UInt64>(stride: 1, rows: capacity)
        places = try Self.emptyPlaces(Self.leastCapacity)
        self.keys = keys
    }

    /// The table of a file.
    ///
    /// - Parameters:
    ///   - count: slots in the table.
    ///   - slotCount: slots that have a key.
    package init(
        capacity: Int, sections: SlotTableSections, of file: SnapshotFile, count: Int, slotCount: Int
    ) throws(StorageError) {
        let (placeCount, rest) = file.length(sections.places).quotientAndRemainder(dividingBy: 4)
        guard rest == 0, placeCount >= Self.leastCapacity, placeCount.nonzeroBitCount == 1,
            (0...slotCount).contains(count), count * 4 <= placeCount * 3
        else {
            let reason = "\(count) of \(slotCount) slots in a table of \(placeCount) places"
            throw .snapshot(.malformed(section: sections.places.name, reason: reason))
        }
        let source = TensorSource.file(file)
        let keys: Tensor<UInt64> = try source.tensor(sections.keys, stride: 1, capacity: capacity, rows: slotCount)
        places = try source.tensor(sections.places, stride: 1, capacity: placeCount, rows: placeCount)
        self.keys = keys
        self.count = count
        slotLimit = slotCount
    }

    /// Appends the keys and the table to a snapshot.
    package func save(to writer: SnapshotWriter, sections: SlotTableSections, slotCount: Int) throws(SnapshotError) {
        try writer.append(sections.keys, keys, rows: slotCount)
        try writer.append(sections.places, places, rows: places.capacity)
    }

    /// Proves that the table holds ``count`` slots, each once, and finds each by its key.
    ///
    /// - Parameter check: throws if a slot may not be in the table.
    package func verify(
        _ sections: SlotTableSections, check: (UInt32) throws(SnapshotError) -> Void
    ) throws(SnapshotError) {
        var found = 0
        for place in 0..<places.capacity where places.base[place] != 0 {
            let slot = places.base[place] - 1
            // Found by its key at another place, it would be there twice.
            guard Int(slot) < slotLimit, probe(keys.base[Int(slot)]).found == place else {
                throw .malformed(section: sections.places.name, reason: "slot \(slot) at place \(place)")
            }
            try check(slot)
            found += 1
        }
        guard found == count else {
            throw .malformed(section: sections.places.name, reason: "\(found) slots; \(count) were counted")
        }
    }

    private static func emptyPlaces(_ count: Int) throws(StorageError) -> Tensor<UInt32> {
        let places = try Tensor<UInt32>(stride: 1, rows: count)
        try places.ensure(rows: count)
        return places
    }

    /// Bytes of keys and places.
    package func usedBytes(slotCount: Int) -> Int { slotCount * 8 + places.capacity * 4 }

    /// Makes the keys of slots `0..<slotCount` usable, and room for `additional` more slots in the table.
    package mutating func ensure(slotCount: Int, additional: Int) throws(StorageError) {
        try keys.ensure(rows: slotCount)
        slotLimit = max(slotLimit, slotCount)
        let wanted = count + additional
        guard wanted * 4 > places.capacity * 3 else { return }
        var capacity = places.capacity
        while wanted * 4 > capacity * 3 { capacity *= 2 }
        let old = places
        places = try Self.emptyPlaces(capacity)
        for place in 0..<old.capacity where old.base[place] != 0 {
            let slot = old.base[place] - 1
            if let empty = probe(keys.base[Int(slot)]).empty { places.base[empty] = slot + 1 }
        }
    }

    /// The slot with a key.
    package func slot(of key: UInt64) -> Slot? { probe(key).found.map { Slot(places.base[$0] - 1) } }

    /// Sets the bits of the slots of some keys, 64 slots in a word. Slots without a bit are left out.
    package func mark(_ wanted: ArraySlice<UInt64>, in words: inout [UInt64]) {
        wanted.withUnsafeBufferPointer { wanted in
            words.withUnsafeMutableBufferPointer { words in
                // What a key needs is asked for in two steps: its place, then the key that stands there.
                for i in 0..<wanted.count + 2 * Self.keysAhead {
                    if i < wanted.count { prefetch(places.base + home(wanted[i])) }
                    let second = i - Self.keysAhead
                    if second >= 0, second < wanted.count {
                        // A key stands in its first or second place as a rule.
                        let place = home(wanted[second])
                        prefetch(keys.base + Int(max(places.base[place], 1) - 1))
                        prefetch(keys.base + Int(max(places.base[(place + 1) & mask], 1) - 1))
                    }
                    let third = second - Self.keysAhead
                    guard third >= 0, let slot = slot(of: wanted[third]) else { continue }
                    if slot.index / 64 < words.count { words[slot.index / 64] |= 1 << UInt64(slot.index % 64) }
                }
            }
        }
    }

    /// Keys whose places are asked for before they are looked at.
    private static var keysAhead: Int { 16 }

    /// Adds a slot, whose key is in ``keys`` and in no other slot of the table; ``ensure(slotCount:additional:)`` has made room.
    package mutating func insert(_ slot: Slot) {
        guard let empty = probe(keys.base[slot.index]).empty else { return }
        places.base[empty] = slot.rawValue + 1
        count += 1
    }

    /// Removes the slot with a key; returns it.
    @discardableResult
    package mutating func remove(_ key: UInt64) -> Slot? {
        guard var hole = probe(key).found else { return nil }
        let slot = Slot(places.base[hole] - 1)
        // What was put behind the hole because the hole was taken moves into it, so that probing never ends too soon.
        var place = hole
        for _ in 0..<places.capacity {
            place = (place + 1) & mask
            let stored = places.base[place]
            guard stored != 0, Int(stored) <= slotLimit else { break }
            let distance = (place - home(keys.base[Int(stored) - 1])) & mask
            guard distance >= (place - hole) & mask else { continue }
            places.base[hole] = stored
            hole = place
        }
        places.base[hole] = 0
        count -= 1
        return slot
    }

    private var mask: Int { places.capacity - 1 }

    private func home(_ key: UInt64) -> Int { Int(truncatingIfNeeded: Hashing.mix(key)) & mask }

    /// The place of a key, or the empty place where it would be put.
    private func probe(_ key: UInt64) -> (found: Int?, empty: Int?) {
        var place = home(key)
        for _ in 0..<places.capacity {
            let stored = places.base[place]
            if stored == 0 { return (nil, place) }
            if Int(stored) <= slotLimit, keys.base[Int(stored) - 1] == key { return (place, nil) }
            place = (place + 1) & mask
        }
        return (nil, nil)
    }
}

/// Where the two parts of a ``SlotTable`` stand in a snapshot.
package struct SlotTableSections: Sendable {
    let keys: SnapshotSection
    let places: SnapshotSection

    package init(keys: SnapshotSection, places: SnapshotSection) {
        self.keys = keys
        self.places = places
    }
}
