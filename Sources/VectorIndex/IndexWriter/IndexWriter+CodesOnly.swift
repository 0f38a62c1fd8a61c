// SPDX-License-Identifier: Apache-2.0

import HNSW

extension IndexWriter {
    /// Vectors from which on they are given up for their codes. Fewer are 6 MB at 384 dimensions.
    private static var codesOnlyMinimumCount: Int { 4096 }

    /// Keeps vectors of the batch under way whole that codes cannot tell from their neighbors. No edge leads to their nodes yet.
    static func keepWhole(
        _ nodes: [Node], of vectors: StoredVectors, options: HNSWOptions, noting indistinctSlots: inout Set<Slot>
    ) {
        guard !options.keepsVectors, !nodes.isEmpty else { return }
        if vectors.isCodesOnly {
            for node in nodes { vectors.keepWhole(node.slot) }
        } else {
            indistinctSlots.formUnion(nodes.map(\.slot))
        }
    }

    /// Gives whole vectors up for their codes where that is asked for. Every vector is linked.
    ///
    /// Where memory for the codes is lacking, the vectors stay whole.
    mutating func giveUpVectors() {
        let present = state.value
        guard !storage.options.keepsVectors, let codes = present.codes else { return }
        guard !vectors.isCodesOnly else { return vectors.releaseNewest() }
        guard vectors.count >= Self.codesOnlyMinimumCount else { return }
        let kept = indistinctSlots.filter { !graph.isRemoved($0) }.sorted().map(\.rawValue)
        guard let codesOnly = try? vectors.codesOnly(by: codes, keeping: kept) else { return }
        graph.releaseStored()
        state.replace(
            SearchState(
                vectors: codesOnly, codes: codes, balance: present.balance, codesLearntCount: present.codesLearntCount,
                calibrated: present.calibrated),
            from: graph.nextVersion)
        indistinctSlots = []
    }
}
