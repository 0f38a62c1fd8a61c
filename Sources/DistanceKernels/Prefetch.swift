// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Asks the memory system for the cache line at `address`; any address is allowed.
@inlinable @inline(__always)
package func prefetch(_ address: UnsafeRawPointer) { ck_prefetch(address) }

/// Asks the memory system for `lines` cache lines from `address` on.
@inlinable @inline(__always)
package func prefetch(_ address: UnsafeRawPointer, lines: Int) {
    for line in 0..<lines { ck_prefetch(address + line &* 64) }
}

/// Where rows begin, and how much of one is worth asking for before it is compared.
package struct RowPrefetch {
    /// Row 0.
    package let rows: UnsafeRawPointer

    /// Bytes from one row to the next.
    package let stride: Int

    /// Cache lines to ask for; what lies behind them the processor fetches by itself.
    package let lines: Int
}
