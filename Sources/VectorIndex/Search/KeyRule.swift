// SPDX-License-Identifier: Apache-2.0

import HNSW

/// How a filter says which keys it admits.
final class KeyRule: Sendable {
    enum Kind: Sendable {
        case only([UInt64])
        case excluding([UInt64])
        case predicate(@Sendable (UInt64) -> Bool)
    }

    private let kind: Kind

    /// The keys as a set, made when one of them is first looked for.
    private let keySet = Guarded<Set<UInt64>?>(nil)

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
    ///   - mark: sets the bits of the slots of some keys; called with a few thousand keys at a time.
    ///   - key: the key of a slot whose vector is there.
    func admitted(
        among present: () -> [UInt64], mark: (ArraySlice<UInt64>, inout [UInt64]) -> Void, key: (Slot) -> UInt64
    ) -> [UInt64] {
        var words = present()
        func named(_ keys: [UInt64]) -> [UInt64] {
            var named = [UInt64](repeating: 0, count: words.count)
            for first in stride(from: 0, to: keys.count, by: 4096) {
                mark(keys[first..<min(first + 4096, keys.count)], &named)
            }
            return named
        }
        switch kind {
        case .only(let keys):
            for (i, bits) in named(keys).enumerated() { words[i] &= bits }
        case .excluding(let keys):
            for (i, bits) in named(keys).enumerated() { words[i] &= ~bits }
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
