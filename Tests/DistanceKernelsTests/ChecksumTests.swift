// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

/// The CRC-32C by its definition, a bit at a time.
private func oracle(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var state = UInt32.max
    for byte in bytes {
        state ^= UInt32(byte)
        for _ in 0..<8 { state = state >> 1 ^ (state & 1 == 1 ? 0x82F6_3B78 : 0) }
    }
    return ~state
}

private func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
}

private func checksum(_ bytes: [UInt8]) -> UInt32 {
    var checksum = Checksum()
    bytes.withUnsafeBytes { checksum.update($0) }
    return checksum.value
}

@Suite("Checksum")
struct ChecksumTests {
    /// Bytes and their CRC-32C: the check value of catalogs of CRCs, and the examples of RFC 3720, appendix B.4.
    static let published: [(bytes: [UInt8], value: UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E),
        ((0..<32).reversed(), 0x113F_DB5C),
    ]

    @Test("The published examples have the published values")
    func publishedValues() {
        for (bytes, value) in Self.published { #expect(checksum(bytes) == value, "\(bytes)") }
    }

    @Test("Without bytes the value is 0, and appending none leaves a value as it is")
    func noBytes() {
        var sum = Checksum()
        #expect(sum.value == 0)
        sum.update(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(sum.value == 0)
        [1, 2, 3].withUnsafeBytes { sum.update($0) }
        let value = sum.value
        sum.update(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(sum.value == value)
    }

    @Test("Bytes in two chunks, wherever they are divided, have the value of the whole")
    func chunks() {
        let bytes = randomBytes(100, seed: 1)
        for split in 0...bytes.count {
            var sum = Checksum()
            bytes[..<split].withUnsafeBytes { sum.update($0) }
            #expect(sum.value == oracle(bytes[..<split]), "seed 1, split at \(split)")
            bytes[split...].withUnsafeBytes { sum.update($0) }
            #expect(sum.value == oracle(bytes), "seed 1, split at \(split)")
        }
    }

    @Test("Each flipped bit of 64 bytes gives a value of its own")
    func flippedBits() {
        var bytes = randomBytes(64, seed: 2)
        var values: Set = [checksum(bytes)]
        for bit in 0..<512 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(values.insert(checksum(bytes)).inserted, "seed 2, bit \(bit)")
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }
}

@Suite("Implementations of CRC-32C")
struct ChecksumTableTests {
    private static var tables: [ck_crc32c_table] {
        (0..<ck_crc32c_table_count()).map { ck_crc32c_table_at($0)!.pointee }
    }

    private static var supported: [String] {
        tables.filter { $0.required_features & ~ck_features() == 0 }.map { String(cString: $0.name) }
    }

    private static func update(_ name: String) throws -> ck_crc32c_fn {
        try #require(ck_crc32c_table_named(name)).pointee.update
    }

    @Test("The processor's own instruction comes first, and the portable implementation is the last")
    func order() {
        let names = Self.tables.map { String(cString: $0.name) }
        #if arch(x86_64)
            #expect(names == ["sse42", "portable"])
        #elseif arch(arm64)
            #expect(names == ["arm64", "portable"] || names == ["portable"])
        #else
            #expect(names == ["portable"])
        #endif
    }

    @Test("A table requires the features that its instructions need")
    func requiredFeatures() {
        let expected: [String: UInt32] = ["portable": 0, "arm64": 0, "sse42": UInt32(CK_FEATURE_SSE42)]
        for table in Self.tables {
            let name = String(cString: table.name)
            #expect(table.required_features == expected[name], "\(name)")
        }
    }

    @Test("A table is found by its exact name only")
    func names() throws {
        for (index, table) in Self.tables.enumerated() {
            #expect(ck_crc32c_table_named(table.name) == ck_crc32c_table_at(index))
        }
        for name in ["", "sse4", "SSE42", "sse42 ", "avx2"] { #expect(ck_crc32c_table_named(name) == nil, "\(name)") }
    }

    @Test("The published examples have the published values", arguments: supported)
    func publishedValues(name: String) throws {
        let update = try Self.update(name)
        for (bytes, value) in ChecksumTests.published { #expect(update(0, bytes, bytes.count) == value, "\(bytes)") }
    }

    @Test("Any number of bytes at any alignment has the value of the definition", arguments: supported)
    func equalsDefinition(name: String) throws {
        let update = try Self.update(name)
        for count in 0...200 {
            let seed = UInt64(count)
            let bytes = randomBytes(count, seed: seed)
            let expected = oracle(bytes)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count + 8, alignment: 8)
            defer { memory.deallocate() }
            for offset in 0..<8 {
                let place = UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + count])
                place.copyBytes(from: bytes)
                let value = update(0, place.baseAddress, count)
                #expect(value == expected, "seed \(seed), \(count) bytes, offset \(offset)")
            }
        }
    }

    @Test("Chunks, wherever bytes are divided, have the value of the whole", arguments: supported)
    func chunks(name: String) throws {
        let update = try Self.update(name)
        let bytes = randomBytes(50, seed: 3)
        let whole = oracle(bytes)
        bytes.withUnsafeBytes { buffer in
            let base = buffer.baseAddress!
            for first in 0...bytes.count {
                for second in first...bytes.count {
                    var value = update(0, base, first)
                    value = update(value, base + first, second - first)
                    value = update(value, base + second, bytes.count - second)
                    #expect(value == whole, "seed 3, split at \(first) and \(second)")
                }
            }
        }
    }

    @Test("No byte behind the last is read, and none at all of no bytes", arguments: supported)
    func nothingBehindIsRead(name: String) throws {
        let update = try Self.update(name)
        for count in Array(0...200) + [4095, 4096, 4097] {
            let seed = UInt64(count)
            let bytes = randomBytes(count, seed: seed)
            let guarded = try GuardedArray(bytes)
            #expect(update(0, guarded.base, count) == oracle(bytes), "seed \(seed), \(count) bytes")
        }
        #expect(update(7, nil, 0) == 7)
    }
}
