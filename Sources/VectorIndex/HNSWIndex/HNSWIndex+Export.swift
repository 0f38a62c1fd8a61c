// SPDX-License-Identifier: Apache-2.0

import HNSW

/// An index as other libraries keep it: live vectors only, each of them linked. Elements are numbered from 0.
package struct ExportedGraph: Sendable {
    /// The key of each element.
    package let keys: [UInt64]

    /// The vectors, one after the other; normalized under ``Metric/cosine``.
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
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.exportedGraph() }
    }

    /// All keys in ascending order, and the vectors in the same order, one after the other: normalized under ``Metric/cosine``, and
    /// decoded where only their codes are kept. Waits for a change that is under way.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a file that turns out to be damaged.
    package func contents() throws(VectorIndexError) -> (keys: [UInt64], vectors: [Float]) {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.contents() }
    }
}
