// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// Which vectors a search may return, by their keys.
///
/// ```swift
/// let filter = KeyFilter(only: keysInStock)
/// let nearest = try index.search(query, k: 10, filter: filter)  // min(10, matches) results
/// ```
///
/// Keep a filter for as many searches as it serves. The first search with it, or ``HNSWIndex/prepare(_:)``, turns it into a bit for each
/// vector. It stays right while the index changes. One filter may serve several indexes.
public final class KeyFilter: Sendable {
    let rule: KeyRule

    /// What was prepared for each index.
    private let prepared = Mutex<[ObjectIdentifier: PreparedFilter]>([:])

    private init(_ rule: KeyRule.Kind) { self.rule = KeyRule(rule) }

    /// Admits these keys. Keys that an index does not hold are left out.
    public convenience init(only keys: some Sequence<UInt64>) { self.init(.only(Array(keys))) }

    /// Admits all keys but these.
    public convenience init(excluding keys: some Sequence<UInt64>) { self.init(.excluding(Array(keys))) }

    /// Admits the keys for which a predicate holds.
    ///
    /// - Parameter admits: always gives the same answer for a key. It is asked once for each key that an index holds when the filter is
    ///   prepared, and for keys that come later when a search comes to them.
    public convenience init(where admits: @escaping @Sendable (UInt64) -> Bool) { self.init(.predicate(admits)) }

    /// Whether the filter admits a key.
    public func admits(_ key: UInt64) -> Bool { rule.admits(key) }
}

/// How a filter says which keys it admits.
final class KeyRule: Sendable {
    enum Kind: Sendable {
        case only([UInt64])
        case excluding([UInt64])
        case predicate(@Sendable (UInt64) -> Bool)
    }

    let kind: Kind

    /// The keys as a set, made when one of them is first looked for.
    private let keySet = Mutex<Set<UInt64>?>(nil)

    init(_ kind: Kind) { self.kind = kind }

    func admits(_ key: UInt64) -> Bool {
        switch kind {
        case .only(let keys): contains(key, in: keys)
        case .excluding(let keys): !contains(key, in: keys)
        case .predicate(let admits): admits(key)
        }
    }

    private func contains(_ key: UInt64, in keys: [UInt64]) -> Bool {
        keySet.withLock { set in
            if set == nil { set = Set(keys) }
            return set?.contains(key) ?? false
        }
    }
}

extension KeyFilter: Hashable {
    /// Whether two are the same filter.
    public static func == (a: KeyFilter, b: KeyFilter) -> Bool { a === b }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// What was prepared of a filter for an index, which it does not keep.
private struct PreparedFilter: Sendable {
    weak let storage: IndexStorage?
    let slots: SlotFilter

    /// Vectors that had ever been inserted by then.
    let insertedCount: Int
}

extension KeyFilter {
    /// The filter as bits for an index.
    ///
    /// - Parameter isExact: whether ``SlotFilter/slots`` and ``SlotFilter/matchCount`` must be those of the present version.
    func slotFilter(for storage: IndexStorage, isExact: Bool) -> SlotFilter {
        let id = ObjectIdentifier(storage)
        let known = prepared.withLock { $0[id] }
        if let known, known.storage === storage, isFresh(known, storage, isExact: isExact) { return known.slots }
        let insertedCount = storage.insertedCount.load(ordering: .relaxed)
        let slots = makeSlotFilter(for: storage)
        prepared.withLock { prepared in
            prepared = prepared.filter { $0.value.storage != nil }
            prepared[id] = PreparedFilter(storage: storage, slots: slots, insertedCount: insertedCount)
        }
        return slots
    }

    /// Vectors that came since are judged by their keys, which takes longer: a few of them may.
    private func isFresh(_ known: PreparedFilter, _ storage: IndexStorage, isExact: Bool) -> Bool {
        if known.slots.version == storage.graph.version { return true }
        guard !isExact else { return false }
        return 32 * (storage.insertedCount.load(ordering: .relaxed) - known.insertedCount) <= storage.count
    }

    private func makeSlotFilter(for storage: IndexStorage) -> SlotFilter {
        let graph = storage.graph
        return storage.readers.read(graph) { _, version in
            let view = graph.view(at: version)
            let words = AlignedBuffer<UInt64>(capacity: (view.slotCount + 63) / 64, zero: 0)
            let bits = words.base
            func set(_ slot: Slot, _ isSet: Bool) {
                let bit = UInt64(1) << UInt64(slot.index % 64)
                if isSet { bits[slot.index / 64] |= bit } else { bits[slot.index / 64] &= ~bit }
            }
            /// Calls `body` with the slots of those keys that are there.
            func forEachSlot(of keys: [UInt64], _ body: (Slot) -> Void) {
                for first in stride(from: 0, to: keys.count, by: 4096) {
                    storage.directory.read { directory in
                        for key in keys[first..<min(first + 4096, keys.count)] {
                            guard let slot = directory.slot(of: key), slot.index < view.slotCount else { continue }
                            if graph.admits(slot, in: view) { body(slot) }
                        }
                    }
                }
            }
            switch rule.kind {
            case .only(let keys):
                forEachSlot(of: keys) { set($0, true) }
            case .excluding(let keys):
                for slot in graph.admittedSlots(in: view) { set(Slot(slot), true) }
                forEachSlot(of: keys) { set($0, false) }
            case .predicate(let admits):
                for slot in graph.admittedSlots(in: view) where admits(storage.keyBySlot.base[Int(slot)]) {
                    set(Slot(slot), true)
                }
            }
            // SAFETY: a key is written before a search can see its slot's vector, and a search asks for no other.
            nonisolated(unsafe) let keys = storage.keyBySlot
            return SlotFilter(version: version, slotCount: view.slotCount, words: words) { [rule] slot in
                rule.admits(keys.base[slot.index])
            }
        }
    }
}

extension HNSWIndex {
    /// Turns a filter into bits for this index now, so that the first search with it need not.
    ///
    /// - Complexity: linear in the filter's keys; with a predicate, or keys to leave out, in the number of vectors.
    public func prepare(_ filter: KeyFilter) { _ = filter.slotFilter(for: storage, isExact: true) }
}
