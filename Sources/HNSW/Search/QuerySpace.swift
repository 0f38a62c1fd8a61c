// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// Memory for one query, zeroed when it grows to the largest that was asked for. Used by one thread at a time.
package final class QuerySpace {
    private var buffer = AlignedBuffer<UInt8>(capacity: 0, zero: 0)

    package init() {}

    /// Room for `count` elements, on a cache line, valid until more is asked for. What was written there before may still be there.
    package func elements<Element: BitwiseCopyable>(_ count: Int) -> UnsafeMutablePointer<Element> {
        let bytes = count * MemoryLayout<Element>.stride
        if buffer.capacity < bytes { buffer = AlignedBuffer(capacity: bytes, zero: 0) }
        // SAFETY: the memory is this object's, large enough, and only ever holds trivial values.
        return UnsafeMutableRawPointer(buffer.base).assumingMemoryBound(to: Element.self)
    }
}
