// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// Vectors from which on they are given up for their codes. Fewer are 6 MB at 384 dimensions.
    static var compactMinimumCount: Int { 4096 }

    /// Keeps vectors of the batch under way whole that codes cannot tell from their neighbors; nothing leads to their nodes yet. The
    /// caller holds `writer`.
    func keepWhole(_ slots: [UInt32]) {
        guard !options.keepsVectors, !slots.isEmpty else { return }
        if vectors.isCompact {
            for slot in slots { vectors.keepWhole(Slot(slot)) }
        } else {
            indistinctSlots.formUnion(slots)
        }
    }

    /// Gives whole vectors up for their codes where that is asked for; the caller holds `writer`, and every vector is linked.
    ///
    /// Where memory for the codes is lacking, the vectors stay whole.
    func compactVectors() {
        guard !options.keepsVectors, let codes else { return }
        guard !vectors.isCompact else { return vectors.releaseNewest() }
        guard vectors.count >= Self.compactMinimumCount else { return }
        let kept = indistinctSlots.filter { !graph.isRemoved(Slot($0)) }.sorted()
        guard let compact = try? vectors.compacted(by: codes, keeping: kept) else { return }
        workers.releaseStored()
        setCodes(codes, vectors: compact)
        indistinctSlots = []
    }
}
