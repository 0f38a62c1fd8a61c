// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorIndex

/// The bytes of a snapshot file that are to be damaged, and where its sections are.
public struct SnapshotImage: Sendable {
    /// A section as the file's table has it.
    public struct Section: Sendable {
        /// The section's number in the table.
        public let number: UInt32

        /// Where its content begins.
        public let offset: Int

        /// Bytes of its content.
        public let length: Int

        /// Where its content lies.
        public var content: Range<Int> { offset..<offset + length }

        /// Where the zeros behind it lie.
        public var padding: Range<Int> { offset + length..<SnapshotImage.padded(offset + length) }
    }

    /// The file as it is now.
    public var bytes: [UInt8]

    /// The sections of the file as it was written.
    public let sections: [Section]

    /// The version of the format.
    public var version: UInt8 { bytes[8] }

    /// Bytes of the header; every section begins at a multiple of them.
    public static let pageBytes = 16_384

    private static let tableStart = 32
    private static let entryBytes = 32

    /// Takes a file that is as it was written.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let count = Int(Self.number(bytes, at: 24, UInt32.self))
        sections = (0..<count).map { i in
            let entry = Self.tableStart + i * Self.entryBytes
            return Section(
                number: Self.number(bytes, at: entry, UInt32.self),
                offset: Int(Self.number(bytes, at: entry + 8, UInt64.self)),
                length: Int(Self.number(bytes, at: entry + 16, UInt64.self)))
        }
    }

    /// A section before it has a place in a file.
    public struct Part: Sendable {
        /// The section's number.
        public var number: UInt32

        /// Its content.
        public var content: [UInt8]

        /// What the header says its checksum is; nil for what it is.
        public var checksum: UInt32?

        /// Makes a section with the right checksum.
        public init(_ number: UInt32, _ content: [UInt8]) {
            self.number = number
            self.content = content
        }
    }

    /// Puts sections one after the other, with a header that fits them.
    ///
    /// - Parameter version: of the format.
    public init(_ parts: [Part], version: UInt8 = 2) {
        var bytes = [UInt8](repeating: 0, count: Self.pageBytes)
        var sections: [Section] = []
        bytes.replaceSubrange(0..<16, with: [0x89] + Array("NEAREST".utf8) + [version, 0, 0, 0, 1, 2, 3, 4])
        for (i, part) in parts.enumerated() {
            sections.append(Section(number: part.number, offset: bytes.count, length: part.content.count))
            let entry = Self.entry(i).lowerBound
            Self.put(part.number, at: entry, in: &bytes)
            Self.put(part.checksum ?? Self.checksum(part.content[...]), at: entry + 4, in: &bytes)
            Self.put(UInt64(bytes.count), at: entry + 8, in: &bytes)
            Self.put(UInt64(part.content.count), at: entry + 16, in: &bytes)
            bytes += part.content
            bytes += [UInt8](repeating: 0, count: Self.padded(bytes.count) - bytes.count)
        }
        Self.put(UInt32(parts.count), at: 24, in: &bytes)
        Self.put(UInt64(bytes.count), at: 16, in: &bytes)
        self.bytes = bytes
        self.sections = sections
        repairHeader()
    }

    /// The sections, with the checksums that the header has for them.
    public var parts: [Part] {
        sections.enumerated().map { i, section in
            var part = Part(section.number, Array(bytes[section.content]))
            part.checksum = number(at: Self.entry(i).lowerBound + 4)
            return part
        }
    }

    /// The section with a number, if there is one.
    public func section(_ number: UInt32) -> Section? { sections.first { $0.number == number } }

    /// Where section `index` stands in the header's table.
    public static func entry(_ index: Int) -> Range<Int> {
        tableStart + index * entryBytes..<tableStart + (index + 1) * entryBytes
    }

    /// Writes the checksum that belongs to what the header holds now.
    public mutating func repairHeader() {
        checksum = 0
        checksum = Self.checksum(bytes[..<Self.pageBytes])
    }

    /// The header's checksum as it is in the file.
    var checksum: UInt32 {
        get { number(at: 28) }
        set { put(newValue, at: 28) }
    }

    /// Whether every section is what its checksum says, where the table is that of ``sections``.
    public var areSectionsIntact: Bool {
        sections.indices.allSatisfy {
            number(at: Self.entry($0).lowerBound + 4) == Self.checksum(bytes[sections[$0].content])
        }
    }

    /// Writes a number in little-endian order, as far as there is room.
    public mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
        Self.put(value, at: offset, in: &bytes)
    }

    /// The number at a place.
    public func number<Value: FixedWidthInteger>(at offset: Int, _ type: Value.Type = Value.self) -> Value {
        Self.number(bytes, at: offset, type)
    }

    private static func put(_ value: some FixedWidthInteger, at offset: Int, in bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { value in
            for (i, byte) in value.enumerated() where offset + i < bytes.count { bytes[offset + i] = byte }
        }
    }

    private static func number<Value: FixedWidthInteger>(
        _ bytes: [UInt8], at offset: Int, _ type: Value.Type
    ) -> Value {
        precondition(offset + MemoryLayout<Value>.size <= bytes.count)
        return bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var checksum = Checksum()
        bytes.withUnsafeBytes { checksum.update($0) }
        return checksum.value
    }

    private static func padded(_ length: Int) -> Int { (length + pageBytes - 1) / pageBytes * pageBytes }
}
