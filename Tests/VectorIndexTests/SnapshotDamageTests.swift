// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

/// Runs all that these suites can: every length, every bit, and 100,000 mutations (some minutes in a release build).
private let isExhaustive = ProcessInfo.processInfo.environment["NEAREST_EXHAUSTIVE"] != nil

@Suite("A damaged snapshot")
struct SnapshotDamageTests {
    static let images: [SnapshotSeed: SnapshotImage] = {
        do {
            let folder = try TemporaryFolder()
            return try Dictionary(
                uniqueKeysWithValues: SnapshotSeed.allCases.map { ($0, try $0.image(folder: folder.url.path)) })
        } catch { fatalError("\(error)") }
    }()

    /// A file that is changed in place, and opened.
    private final class DamagedFile {
        private let folder: TemporaryFolder
        private let handle: FileHandle
        let image: SnapshotImage
        var path: String { folder.path("a") }

        init(_ seed: SnapshotSeed) throws {
            folder = try TemporaryFolder()
            image = try #require(SnapshotDamageTests.images[seed])
            handle = FileHandle(
                fileDescriptor: Foundation.open(try folder.write(image.bytes, to: "a"), O_RDWR), closeOnDealloc: true)
        }

        /// Why it is not opened.
        func refusal() -> SnapshotError? {
            do throws(VectorIndexError) {
                _ = try HNSWIndex(contentsOf: path)
                return nil
            } catch {
                guard case .snapshot(let error) = error else { return nil }
                return error
            }
        }

        func truncate(to length: Int) throws { try handle.truncate(atOffset: UInt64(length)) }

        /// Why it is not opened while a bit is flipped.
        func refusal(flipping bit: Int, at place: Int) throws -> SnapshotError? {
            try write(image.bytes[place] ^ 1 << UInt8(bit), at: place)
            defer { try? write(image.bytes[place], at: place) }
            return refusal()
        }

        private func write(_ byte: UInt8, at place: Int) throws {
            try handle.seek(toOffset: UInt64(place))
            try handle.write(contentsOf: [byte])
        }
    }

    @Test("Cut off anywhere it is refused for its length", arguments: [SnapshotSeed.whole, .empty, .coded])
    func truncated(seed: SnapshotSeed) throws {
        let file = try DamagedFile(seed)
        let full = file.image.bytes.count
        var lengths = Set([0, 1, 7, 8, 9, 27, 28, 32, full - 1])
        for section in file.image.sections {
            for border in [section.offset, section.offset + section.length] {
                lengths.formUnion(border - 3...border + 3)
            }
        }
        lengths.formUnion(stride(from: 0, to: full, by: isExhaustive ? 1 : 1009))
        for length in lengths.filter({ $0 < full }).sorted(by: >) {
            try file.truncate(to: length)
            let expected: SnapshotError =
                length < 8
                ? .notASnapshot(path: file.path)
                : .lengthMismatch(
                    expected: length < SnapshotImage.pageBytes ? SnapshotImage.pageBytes : full, found: length)
            #expect(file.refusal() == expected, "\(length) bytes")
        }
    }

    @Test("With any bit of its header flipped it is refused for what that bit belongs to")
    func flippedHeaderBit() throws {
        let file = try DamagedFile(.whole)
        let tableEnd = SnapshotImage.entry(file.image.sections.count).lowerBound
        var places =
            Array(0..<tableEnd) + stride(from: tableEnd, to: SnapshotImage.pageBytes, by: isExhaustive ? 1 : 251)
        if !isExhaustive { places = places.filter { $0 < 32 || $0 % 3 == 0 } }
        for place in places {
            for bit in 0..<8 {
                let found = try file.refusal(flipping: bit, at: place)
                switch place {
                case 0..<8: #expect(found == .notASnapshot(path: file.path))
                case 8..<12 where (place, bit) == (8, 1):
                    #expect(found == .malformed(section: "header", reason: "version 0"))
                case 8..<12 where (place, bit) == (8, 0): #expect(found == .checksumMismatch(section: "header"))
                case 8..<12:
                    #expect(found == .newerVersion(found: 2 ^ 1 << (8 * (place - 8) + bit), newestKnown: 3))
                case 12..<16: #expect(found == .foreignByteOrder)
                case 16..<24:
                    guard case .lengthMismatch(_, file.image.bytes.count) = found else {
                        Issue.record("bit \(bit) of byte \(place): \(String(describing: found))")
                        continue
                    }
                default: #expect(found == .checksumMismatch(section: "header"), "bit \(bit) of byte \(place)")
                }
            }
        }
    }

