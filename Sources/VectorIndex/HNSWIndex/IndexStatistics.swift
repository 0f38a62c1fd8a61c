// SPDX-License-Identifier: Apache-2.0

import HNSW

/// What an index consists of, and the memory of its parts.
public struct IndexStatistics: Sendable, Hashable, Codable {
    /// Bytes of memory in use, without the memory of searches.
    public struct Bytes: Sendable, Hashable, Codable {
        /// Vectors as they are stored.
        public let vectors: Int

        /// Codes beside the vectors, or instead of them.
        public let codes: Int

        /// The graph; 0 in an ``ExactIndex``.
        public let graph: Int

        /// Keys, and the table that finds them.
        public let keys: Int

        /// All parts together.
        public var total: Int { vectors + codes + graph + keys }
    }

    /// Vectors that are held.
    public let count: Int

    /// Removed vectors whose memory no other vector has taken yet.
    public let removedCount: Int

    /// What vectors are compared by: never ``VectorCodes/automatic``.
    public let codesInUse: VectorCodes

    /// Nodes that have each level of the graph, from level 0 on; empty without a graph. Equal vectors share a node. A removed
    /// vector may still have one, which leads searches on.
    public let nodeCountByLevel: [Int]

    /// The memory of the parts.
    public let bytes: Bytes
}

extension HNSWIndex {
    /// What the index consists of. Linear in the number of vectors. Waits for a change under way.
    public var statistics: IndexStatistics {
        writer.withLock { $0.statistics }
    }
}

extension IndexWriter {
    /// What the index consists of.
    var statistics: IndexStatistics {
        let (vectors, codes) = (vectors, codes)
        return IndexStatistics(
            count: storage.count, removedCount: vectors.count - storage.count,
            codesInUse: codes?.quantizer.codes ?? .float32, nodeCountByLevel: graph.nodeCountByLevel,
            bytes: .init(
                vectors: vectors.usedBytes, codes: codes?.usedBytes ?? 0, graph: graph.usedBytes,
                keys: storage.directory.read { $0.usedBytes(slotCount: vectors.count) }))
    }
}

extension ExactIndex {
    /// What the index consists of.
    public var statistics: IndexStatistics { rows.read { $0.statistics } }
}

extension ExactRows {
    var statistics: IndexStatistics {
        IndexStatistics(
            count: directory.count, removedCount: vectors.count - directory.count,
            codesInUse: codes == nil ? .float32 : .int8, nodeCountByLevel: [],
            bytes: .init(
                vectors: vectors.usedBytes, codes: codes?.usedBytes ?? 0, graph: 0,
                keys: directory.usedBytes(slotCount: vectors.count)))
    }
}
