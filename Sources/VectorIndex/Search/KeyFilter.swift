// SPDX-License-Identifier: Apache-2.0

import HNSW

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
    private let prepared = Guarded<[ObjectIdentifier: PreparedFilter]>([:])

    private init(_ rule: KeyRule.Kind) { self.rule = KeyRule(rule) }

    /// Admits these keys. Keys that an index does not hold are left out.
    public convenience init(only keys: some Sequence<UInt64>) { self.init(.only(Array(keys))) }

    /// Admits all keys but these.
    public convenience init(excluding keys: some Sequence<UInt64>) { self.init(.excluding(Array(keys))) }

    /// Admits the keys for which a predicate holds.
    ///
    /// - Parameter admits: always gives the same answer for a key. An ``HNSWIndex`` asks it once for each key that it holds when the
    ///   filter is prepared, and for later keys when a search comes to them. An ``ExactIndex`` asks for every key in every search.
    public convenience init(where admits: @escaping @Sendable (UInt64) -> Bool) { self.init(.predicate(admits)) }

    /// Whether the filter admits a key.
    public func admits(_ key: UInt64) -> Bool { rule.admits(key) }
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
        // Lifetimes tell versions apart that are less than this far from one another.
        let age = storage.graph.version.number - known.slots.version.number
        guard !isExact, age < 1 << 28 else { return false }
        return 32 * (storage.insertedCount.load(ordering: .relaxed) - known.insertedCount) <= storage.count
    }

    private func makeSlotFilter(for storage: IndexStorage) -> SlotFilter {
        let graph = storage.graph
        return storage.readers.read(graph) { _, version in
            let view = graph.view(at: version)
            // SAFETY: a key is written before a search can see its slot's vector, and a search asks for no other.
            nonisolated(unsafe) let keys = storage.keyBySlot
            let words = rule.admitted {
                graph.admittedBits(in: view)
            } mark: { keys, words in
                storage.directory.read { $0.mark(keys, in: &words) }
            } key: { slot in
                keys.base[slot.index]
            }
            return SlotFilter(version: version, words: words, slotCount: view.slotCount, graph: graph) { [rule] slot in
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