    @Test("With any bit of a section flipped it is refused, and the section named", arguments: SnapshotSeed.allCases)
    func flippedBit(seed: SnapshotSeed) throws {
        let file = try DamagedFile(seed)
        let isSmall = file.image.bytes.count < 400_000
        for section in file.image.sections {
            let name = try #require(SnapshotSection(rawValue: section.number)).name
            let bits = section.length * 8
            for bit in stride(from: 0, to: bits, by: isExhaustive && isSmall ? 1 : bits / 6 + 1) {
                let found = try file.refusal(flipping: bit % 8, at: section.offset + bit / 8)
                #expect(found == .checksumMismatch(section: name), "bit \(bit)")
            }
            guard let last = section.padding.last else { continue }
            for place in [section.padding.lowerBound, (section.padding.lowerBound + last) / 2, last] {
                let found = try file.refusal(flipping: place % 8, at: place)
                #expect(found == .malformed(section: name, reason: "what follows it is not zero"), "byte \(place)")
            }
        }
    }

    /// Mutations of one test case.
    private static let caseSize = 100 as UInt64

    @Test(
        "With many bytes changed it is refused, or harmless to every use",
        arguments: 0..<(isExhaustive ? 1000 : 20) as Range<UInt64>)
    func mutated(group: UInt64) throws {
        let folder = try TemporaryFolder()
        for seed in group * Self.caseSize..<(group + 1) * Self.caseSize {
            var generator = SeededGenerator(seed: seed)
            let damaged = DamagedSnapshot(DamagedSnapshot.input(using: &generator))
            // Those of thousands of vectors take too long for all builds.
            if !isExhaustive, damaged.seed == .calibrated || damaged.seed == .codesOnly { continue }
            let original = try #require(Self.images[damaged.seed])
            let image = damaged.apply(to: original)
            let path = try folder.write(image.bytes, to: "damaged")
            do {
                let refusal = try damaged.use(path, folder: folder.url.path)
                let isSeen = damaged.repaired == .none ? image.bytes != original.bytes : !image.areSectionsIntact
                if damaged.options.verification == .full, isSeen { #expect(refusal != nil, "seed \(seed)") }
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
    }

    /// Header and records are copied a few times, freed or not.
    private static let allowance = 1 << 20

    @Test(
        "What it claims to hold is not allocated", .enabled(if: AllocationCounter.works),
        arguments: SnapshotOptions.Verification.allCases)
    func allocation(verification: SnapshotOptions.Verification) throws {
        let folder = try TemporaryFolder()
        let image = try #require(Self.images[.whole])
        for section in [SnapshotSection.index, .graph] {
            for place in 0..<16 {
                for claim in [1 << 30, 1 << 40, Int.max] as [Int] {
                    var parts = image.parts
                    let index = try #require(parts.firstIndex { $0.number == section.rawValue })
                    guard 8 * place + 8 <= parts[index].content.count else { continue }
                    withUnsafeBytes(of: claim.littleEndian) {
                        parts[index].content.replaceSubrange(8 * place..<8 * place + 8, with: $0)
                    }
                    parts[index].checksum = nil
                    let bytes = try bytesAllocated(SnapshotImage(parts), folder: folder, verification)
                    #expect(bytes <= image.bytes.count + Self.allowance, "\(section), word \(place): \(claim)")
                }
            }
        }
    }

    /// Bytes asked for while a file is opened.
    private func bytesAllocated(
        _ image: SnapshotImage, folder: TemporaryFolder, _ verification: SnapshotOptions.Verification
    ) throws -> Int {
        let path = try folder.write(image.bytes, to: "a")
        return AllocationCounter.bytes {
            _ = try? HNSWIndex(contentsOf: path, options: SnapshotOptions(verification: verification))
        }
    }
}
