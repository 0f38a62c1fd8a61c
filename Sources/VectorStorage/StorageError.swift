// SPDX-License-Identifier: Apache-2.0

/// Why a tensor cannot grow. The tensor is unchanged.
package enum StorageError: Error, Hashable, Sendable {
    /// The system refused the memory.
    case outOfMemory(bytes: Int)

    /// The tensor has as many rows as the address space reserved for it can hold.
    case capacityExceeded(maximum: Int)
}
