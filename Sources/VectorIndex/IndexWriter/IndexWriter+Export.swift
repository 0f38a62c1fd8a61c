// SPDX-License-Identifier: Apache-2.0

import HNSW

extension IndexWriter {
    /// The index as a graph of all its vectors; see ``HNSWIndex/exportedGraph()``.
    mutating func exportedGraph() throws(VectorIndexError) -> ExportedGraph {
        try requireVerified()
        compact()
        graph.repair(by: state.value.linkKernel)
        graph.commit()
        let linked = graph.linkedVectors()
        return ExportedGraph(
            keys: storage.directory.read { directory in linked.slots.map { directory.key(of: $0) } },
            vectors: values(of: linked.slots), entryPoint: linked.entryPoint, neighbors: linked.neighbors)
    }

    /// All keys in ascending order, and the vectors in the same order; see ``HNSWIndex/contents()``.
    func contents() throws(VectorIndexError) -> (keys: [UInt64], vectors: [Float]) {
        try requireVerified()
        let live = (0..<vectors.count).map(Slot.init(index:)).filter { !graph.isRemoved($0) }
        return storage.directory.read { directory in
            let slots = live.sorted { directory.key(of: $0) < directory.key(of: $1) }
            return (slots.map { directory.key(of: $0) }, values(of: slots))
        }
    }

    /// The vectors of some slots, one after the other.
    private func values(of slots: [Slot]) -> [Float] {
        let vector = vectors.shared(version: storage.graph.version.number)
        var values: [Float] = []
        values.reserveCapacity(slots.count * storage.dimensions)
        for slot in slots {
            vector(slot).withSpan { span in
                for i in span.indices { values.append(span[i]) }
            }
        }
        return values
    }
}
