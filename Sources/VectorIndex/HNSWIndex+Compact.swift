// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Vectors from which on they are given up for their codes: twice as many as codes are learnt from, so that the codes suit
    /// others than the sample. Fewer are 6 MB at 384 dimensions.
    static var compactMinimumCount: Int { 4096 }

    /// Vectors that are whole while codes for them are not known to suit, at most; a batch may have more, until it is checked.
    static var maximumNewestCount: Int { 16_384 }

    /// Gives whole vectors up for their codes where that is asked for; the caller holds `writer`.
    ///
    /// Where memory for the codes is lacking, the vectors stay whole.
    func compactVectors() {
        guard !options.keepsVectors, let codes else { return }
        guard !vectors.isCompact else {
            if codesHistory.newSlots.isEmpty { vectors.releaseNewest() }
            return
        }
        guard vectors.count >= Self.compactMinimumCount, let compact = try? vectors.compacted(by: codes.matrix) else {
            return
        }
        setCodes(codes, vectors: compact)
        codesHistory.newSlots = []
    }

    /// Replaces the codes, and with them what compact vectors are stored as; false, and nothing is changed, where memory is
    /// lacking. The caller holds `writer`.
    func replaceCodes(by learnt: LearntCodes?) -> Bool {
        do throws(StorageError) {
            let stored =
                if !vectors.isCompact {
                    vectors
                } else if let learnt {
                    try vectors.compacted(by: learnt.matrix)
                } else {
                    try vectors.whole()
                }
            setCodes(learnt, vectors: stored)
            return true
        } catch {
            return false
        }
    }
}
