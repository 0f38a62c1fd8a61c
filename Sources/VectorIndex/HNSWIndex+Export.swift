// SPDX-License-Identifier: Apache-2.0

import HNSW

/// An index as other libraries keep it: live vectors only, each of them linked. Elements are numbered from 0.
package struct ExportedGraph: Sendable {
    /// The key of each element.
    package let keys: [UInt64]

    /// The vectors, one after the other; normalised under ``Metric/cosine``.
    package let vectors: [Float]

    /// An element of the highest level, where searches begin; nil without elements.
    package let entryPoint: Int?

    /// Elements: of each element, of each of its levels from 0 on, `M` of them at most, `2 M` on level 0.
    package let neighbors: [[[UInt32]]]
}

extension HNSWIndex {
    /// The index as a graph of all its vectors, decoded where only their codes are kept. The index is compacted first, and every
    /// vector can be reached then. Waits for changes and searches that are under way.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    package func exportedGraph() throws(VectorIndexError) -> ExportedGraph {
        try writer.withLock { _ throws(VectorIndexError) in
            try requireSound()
            compactAlone()
            repair()
            graph.commit()
            let linked = graph.linkedVectors()
            return ExportedGraph(
                keys: linked.slots.map { directory.key(of: $0) }, vectors: values(of: linked.slots),
                entryPoint: linked.entryPoint, neighbors: linked.neighbors)
        }
    }

    /// All keys in ascending order, and the vectors in the same order, one after the other: normalised under ``Metric/cosine``, and
    /// decoded where only their codes are kept. Waits for a change that is under way.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    package func contents() throws(VectorIndexError) -> (keys: [UInt64], vectors: [Float]) {
        try writer.withLock { _ throws(VectorIndexError) in
            try requireSound()
            let slots = (0..<UInt32(vectors.count)).map { Slot($0) }.filter { !graph.isRemoved($0) }
                .sorted { directory.key(of: $0) < directory.key(of: $1) }
            return (slots.map { directory.key(of: $0) }, values(of: slots))
        }
    }

    /// The vectors of some slots, one after the other; the caller holds `writer`.
    private func values(of slots: [Slot]) -> [Float] {
        let vector = vectors.shared(version: graph.version.number)
        var values: [Float] = []
        values.reserveCapacity(slots.count * dimensions)
        for slot in slots {
            vector(slot).withSpan { span in
                for i in span.indices { values.append(span[i]) }
            }
        }
        return values
    }
}
