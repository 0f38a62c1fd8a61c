// SPDX-License-Identifier: Apache-2.0

/// Rows of `stride` elements, one a slot, that never move. A new row is all zero bits.
package struct Tensor<Element: BitwiseCopyable> {
    /// Row 0; stable for the life of the tensor.
    package let base: UnsafeMutablePointer<Element>

    /// Elements from one row to the next.
    package let stride: Int

    /// The most rows that the tensor can ever have.
    package let capacity: Int

    private let memory: ReservedMemory

    /// The address space that one tensor reserves at most: 44 million rows of 384 floats. Several hundred indexes fit
    /// beside one another in the 128 TiB of a process.
    private static var maximumBytes: Int { 64 << 30 }

    /// - Parameters:
    ///   - stride: elements of a row, at least 1.
    ///   - rows: the rows that may be wanted; ``capacity`` is this, or what the address space has room for.
    package init(stride: Int, rows: Int = Slot.maximumCount) throws(StorageError) {
        self.init(stride: stride, rows: rows, memory: try Self.memory(stride: stride, rows: rows))
    }

    /// The rows of a tensor that there can be at most, where the system has the address space.
    static func maximumRows(stride: Int) -> Int {
        min(Slot.maximumCount, maximumBytes / (stride * MemoryLayout<Element>.stride))
    }

    /// - Parameter fileOffset: where the section of a file begins that is going to be mapped.
    static func memory(stride: Int, rows: Int, fileOffset: Int = 0) throws(StorageError) -> ReservedMemory {
        precondition(stride > 0 && rows > 0)
        let bytes = min(rows * stride * MemoryLayout<Element>.stride, maximumBytes)
        return try ReservedMemory(reserving: bytes, fileOffset: fileOffset)
    }

    init(stride: Int, rows: Int, memory: ReservedMemory) {
        let rowBytes = stride * MemoryLayout<Element>.stride
        self.stride = stride
        capacity = min(rows, memory.reservedBytes / rowBytes)
        base = memory.base.bindMemory(to: Element.self, capacity: memory.reservedBytes / MemoryLayout<Element>.stride)
        self.memory = memory
    }

    /// Bytes that are readable and writable.
    package var committedBytes: Int { memory.committedBytes }

    /// Makes rows `0..<count` usable; nothing changes where that fails.
    package func ensure(rows count: Int) throws(StorageError) {
        guard count <= capacity else { throw .capacityExceeded(maximum: capacity) }
        try memory.commit(count * stride * MemoryLayout<Element>.stride)
    }

    /// The first element of row `index`, which ``ensure(rows:)`` has made usable.
    package func row(_ index: Int) -> UnsafeMutablePointer<Element> { base + index &* stride }
}
