// SPDX-License-Identifier: Apache-2.0

import CAllocationCounter

/// Counts what a piece of code allocates on the heap.
public enum AllocationCounter {
    /// Whether this build can count.
    public static var works: Bool { allocation_counter_works() }

    /// Allocations that this thread makes in `body`.
    public static func count<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Int {
        let before = allocation_count()
        try body()
        return Int(allocation_count() - before)
    }

    /// Bytes that this thread asks for in `body`, freed or not.
    public static func bytes<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Int {
        let before = allocated_bytes()
        try body()
        return Int(allocated_bytes() - before)
    }
}
