// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

extension HNSWIndex {
    /// Adds a vector of `dimensions` finite values under a new key.
    ///
    /// - Throws: ``VectorIndexError``, and the index is unchanged.
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
    ///   - progress: called now and then with the number of vectors linked so far, on the calling thread. It may search;
    ///     changing the index there is a programming error and traps.
    /// - Throws: ``VectorIndexError``: the number of values, a vector, a key or `threads` is not as it must be, or there is no
    ///   room. The refused vector of several is named by ``VectorIndexError/batchVector(position:reason:)``.
    public func insertBatch(
        _ values: Span<Float>, keys: [UInt64], threads: Int? = nil, progress: (Int) -> Void = { _ in }
    ) throws(VectorIndexError) {
        guard values.count == keys.count * dimensions else {
            if keys.count == 1 { throw .dimensionMismatch(expected: dimensions, found: values.count) }
            throw .batchMismatch(keys: keys.count, values: values.count, dimensions: dimensions)
        }
        try values.withUnsafeBufferPointer { (values) throws(VectorIndexError) in
            try insertBatch(keys: keys, threads: threads, progress: progress) {
                (i, prepared) throws(VectorIndexError) in
                // SAFETY: `values` holds `keys.count` vectors, checked above, and `i` is below that count.
                let vector = UnsafeBufferPointer(rebasing: values[i * dimensions..<(i + 1) * dimensions])
                try prepared.prepare(vector)
            }
        }
    }

    /// Adds many vectors, all or none; see ``insertBatch(_:keys:threads:progress:)-(Span<Float>,_,_,_)``.
    public func insertBatch(
        _ values: [Float], keys: [UInt64], threads: Int? = nil, progress: (Int) -> Void = { _ in }
    ) throws(VectorIndexError) {
        try insertBatch(values.span, keys: keys, threads: threads, progress: progress)
    }

    /// Adds many vectors, one for each key, all or none; see
    /// ``insertBatch(_:keys:threads:progress:)-(Span<Float>,_,_,_)``.
    public func insertBatch(
        _ vectors: some Collection<[Float]>, keys: [UInt64], threads: Int? = nil,
        progress: (Int) -> Void = { _ in }
    ) throws(VectorIndexError) {
        // Evaluated once, outside any lock: a lazy collection may give other vectors the next time, or ask this index.
        let vectors = Array(vectors)
        guard vectors.count == keys.count else {
            let values = vectors.reduce(0) { $0 + $1.count }
            throw .batchMismatch(keys: keys.count, values: values, dimensions: dimensions)
        }
        try insertBatch(keys: keys, threads: threads, progress: progress) { (i, prepared) throws(VectorIndexError) in
            let vector = vectors[i]
            try prepared.prepare(vector.span)
        }
    }

    /// Adds the vectors that `prepare` makes ready, by their positions.
    private func insertBatch(
        keys: [UInt64], threads: Int?, progress: (Int) -> Void,
        prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        let threads = threads ?? Processors.count
        try VectorIndexError.check("threads", threads, in: IndexLimits.threads)
        guard !keys.isEmpty else { return }
        try writer.withLock { _ throws(VectorIndexError) in
            try check(keys: keys, prepare: prepare)
            try access.write { () throws(VectorIndexError) in
                try VectorIndexError.wrap { () throws(StorageError) in
                    try vectors.ensure(additional: keys.count)
                    try codes?.matrix.ensure(additional: keys.count)
                    try graph.ensure(additional: keys.count)
                    try directory.ensure(slotCount: vectors.count + keys.count, additional: keys.count)
                }
            }
            let nodes = try add(keys, prepare: prepare)
            updateCodes()
            let threads = min(threads, max(1, nodes.count / 8))
            if let codes {
                link(nodes, kernel: codes.matrix.kernel, threads: threads, progress: progress)
            } else {
                link(nodes, kernel: kernel, threads: threads, progress: progress)
            }
        }
    }

    /// Throws what is wrong with the keys or the first vector that is refused; the caller holds `writer`.
    private func check(
        keys: [UInt64], prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        try directory.checkNew(keys)
        var prepared = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        for i in keys.indices {
            do throws(VectorIndexError) {
                try prepare(i, &prepared)
            } catch {
                throw keys.count == 1 ? error : .batchVector(position: i, reason: error)
            }
        }
    }

    /// Gives every vector a slot; returns those that became nodes of the graph. The caller holds `writer` and has checked the
    /// vectors.
    private func add(
        _ keys: [UInt64], prepare: (Int, inout PreparedVector) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) -> [UInt32] {
        var prepared = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        var nodes: [UInt32] = []
        nodes.reserveCapacity(keys.count)
        // A part at a time, so that searches need not wait for all of a large batch to be copied.
        for part in stride(from: 0, to: keys.count, by: 256) {
            try access.write { () throws(VectorIndexError) in
                for i in part..<min(part + 256, keys.count) {
                    try prepare(i, &prepared)
                    let slot = vectors.append(prepared.values)
                    codes?.matrix.append(prepared.values)
                    if graph.add(slot, vectors: vectors) { nodes.append(slot.rawValue) }
                    directory.set(keys[i], slot)
                }
            }
        }
        return nodes
    }

    private func link<Kernel: DistanceKernel>(
        _ nodes: [UInt32], kernel: Kernel, threads: Int, progress: (Int) -> Void
    ) {
        workers.use(threads: threads)
        var schedule = BatchSchedule(nodes, seed: options.seed)
        let isAlone = nodes.count == 1
        var linked = 0
        while true {
            if let heldOut = schedule.heldOut, isCalibrationDue { calibrate(heldOut: heldOut, threads: threads) }
            guard let part = schedule.next(in: graph) else { break }
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
}
