// SPDX-License-Identifier: Apache-2.0

/// Why a tensor cannot be made or grow. One that cannot grow is unchanged.
package enum StorageError: Error, Hashable, Sendable {
    /// The system refused the memory.
    case outOfMemory(bytes: Int)

    /// The tensor has as many rows as the address space reserved for it can hold.
    case capacityExceeded(maximum: Int)

    /// The file that it was to be made from is not as it must be.
    case snapshot(SnapshotError)
}

extension StorageError {
    /// Runs `body`, whose errors are a file's.
    package static func wrap<Result: ~Copyable>(
        _ body: () throws(SnapshotError) -> Result
    ) throws(StorageError) -> Result {
        do { return try body() } catch { throw .snapshot(error) }
    }
}
