// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// Memory for one query, used by one thread at a time. It grows to the largest query, and is zeroed when it grows.
package final class QuerySpace {
    private var buffer = AlignedBuffer<UInt8>(capacity: 0, zero: 0)

    package init() {}

    /// Room for `count` elements from the start of a cache line, valid until a call asks for more. Earlier content may still be
    /// there.
    package func elements<Element: BitwiseCopyable>(_ count: Int) -> UnsafeMutablePointer<Element> {
        let bytes = count * MemoryLayout<Element>.stride
        if buffer.capacity < bytes { buffer = AlignedBuffer(capacity: bytes, zero: 0) }
        // SAFETY: the memory is this object's, large enough, and only ever holds trivial values.
        return UnsafeMutableRawPointer(buffer.base).assumingMemoryBound(to: Element.self)
    }
}
