// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Foundation
import Nearest
import Synchronization

/// Threads that search an index without pause while this one writes, or waits.
struct SearchLoad {
    let index: HNSWIndex
    let inputs: SearchInputs
    let k: Int
    let ef: Int
    let readers: Int

    /// How long is measured, if the writer does not end before.
    let seconds: Double

    struct Measurement {
        /// Of every search, ascending.
        var latencies: [Duration]
        var seconds: Double
        var inserted: Int

        var vectorsPerSecond: Double { Double(inserted) / seconds }
        var queriesPerSecond: Double { Double(latencies.count) / seconds }

        func microseconds(_ fraction: Double) -> Double { percentile(latencies, fraction).seconds * 1e6 }
    }

    /// What the threads share.
    private final class Shared: Sendable {
        let isOver = Atomic(false)
        let latencies = Mutex<[Duration]>([])
        let failure = Mutex<VectorIndexError?>(nil)
    }

    /// Searches until the time is over.
    ///
    /// - Parameter write: called over and over, on this thread; returns how many vectors it inserted, nil when it has none left.
    ///   Without it, this thread sleeps.
    func measure(write: (() throws(VectorIndexError) -> Int?)? = nil) throws -> Measurement {
        let shared = Shared()
        let group = DispatchGroup()
        for reader in 0..<readers {
            group.enter()
            // Threads of their own: a queue has no more of them than the machine has cores.
            Thread.detachNewThread { [self] in
                search(from: reader, shared)
                group.leave()
            }
        }
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        var inserted = 0
        defer {
            shared.isOver.store(true, ordering: .relaxed)
            group.wait()
        }
        if let write {
            while ContinuousClock.now < end, let count = try write() { inserted += count }
        } else {
            Thread.sleep(forTimeInterval: seconds)
        }
        let elapsed = (ContinuousClock.now - start).seconds
        shared.isOver.store(true, ordering: .relaxed)
        group.wait()
        if let failure = shared.failure.withLock({ $0 }) { throw failure }
        return Measurement(
            latencies: shared.latencies.withLock { $0.sorted() }, seconds: elapsed, inserted: inserted)
    }

    /// Asks one query after another, beginning at `first`.
    private func search(from first: Int, _ shared: Shared) {
        var latencies: [Duration] = []
        latencies.reserveCapacity(Int(seconds * 100_000))
        var q = first % inputs.queryCount
        do throws(VectorIndexError) {
            while !shared.isOver.load(ordering: .relaxed) {
                let before = ContinuousClock.now
                _ = try index.search(
                    inputs.queries.span.extracting(inputs.queryRange(q)), k: k, effort: .candidates(ef))
                latencies.append(ContinuousClock.now - before)
                q = (q + 1) % inputs.queryCount
            }
        } catch { shared.failure.withLock { $0 = error } }
        shared.latencies.withLock { $0 += latencies }
    }
}
