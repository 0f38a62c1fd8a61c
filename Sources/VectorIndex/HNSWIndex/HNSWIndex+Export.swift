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

    /// The elements that each element leads to, on each of its levels from 0 on: at most `M`, or `2 M` on level 0.
    package let neighbors: [[[UInt32]]]
}

extension HNSWIndex {
    /// The index as a graph of all its vectors, decoded where only their codes are kept. Compacts the index first, so that every
    /// vector can be reached. Waits for changes and searches that are under way.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    package func exportedGraph() throws(VectorIndexError) -> ExportedGraph {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.exportedGraph() }
    }

    /// All keys in ascending order, and the vectors in the same order, one after the other. Vectors are normalized under
    /// ``Metric/cosine``, and decoded where only their codes are kept. Waits for a change that is under way.
    ///
    /// - Throws: ``VectorIndexError``: the index was opened from a damaged file.
    package func contents() throws(VectorIndexError) -> (keys: [UInt64], vectors: [Float]) {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.contents() }
    }
}
