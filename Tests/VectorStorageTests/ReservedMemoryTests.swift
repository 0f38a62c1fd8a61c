// SPDX-License-Identifier: Apache-2.0

import Testing
import VectorStorage

@Suite("Reserved memory")
struct ReservedMemoryTests {
    /// Offsets of bytes that are not zero, looked for eight bytes at a time.
    private static func firstNonzeroWord(_ base: UnsafeMutableRawPointer, _ bytes: Range<Int>) -> Int? {
        stride(from: bytes.lowerBound, to: bytes.upperBound, by: 8).first {
            base.load(fromByteOffset: $0, as: UInt64.self) != 0
        }
    }

    @Test("The base is aligned to a huge page and the reservation holds what was asked for")
    func reservation() throws {
        for bytes in [1, 4096, 2 << 20, (2 << 20) + 1, 5 << 20] {
            let memory = try ReservedMemory(reserving: bytes)
            #expect(UInt(bitPattern: memory.base) % (2 << 20) == 0, "\(bytes) bytes")
            let reserved = memory.reservedBytes
            #expect(reserved >= bytes && reserved < bytes + (2 << 20), "\(bytes) bytes")
            let committed = memory.committedBytes
            #expect(committed == 0, "\(bytes) bytes")
        }
    }

    @Test("Memory grows in place, is zero when fresh and keeps what it holds")
    func growth() throws {
        let memory = try ReservedMemory(reserving: 16 << 20)
        let base = memory.base
        var checked = 0
        for wanted in [1, 100, 70_000, 1 << 20, 2 << 20, (2 << 20) + 1, 5_000_000, 16 << 20] {
            try memory.commit(wanted)
            let committed = memory.committedBytes
            #expect(memory.base == base)
            #expect(committed >= wanted && committed >= checked, "\(wanted) bytes")
            #expect(Self.firstNonzeroWord(base, checked..<committed) == nil, "\(wanted) bytes")
            for offset in stride(from: checked, to: committed, by: 4096) {
                base.storeBytes(of: offset + 1, toByteOffset: offset, as: Int.self)
            }
            base.storeBytes(of: 0xAB, toByteOffset: committed - 1, as: UInt8.self)
            checked = committed
        }
        let stored = stride(from: 0, to: checked, by: 4096).allSatisfy {
            base.load(fromByteOffset: $0, as: Int.self) == $0 + 1
        }
        #expect(stored)
    }

    @Test("Asking for less than there is changes nothing")
    func smallerCommit() throws {
        let memory = try ReservedMemory(reserving: 4 << 20)
        try memory.commit(1 << 20)
        let committed = memory.committedBytes
        for bytes in [0, 1, 1 << 20] { try memory.commit(bytes) }
        let after = memory.committedBytes
        #expect(after == committed)
    }

    @Test("A little memory takes little")
    func smallSteps() throws {
        let memory = try ReservedMemory(reserving: 1 << 30)
        try memory.commit(1)
        let small = memory.committedBytes
        #expect(small <= 64 << 10)
        try memory.commit(100 << 20)
        let large = memory.committedBytes
        #expect(large <= 102 << 20)
    }

    @Test("More than the reservation is refused, and what there is stays", arguments: [1, 1 << 20, Int.max])
    func beyondReservation(excess: Int) throws {
        let memory = try ReservedMemory(reserving: 4 << 20)
        try memory.commit(1 << 20)
        memory.base.storeBytes(of: 42, as: UInt8.self)
        let committed = memory.committedBytes
        let (sum, overflow) = memory.reservedBytes.addingReportingOverflow(excess)
        let wanted = overflow ? Int.max : sum
        #expect(throws: StorageError.outOfMemory(bytes: wanted)) { try memory.commit(wanted) }
        let after = memory.committedBytes
        #expect(after == committed)
        #expect(memory.base.load(as: UInt8.self) == 42)
        let reserved = memory.reservedBytes
        try memory.commit(reserved)
        let all = memory.committedBytes
        #expect(all == reserved)
    }

    @Test("More than the address space is halved until it fits")
    func halving() throws {
        // No mapping is placed above 2^47, and the program takes a part of what is below.
        let memory = try ReservedMemory(reserving: 1 << 47)
        let reserved = memory.reservedBytes
        #expect(reserved >= 64 << 20 && reserved < 1 << 47)
    }

    @Test("Two reservations do not overlap")
    func separate() throws {
        let a = try ReservedMemory(reserving: 2 << 20)
        let b = try ReservedMemory(reserving: 2 << 20)
        try a.commit(2 << 20)
        try b.commit(2 << 20)
        let distance = abs(a.base - b.base)
        #expect(distance >= 2 << 20)
    }
}
