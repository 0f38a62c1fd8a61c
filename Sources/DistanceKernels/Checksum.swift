// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Computes the CRC-32C of bytes that come chunk by chunk: the checksum of RFC 3720 (iSCSI), section 12.1.
///
/// A change of bits that all lie within 32 always gives another value; of any other changes, one in 2³² goes unseen.
package struct Checksum: Sendable {
    /// The CRC-32C of all bytes so far, however they were divided into chunks; 0 before the first.
    package private(set) var value: UInt32 = 0

    /// Begins without bytes.
    package init() {}

    /// Appends bytes, any number of them at any alignment, in one pass over them.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // SAFETY: the address and the number of bytes are one buffer's; without bytes the address, which may be nil, is not read.
        value = ck_crc32c(value, bytes.baseAddress, bytes.count)
    }
}
