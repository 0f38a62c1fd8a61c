// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Nearest
import Synchronization

/// Searches an index for every query of a set, and measures the time.
struct SearchBench {
    let inputs: SearchInputs
    let k: Int
    let threads: Int

    /// Whether one call answers all queries.
    let isBatch: Bool

    /// One pass over the queries.
    struct Measurement {
        var results: [[Neighbor]]

        /// From the start of the first query to the end of the last one, over all threads.
        var seconds: Double

        /// Of each query.
        var latencies: [Duration]
        var distanceCount: Int

        var queriesPerSecond: Double { seconds > 0 ? Double(results.count) / seconds : 0 }
    }

    func measure(_ index: HNSWIndex, ef: Int) throws -> Measurement {
        try isBatch ? measureBatch(index, ef: ef) : measureEach(index, ef: ef)
    }

    private func measureBatch(_ index: HNSWIndex, ef: Int) throws -> Measurement {
        var distances = 0
        let start = ContinuousClock.now
        let results = try index.search(
            each: inputs.queries.span, request: SearchRequest(k: k, effort: .candidates(ef)), threads: threads,
            distanceCount: &distances)
        let seconds = ContinuousClock.now - start
        let mean = seconds * threads / max(results.count, 1)
        return Measurement(
            results: results, seconds: seconds.seconds,
            latencies: [Duration](repeating: mean, count: results.count), distanceCount: distances)
    }

    private func measureEach(_ index: HNSWIndex, ef: Int) throws -> Measurement {
        let count = inputs.queryCount
        var results = [[Neighbor]](repeating: [], count: count)
        var latencies = [Duration](repeating: .zero, count: count)
        let distanceCount = Atomic(0)
        let failure = Mutex<VectorIndexError?>(nil)
        let start = ContinuousClock.now
        results.withUnsafeMutableBufferPointer { results in
            latencies.withUnsafeMutableBufferPointer { latencies in
                Parallel.forEachPart(of: count, size: 1, threads: threads) { _, part in
                    for q in part {
                        let before = ContinuousClock.now
                        var distances = 0
                        do throws(VectorIndexError) {
                            results[q] = try index.search(
                                inputs.queries.span.extracting(inputs.queryRange(q)),
                                request: SearchRequest(k: k, effort: .candidates(ef)),
                                distanceCount: &distances)
                        } catch {
                            failure.withLock { $0 = error }
                        }
                        latencies[q] = ContinuousClock.now - before
                        distanceCount.add(distances, ordering: .relaxed)
                    }
                }
            }
        }
        let seconds = (ContinuousClock.now - start).seconds
        if let error = failure.withLock({ $0 }) { throw error }
        return Measurement(
            results: results, seconds: seconds, latencies: latencies,
            distanceCount: distanceCount.load(ordering: .relaxed))
    }
}
