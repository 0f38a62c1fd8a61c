// SPDX-License-Identifier: Apache-2.0

import HNSW

extension IndexWriter {
    /// From this many vectors on, they are given up for their codes. Fewer take 6 MB at 384 dimensions.
    private static var codesOnlyMinimumCount: Int { 4096 }

    /// Keeps whole the vectors of some nodes, which codes cannot tell from their neighbors. No edge leads to these nodes yet.
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

    /// Gives whole vectors up for their codes if options ask for it. Every vector is linked.
    ///
    /// If there is no memory for the codes, the vectors stay whole.
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
