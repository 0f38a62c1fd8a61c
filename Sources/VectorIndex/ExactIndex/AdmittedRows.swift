// SPDX-License-Identifier: Apache-2.0

/// The vectors of an ``ExactIndex`` that a search may return.
struct AdmittedRows {
    /// A bit for each vector of a block.
    let words: [UInt64]

    /// Bits that are set.
    let count: Int
}

extension ExactRows {
    /// All that are not removed.
    var admitted: AdmittedRows { AdmittedRows(words: live, count: directory.count) }

    /// Those that a filter admits. Linear in the filter's keys; with a predicate, in the number of vectors.
    func admitted(by filter: KeyFilter) -> AdmittedRows {
        let size = Float32BlockKernel.blockSize
        var words: [UInt64]
        func slots(of keys: [UInt64]) -> [(block: Int, bit: UInt64)] {
            keys.compactMap { key in
                directory.slot(of: key).map { ($0.index / size, 1 << UInt64($0.index % size)) }
            }
        }
        switch filter.rule.kind {
        case .only(let keys):
            words = [UInt64](repeating: 0, count: live.count)
            for (block, bit) in slots(of: keys) { words[block] |= bit }
        case .excluding(let keys):
            words = live
            for (block, bit) in slots(of: keys) { words[block] &= ~bit }
        case .predicate(let admits):
            words = live
            for index in 0..<vectors.count where isLive(Slot(index: index)) {
                guard !admits(directory.key(of: Slot(index: index))) else { continue }
                words[index / size] &= ~(1 << UInt64(index % size))
            }
        }
        return AdmittedRows(words: words, count: words.reduce(0) { $0 + $1.nonzeroBitCount })
    }
}
