// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How a filter says which keys it admits.
final class KeyRule: Sendable {
    enum Kind: Sendable {
        case only([UInt64])
        case excluding([UInt64])
        case predicate(@Sendable (UInt64) -> Bool)
    }

    private let kind: Kind

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

    /// One bit a slot, 64 in a word: whether its vector is there and its key admitted.
    ///
    /// - Parameters:
    ///   - present: the same of vectors that are there.
    ///   - slots: the slots of those of some keys whose vectors are there; called with a few thousand keys at a time.
    ///   - key: the key of a slot whose vector is there.
    func admitted(among present: () -> [UInt64], slots: (ArraySlice<UInt64>) -> [Slot], key: (Slot) -> UInt64)
        -> [UInt64]
    {
        var words = present()
        func mark(_ keys: [UInt64], _ isAdmitted: Bool) {
            for first in stride(from: 0, to: keys.count, by: 4096) {
                for slot in slots(keys[first..<min(first + 4096, keys.count)]) {
                    let bit = UInt64(1) << UInt64(slot.index % 64)
                    if isAdmitted { words[slot.index / 64] |= bit } else { words[slot.index / 64] &= ~bit }
                }
            }
        }
        switch kind {
        case .only(let keys):
            words = [UInt64](repeating: 0, count: words.count)
            mark(keys, true)
        case .excluding(let keys):
            mark(keys, false)
        case .predicate(let admits):
            for word in words.indices {
                var left = words[word]
                while left != 0 {
                    let bit = left & ~(left - 1)
                    if !admits(key(Slot(index: word * 64 + left.trailingZeroBitCount))) { words[word] &= ~bit }
                    left &= ~bit
                }
            }
        }
        return words
    }
}
