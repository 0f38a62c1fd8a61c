// SPDX-License-Identifier: Apache-2.0

import Testing
import VectorStorage

@Suite("Tensor")
struct TensorTests {
    @Test("Rows lie one stride apart from the base")
    func rowAddresses() throws {
        let tensor = try Tensor<UInt32>(stride: 5, rows: 100)
        try tensor.ensure(rows: 100)
        let base = tensor.base
        for row in [0, 1, 50, 99] { #expect(tensor.row(row) == base + 5 * row) }
        let stride = tensor.stride
        #expect(stride == 5)
    }

    @Test("Rows stay where they are and what they are while the tensor grows, and new rows are zero")
    func stableRows() throws {
        let tensor = try Tensor<UInt32>(stride: 7, rows: 300_000)
        let base = tensor.base
        var written = 0
        for count in [1, 2, 1000, 40_000, 300_000] {
            try tensor.ensure(rows: count)
            #expect(tensor.base == base)
            var fresh = true
            for row in written..<count {
                fresh = fresh && tensor.row(row)[0] == 0 && tensor.row(row)[6] == 0
                tensor.row(row)[0] = UInt32(row)
                tensor.row(row)[6] = ~UInt32(row)
            }
            #expect(fresh, "rows \(written)..<\(count)")
            written = count
        }
        var kept = true
        for row in 0..<written {
            kept = kept && tensor.row(row)[0] == UInt32(row) && tensor.row(row)[6] == ~UInt32(row)
        }
        #expect(kept)
    }

    @Test("More rows than the capacity are refused, and the tensor is unchanged")
    func capacityExceeded() throws {
        let tensor = try Tensor<Float>(stride: 16, rows: 1000)
        let capacity = tensor.capacity
        #expect(capacity == 1000)
        try tensor.ensure(rows: 10)
        tensor.row(9)[15] = 3
        let committed = tensor.committedBytes
        for count in [1001, 1_000_000, Int.max] {
            #expect(throws: StorageError.capacityExceeded(maximum: 1000)) { try tensor.ensure(rows: count) }
        }
        let after = tensor.committedBytes
        #expect(after == committed)
        #expect(tensor.row(9)[15] == 3)
        try tensor.ensure(rows: 1000)
        tensor.row(999)[15] = 4
        #expect(tensor.row(999)[15] == 4)
    }

    @Test("A tensor of large rows has the capacity that its address space has room for")
    func capacityOfLargeRows() throws {
        let stride = 1 << 20
        let tensor = try Tensor<Float>(stride: stride)
        let capacity = tensor.capacity
        #expect(capacity > 0)
        #expect(capacity * stride * 4 <= 64 << 30)
    }

    @Test("A tensor has room for at most as many rows as there are slots")
    func capacityOfSmallRows() throws {
        let tensor = try Tensor<UInt8>(stride: 1)
        let capacity = tensor.capacity
        #expect(capacity <= Slot.maximumCount)
    }

    @Test("Committed bytes cover the rows and no row is committed before it is wanted")
    func committedBytes() throws {
        let tensor = try Tensor<UInt64>(stride: 3, rows: 100_000)
        let before = tensor.committedBytes
        #expect(before == 0)
        try tensor.ensure(rows: 0)
        let empty = tensor.committedBytes
        #expect(empty == 0)
        try tensor.ensure(rows: 50_000)
        let half = tensor.committedBytes
        #expect(half >= 50_000 * 24 && half < 100_000 * 24 + (2 << 20))
    }
}

@Suite("Slots and scratch memory")
struct SlotTests {
    @Test("Slots are ordered by their place")
    func order() {
        #expect(Slot(3) < Slot(4))
        #expect(!(Slot(4) < Slot(4)))
        #expect(Slot(.max).index == 4_294_967_295)
    }

    @Test("Scratch memory is aligned to 64 bytes and holds the value it was made with", arguments: [0, 1, 3, 17, 4099])
    func alignedBuffer(capacity: Int) {
        let buffer = AlignedBuffer<Float>(capacity: capacity, zero: -1)
        let found = buffer.capacity
        #expect(found == capacity)
        #expect(UInt(bitPattern: buffer.base) % 64 == 0)
        var untouched = true
        for i in 0..<capacity { untouched = untouched && buffer.base[i] == -1 }
        #expect(untouched)
    }
}
