// SPDX-License-Identifier: Apache-2.0

/// Scratch memory for `capacity` elements, aligned to 64 bytes, zeroed when made.
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
    package let base: UnsafeMutablePointer<Element>
    package let capacity: Int

    package init(capacity: Int, zero: Element) {
        let bytes = max(capacity, 1) * MemoryLayout<Element>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        base = raw.bindMemory(to: Element.self, capacity: max(capacity, 1))
        base.initialize(repeating: zero, count: max(capacity, 1))
        self.capacity = capacity
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}
