// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// The first page of a snapshot file: what it is, and where its sections are.
///
/// A file is a header and sections. All numbers are little-endian. Every section begins at a multiple of 16,384 bytes, the largest
/// page of the supported platforms, so that each can be mapped by itself; zeros fill the space to the next one, and the file
/// ends at such a multiple. Sections follow one another in the order of the table. One that would be empty is left out.
///
/// | bytes     | content                                                                                  |
/// |-----------|------------------------------------------------------------------------------------------|
/// | 0-7       | `89 4E 45 41 52 45 53 54`: a byte that is no ASCII, then `NEAREST`                          |
/// | 8-11      | version of the format: 2, or 3 if rows are in half precision or inner products are balanced    |
/// | 12-15     | `01 02 03 04`, the number 0x04030201: any other order of these bytes is a foreign machine's   |
/// | 16-23     | length of the file in bytes                                                                |
/// | 24-27     | number of sections, 1 to 500                                                               |
/// | 28-31     | CRC-32C of bytes 0 to 16,383, with these four as zeros                                        |
/// | 32 + 32 i | section i: its number (4 bytes, ``SnapshotSection``), the CRC-32C of its content (4), its offset |
/// |           | (8), the length of its content (8), zeros (8)                                              |
/// | the rest  | zeros, to byte 16,383                                                                     |
///
/// ``SnapshotSection`` lists the sections. The files that read them say what they hold: `HNSWGraph+Snapshot`,
/// `OpenedSnapshot`, `Calibration+Snapshot`.
package struct SnapshotHeader: Sendable {
    package struct Entry: Sendable {
        package let section: SnapshotSection
        package let checksum: UInt32
        package let offset: Int
        package let length: Int

        /// The bytes up to the next section.
        var paddedLength: Int { SnapshotHeader.padded(length) }
    }

    package private(set) var entries: [Entry] = []

    package let version: Int

    package static let pageBytes = 16_384
    /// The newest version of the format. A file is written in the oldest that can say what it holds.
    package static let currentVersion = 3
    private static let magic: [UInt8] = [0x89] + Array("NEAREST".utf8)
    private static let byteOrder: UInt32 = 0x0403_0201
    private static let checksumRange = 28..<32
    private static let tableStart = 32
    private static let entryBytes = 32
    private static let maximumEntries = 500
    private static let name = "header"

    /// A length as it is in the file.
    static func padded(_ length: Int) -> Int { (length + pageBytes - 1) / pageBytes * pageBytes }

    /// The header of a new file without sections.
    init(version: Int) {
        precondition((1...Self.currentVersion).contains(version))
        self.version = version
    }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    /// The length of the file.
    package var fileLength: Int { entries.last.map { $0.offset + $0.paddedLength } ?? Self.pageBytes }

    package func entry(_ section: SnapshotSection) -> Entry? { entries.first { $0.section == section } }

    // MARK: Writing

    func encoded() -> [UInt8] {
        var record = RecordWriter()
        record.append(bytes: Self.magic)
        record.append(UInt32(version))
        record.append(Self.byteOrder)
        record.append(UInt64(fileLength))
        record.append(UInt32(entries.count))
        record.append(0 as UInt32)
        for entry in entries {
            record.append(entry.section.rawValue)
            record.append(entry.checksum)
            record.append(UInt64(entry.offset))
            record.append(UInt64(entry.length))
            record.append(0 as UInt64)
        }
        var page = record.bytes + [UInt8](repeating: 0, count: Self.pageBytes - record.bytes.count)
        let checksum = Checksum.value(of: page)
        withUnsafeBytes(of: checksum.littleEndian) { page.replaceSubrange(Self.checksumRange, with: $0) }
        return page
    }

    // MARK: Reading

    /// Reads the beginning of a file, ``pageBytes`` of it or all if it is shorter.
    ///
    /// - Parameter path: the file, for errors.
    init(_ page: [UInt8], fileLength: Int, path: String) throws(SnapshotError) {
        guard page.count >= Self.magic.count, page.prefix(Self.magic.count).elementsEqual(Self.magic) else {
            throw .notASnapshot(path: path)
        }
        guard page.count == Self.pageBytes else {
            throw .lengthMismatch(expected: Self.pageBytes, found: fileLength)
        }
        var record = RecordReader(page, section: Self.name)
        _ = try record.bytes(count: Self.magic.count)
        let version = Int(try record.next(UInt32.self))
        guard try record.next(UInt32.self) == Self.byteOrder else { throw .foreignByteOrder }
        guard version <= Self.currentVersion else {
            throw .newerVersion(found: version, newestKnown: Self.currentVersion)
        }
        guard version > 0 else { throw record.malformed("version 0") }
        self.version = version
        let statedLength = try record.next(UInt64.self)
        guard statedLength == UInt64(fileLength) else {
            throw .lengthMismatch(expected: Int(clamping: statedLength), found: fileLength)
        }
        let count = Int(try record.next(UInt32.self))
        let checksum = try record.next(UInt32.self)
        var cleared = page
        cleared.replaceSubrange(Self.checksumRange, with: [0, 0, 0, 0])
        guard Checksum.value(of: cleared) == checksum else { throw .checksumMismatch(section: Self.name) }
        guard (1...Self.maximumEntries).contains(count) else { throw record.malformed("\(count) sections") }
        for _ in 0..<count { entries.append(try Self.entry(&record, fileLength: fileLength)) }
        let rest = try record.bytes(count: Self.pageBytes - Self.tableStart - count * Self.entryBytes)
        guard rest.allSatisfy({ $0 == 0 }) else { throw record.malformed("what follows its table is not zero") }
        try checkOrder(fileLength: fileLength, record: record)
    }

    private static func entry(_ record: inout RecordReader, fileLength: Int) throws(SnapshotError) -> Entry {
        let number = try record.next(UInt32.self)
        let checksum = try record.next(UInt32.self)
        let offset = try record.next(UInt64.self)
        let length = try record.next(UInt64.self)
        guard try record.next(UInt64.self) == 0 else { throw record.malformed("a section with something behind it") }
        guard let section = SnapshotSection(rawValue: number) else {
            throw record.malformed("a section of number \(number), which is unknown")
        }
        guard offset < UInt64(fileLength), length > 0, length <= UInt64(fileLength) - offset else {
            throw record.malformed("section '\(section.name)' lies outside the file")
        }
        return Entry(section: section, checksum: checksum, offset: Int(offset), length: Int(length))
    }

    /// Sections follow one another without a gap, and none comes twice.
    private func checkOrder(fileLength: Int, record: RecordReader) throws(SnapshotError) {
        var end = Self.pageBytes
        for entry in entries {
            guard entry.offset == end else {
                throw record.malformed("section '\(entry.section.name)' begins at \(entry.offset) and not at \(end)")
            }
            end += entry.paddedLength
        }
        guard end == fileLength else { throw record.malformed("the sections end at \(end)") }
        guard Set(entries.map(\.section)).count == entries.count else { throw record.malformed("a section twice") }
    }
}
