// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Lets any number of readers in together, or one writer alone. Neither may take the lock again while holding it.
package final class ReadersWriterLock: @unchecked Sendable {
    // SAFETY: a pthread lock is made to be shared; its memory is allocated once and never moves.
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>

    package init() {
        lock = .allocate(capacity: 1)
        #if canImport(Glibc)
            // By default, readers that keep coming can lock a writer out for ever.
            var attributes = pthread_rwlockattr_t()
            pthread_rwlockattr_init(&attributes)
            pthread_rwlockattr_setkind_np(&attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
            let status = pthread_rwlock_init(lock, &attributes)
            pthread_rwlockattr_destroy(&attributes)
        #else
            let status = pthread_rwlock_init(lock, nil)
        #endif
        precondition(status == 0, "pthread_rwlock_init failed")
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    package func read<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        precondition(pthread_rwlock_rdlock(lock) == 0, "the lock is held by this thread")
        defer { pthread_rwlock_unlock(lock) }
        return try body()
    }

    package func write<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        precondition(pthread_rwlock_wrlock(lock) == 0, "the lock is held by this thread")
        defer { pthread_rwlock_unlock(lock) }
        return try body()
    }
}
