// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A value that one thread at a time may use. Asking for it again while using it ends the process, and so does asking for it in a
/// child process if a thread of the parent used it during `fork`: that thread does not exist in the child.
///
/// A `Mutex` whose handing over ThreadSanitizer sees as well: where threads wait for one, that happens in the runtime, which is not
/// instrumented, and every use of the value would be reported as a race.
package struct Guarded<Value: ~Copyable>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let turns = Atomic(0)

    /// The thread that uses the value; 0 if none does.
    private let user = Atomic(0 as UInt)
    private let process = getpid()

    package init(_ value: consuming sending Value) { mutex = Mutex(value) }

    package borrowing func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        requireFreeForThisThread()
        return try mutex.withLock { value throws(Failure) in
            user.store(Self.thisThread, ordering: .relaxed)
            defer { user.store(0, ordering: .relaxed) }
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
        requireFreeForThisThread()
        return try mutex.withLockIfAvailable { value throws(Failure) in
            user.store(Self.thisThread, ordering: .relaxed)
            defer { user.store(0, ordering: .relaxed) }
            let turn = turns.load(ordering: .acquiring)
            defer { turns.store(turn &+ 1, ordering: .releasing) }
            // SAFETY: as in `withLock`.
            nonisolated(unsafe) let result = try body(&value)
            return result
        }
    }

    /// Ends the process where waiting would never end. `fatalError`, because a `precondition` of an optimized build says nothing.
    private borrowing func requireFreeForThisThread() {
        let user = user.load(ordering: .relaxed)
        guard user != 0 else { return }
        if user == Self.thisThread {
            fatalError("a progress callback, or another callback of a change, may not change the index that called it")
        }
        if process != getpid() {
            fatalError("this process was forked during a change of the index: open or build the index again here")
        }
    }

    private static var thisThread: UInt {
        #if canImport(Darwin)
            UInt(bitPattern: pthread_self())
        #else
            UInt(pthread_self())
        #endif
    }
}
