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
        precondition(Float32BlockKernel.blockSize == UInt64.bitWidth, "a word of bits a block")
        let words = filter.rule.admitted {
            live
        } mark: { keys, words in
            directory.mark(keys, in: &words)
        } key: { slot in
            directory.key(of: slot)
        }
        return AdmittedRows(words: words, count: words.reduce(0) { $0 + $1.nonzeroBitCount })
    }
}
