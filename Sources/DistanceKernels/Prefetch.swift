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

    /// Cache lines to ask for.
    package let lines: Int

    /// Rows of a hop that are asked for before any is compared. The kernel asks for the others while it compares those before them.
    package let rowsAhead: Int

    /// 16 bytes a row that lie elsewhere, those of row 0; nil if there are none.
    package let terms: UnsafeRawPointer?

    package init(
        rows: UnsafeRawPointer, stride: Int, rowsAhead: Int = .max, terms: UnsafeRawPointer? = nil
    ) {
        self.rows = rows
        self.stride = stride
        self.terms = terms
        self.rowsAhead = rowsAhead
        lines = Self.lines(rowBytes: stride)
    }

    /// Cache lines to ask for of a row: all, or the first 8 of a row of more than 16, whose rest the processor fetches by itself
    /// and which would push one another out.
    ///
    /// Queries a second at equal recall, over those of asking for all lines (Benchmarks/EXPERIMENTS.md): 2 of 3 lines, .80;
    /// 2 of 8, .82; 6 of 8 and of 15, .90. Rows of 24 lines, over those of asking for 8: 2, .99; 16, .91; 24, .83.
    package static func lines(rowBytes: Int) -> Int {
        let lines = rowBytes / 64
        return lines <= 16 ? lines : 8
    }
}
