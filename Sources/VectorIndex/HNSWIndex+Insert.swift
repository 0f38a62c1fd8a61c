// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

extension HNSWIndex {
    public func insert(_ vector: Span<Float>, key: UInt64) throws(VectorIndexError) {
        try insertBatch(vector, keys: [key], threads: 1)
    }

    /// Adds many vectors, all or none: an error leaves the index unchanged.
    ///
    /// The graph is the same for any number of threads. Searches go on meanwhile and may see a part of the batch.
    ///
    /// - Parameters:
    ///   - values: the vectors one after the other, `keys.count` × `dimensions` values.
    ///   - keys: the key of each vector.
    ///   - threads: threads to use, 1 to 1,024; nil uses every core.
    ///   - progress: called now and then with the number of vectors linked so far, on the calling thread.
    /// - Throws: ``VectorIndexError``
    public func insertBatch(
        _ values: Span<Float>, keys: [UInt64], threads: Int? = nil, progress: (Int) -> Void = { _ in }
    ) throws(VectorIndexError) {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        guard values.count == keys.count * dimensions else {
            if keys.count == 1 { throw .dimensionMismatch(expected: dimensions, found: values.count) }
            throw .batchMismatch(keys: keys.count, values: values.count, dimensions: dimensions)
        }
        guard !keys.isEmpty else { return }
        let result = values.withUnsafeBufferPointer { values in
            // SAFETY: the span outlives this call, which the closure does not.
            nonisolated(unsafe) let values = values
            return writer.withLock { _ in
                Result { () throws(VectorIndexError) in
                    try insertAlone(values, keys: keys, threads: threads, progress: progress)
                }
            }
        }
        try result.get()
    }

    /// Adds checked vectors; the caller holds `writer`.
    private func insertAlone(
        _ values: UnsafeBufferPointer<Float>, keys: [UInt64], threads: Int, progress: (Int) -> Void
    ) throws(VectorIndexError) {
        try directory.checkNew(keys)
        var prepared = PreparedVector(dimensions: dimensions)
        for i in keys.indices { try prepared.prepare(vector(i, of: values), kernel: kernel) }
        try access.write { () throws(VectorIndexError) in
            try VectorIndexError.wrap { () throws(StorageError) in
                try vectors.ensure(additional: keys.count)
                try graph.ensure(additional: keys.count)
                try directory.ensure(slotCount: vectors.count + keys.count, additional: keys.count)
            }
        }
        let nodes = try add(values, keys: keys, prepared: &prepared)
        link(nodes, threads: min(threads, max(1, nodes.count / 8)), progress: progress)
    }

    /// Gives every vector a slot; returns those that became nodes of the graph.
    private func add(
        _ values: UnsafeBufferPointer<Float>, keys: [UInt64], prepared: inout PreparedVector
    ) throws(VectorIndexError) -> [UInt32] {
        var nodes: [UInt32] = []
        nodes.reserveCapacity(keys.count)
        // A part at a time, so that searches need not wait for all of a large batch to be copied.
        for part in stride(from: 0, to: keys.count, by: 256) {
            try access.write { () throws(VectorIndexError) in
                for i in part..<min(part + 256, keys.count) {
                    try prepared.prepare(vector(i, of: values), kernel: kernel)
                    let slot = vectors.append(prepared.values)
                    if graph.add(slot, vectors: vectors) { nodes.append(slot.rawValue) }
                    directory.set(keys[i], slot)
                }
            }
        }
        return nodes
    }

    private func link(_ nodes: [UInt32], threads: Int, progress: (Int) -> Void) {
        let workers = LinkWorkers(count: threads, parameters: graph.parameters)
        var schedule = BatchSchedule(nodes, seed: options.seed)
        let isAlone = nodes.count == 1
        var linked = 0
        while let part = schedule.next(in: graph) {
            let edges = access.read { workers.plan(part, in: graph, kernel: kernel) }
            access.write {
                workers.link(edges, in: graph, keepsReached: isAlone, kernel: kernel)
                graph.finishLinking(part)
                if isAlone { workers.attachIfCutOff(nodes[0], in: graph, kernel: kernel) }
            }
            linked += part.count
            progress(linked)
        }
        guard nodes.count > 1 || isAlone && graph.isRepairDue else { return }
        access.write { workers.repair(&graph, kernel: kernel) }
    }

    private func vector(_ index: Int, of values: UnsafeBufferPointer<Float>) -> UnsafeBufferPointer<Float> {
        // SAFETY: the caller checked that `values` holds `keys.count` vectors, and `index` is below that count.
        UnsafeBufferPointer(rebasing: values[index * dimensions..<(index + 1) * dimensions])
    }
}
