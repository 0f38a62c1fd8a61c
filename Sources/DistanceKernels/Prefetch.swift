// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Asks the memory system for the cache line at `address`; any address is allowed.
@inline(__always)
package func prefetch(_ address: UnsafeRawPointer) { ck_prefetch(address) }
