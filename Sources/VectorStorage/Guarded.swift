// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A value that one thread at a time may use; asking for it again while using it traps.
///
/// A `Mutex` whose handing over ThreadSanitizer sees as well: where threads wait for one, that happens in the runtime, which is not
/// instrumented, and every use of the value would be reported as a race.
package struct Guarded<Value>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let turns = Atomic(0)

    package init(_ value: sending Value) { mutex = Mutex(value) }

    package borrowing func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try mutex.withLock { value throws(Failure) in
            let turn = turns.load(ordering: .acquiring)
            defer { turns.store(turn &+ 1, ordering: .releasing) }
            // SAFETY: no caller lets anything of the value out that others can change.
            nonisolated(unsafe) let result = try body(&value)
            return result
        }
    }

    /// Calls `body` unless another thread uses the value; returns nil then.
    package borrowing func withLockIfAvailable<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        try mutex.withLockIfAvailable { value throws(Failure) in
            let turn = turns.load(ordering: .acquiring)
            defer { turns.store(turn &+ 1, ordering: .releasing) }
            // SAFETY: as in `withLock`.
            nonisolated(unsafe) let result = try body(&value)
            return result
        }
    }
}
