// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Work that several threads share.
package enum Parallel {
    /// Calls `body` with the parts of `0..<count`, on several threads at once, and waits for all of them.
    ///
    /// - Parameters:
    ///   - size: numbers of a part; the last part may have fewer.
    ///   - threads: the most threads, at least 1. One is the calling thread alone.
    ///   - body: takes the number of its thread, below `threads`, and a part. It writes only what belongs to either.
    package static func forEachPart(
        of count: Int, size: Int, threads: Int, _ body: (_ thread: Int, _ part: Range<Int>) -> Void
    ) {
        precondition(count >= 0 && size > 0 && threads > 0)
        let partCount = (count + size - 1) / size
        @Sendable func part(_ number: Int) -> Range<Int> { number * size..<min((number + 1) * size, count) }
        guard threads > 1, partCount > 1 else {
            for number in 0..<partCount { body(0, part(number)) }
            return
        }
        let next = Atomic(0)
        withoutActuallyEscaping(body) { body in
            // SAFETY: every thread and every part is used by one thread, and the call ends before this one does.
            nonisolated(unsafe) let body = body
            DispatchQueue.concurrentPerform(iterations: min(threads, partCount)) { thread in
                while true {
                    let number = next.add(1, ordering: .relaxed).oldValue
                    guard number < partCount else { return }
                    body(thread, part(number))
                }
            }
        }
    }

    /// Calls `body` with the parts of `0..<count`, as ``forEachPart(of:size:threads:_:)`` does, until `progress` throws.
    ///
    /// - Parameter progress: takes how many numbers are done, on any thread.
    /// - Throws: `CancellationError` if `progress` has: some parts were left out.
    package static func forEachPart(
        of count: Int, size: Int, threads: Int, progress: (Int) throws(CancellationError) -> Void,
        _ body: (_ part: Range<Int>) -> Void
    ) throws(CancellationError) {
        let done = Atomic(0)
        let isCancelled = Atomic(false)
        forEachPart(of: count, size: size, threads: threads) { _, part in
            guard !isCancelled.load(ordering: .relaxed) else { return }
            body(part)
            do throws(CancellationError) {
                try progress(done.add(part.count, ordering: .relaxed).newValue)
            } catch {
                isCancelled.store(true, ordering: .relaxed)
            }
        }
        if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
    }
}
