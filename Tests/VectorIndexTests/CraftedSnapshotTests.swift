// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

@Suite("A crafted snapshot")
struct CraftedSnapshotTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func parts(_ seed: SnapshotSeed) throws -> [SnapshotImage.Part] {
        var parts = try #require(SnapshotDamageTests.images[seed]).parts
        // Checksums are made anew after each edit.
        for i in parts.indices { parts[i].checksum = nil }
        return parts
    }

    private func version(of seed: SnapshotSeed) throws -> UInt8 {
        try #require(SnapshotDamageTests.images[seed]).version
    }

    /// Why a file is refused; nil if it is opened.
    private func refusal(_ path: String, _ verification: SnapshotOptions.Verification = .full) throws -> SnapshotError?
    {
        do throws(VectorIndexError) {
            _ = try HNSWIndex(contentsOf: path, options: SnapshotOptions(verification: verification))
            return nil
        } catch {
            guard case .snapshot(let refusal) = error else { throw error }
            return refusal
        }
    }

    private func refusal(_ image: SnapshotImage) throws -> SnapshotError? {
        try refusal(folder.write(image.bytes, to: "crafted"))
    }

    @Test(
        "It is refused by the section that is wrong, and unverified it is harmless",
        arguments: CraftedSnapshot.graphs + CraftedSnapshot.keys + CraftedSnapshot.vectors + CraftedSnapshot.codes
            + CraftedSnapshot.calibrations)
    func section(crafted: CraftedSnapshot) throws {
        var parts = try parts(crafted.seed)
        crafted.edit(&parts)
        let path = try folder.write(SnapshotImage(parts, version: version(of: crafted.seed)).bytes, to: "crafted")
        let found = try refusal(path)
        guard case .malformed(crafted.section.name, let reason) = found, reason.contains(crafted.reason) else {
            Issue.record("\(String(describing: found)) is not \(crafted.section): \(crafted.reason)")
            return
        }
        for verification in SnapshotOptions.Verification.allCases {
            let options = SnapshotOptions(verification: verification)
            guard let index = try? HNSWIndex(contentsOf: path, options: options) else { continue }
            let use = IndexUse(values: crafted.seed.values, savingTo: folder.path("saved"))
            try use.ask(index)
            try use.change(index)
            try use.ask(index)
            #expect(throws: VectorIndexError.self) { try index.remove(key: 0) }
        }
    }

    @Test("Balanced inner products are refused in version 2, which had none")
    func balanceOfAnOlderVersion() throws {
        #expect(try version(of: .coded) == 3)
        let found = try refusal(SnapshotImage(parts(.coded), version: 2))
        guard case .malformed("balance", _) = found else {
            Issue.record("\(String(describing: found))")
            return
        }
    }

    @Test("Without one of its sections it is refused, and that one named", arguments: SnapshotSeed.allCases)
    func missing(seed: SnapshotSeed) throws {
        let all = try parts(seed)
        for (i, part) in all.enumerated() {
            let section = try #require(SnapshotSection(rawValue: part.number))
            var rest = all
            rest.remove(at: i)
            let found = try refusal(SnapshotImage(rest, version: version(of: seed)))
            let named: SnapshotSection? =
                switch section {
                // It may have none.
                case .calibration: nil
                // A part of what is missing is there.
                case .quantizer where seed != .codesOnly: .codes
                // The rows that are kept there name them.
                case .keptVectors: .codes
                case .members: .members
                default: section
                }
            switch found {
            case nil: #expect(named == nil, "\(section)")
            case .malformed(let name, _): #expect(name == named?.name, "\(section)")
            default: Issue.record("\(section): \(String(describing: found))")
            }
        }
    }

    @Test("With a section that the index does not use it is refused, and that one named")
    func superfluous() throws {
        let unused: [SnapshotSection] = [
            .halfVectors, .codes, .codeTerms, .remainders, .keptVectors, .residuals, .newestVectors, .newestSlots,
        ]
        for section in unused {
            let found = try refusal(SnapshotImage(parts(.whole) + [.init(section.rawValue, [0, 0, 0, 0])]))
            #expect(
                found == .malformed(section: section.name, reason: "an index like this one has no such section"))
        }
    }

    @Test("With a table of sections that is wrong it is refused by its header")
    func table() throws {
        let image = try #require(SnapshotDamageTests.images[.whole])
        let (second, third) = (SnapshotImage.entry(1).lowerBound, SnapshotImage.entry(2).lowerBound)
        func reason(_ edit: (inout SnapshotImage) -> Void) throws -> String? {
            var image = image
            edit(&image)
            image.repairHeader()
            guard case .malformed("header", let reason) = try refusal(image) else { return nil }
            return reason
        }
        let huge: [UInt64] = [1 << 63, UInt64.max, 1 << 63 - 1, UInt64.max - 16_383, 1 << 62]
        for value in huge {
            #expect(try reason { $0.put(value, at: second + 16) } == "section 'graph' lies outside the file")
            #expect(try reason { $0.put(value, at: second + 8) } == "section 'graph' lies outside the file")
            #expect(
                try reason {
                    $0.put(value, at: second + 8)
                    $0.put(0 &- value, at: second + 16)
                } == "section 'graph' lies outside the file")
        }
        #expect(try reason { $0.put(0 as UInt64, at: second + 16) } == "section 'graph' lies outside the file")
        let (first, next) = (image.sections[0].offset, image.sections[2].offset)
        #expect(
            try reason { $0.put(UInt64(first), at: second + 8) } == "section 'graph' begins at 16384 and not at 32768")
        #expect(
            try reason { $0.put(UInt64(next), at: second + 8) } == "section 'graph' begins at 49152 and not at 32768")
        #expect(
            try reason { $0.put(UInt64(40_000), at: second + 8) } == "section 'graph' begins at 40000 and not at 32768")
        let name = try #require(SnapshotSection(rawValue: image.sections[2].number)).name
        #expect(
            try reason { $0.put(UInt64(20_000), at: second + 16) }
                == "section '\(name)' begins at 49152 and not at 65536")
        #expect(try reason { $0.put(7 as UInt32, at: second) } == "a section of number 7, which is unknown")
        #expect(try reason { $0.put(UInt32.max, at: second) } == "a section of number 4294967295, which is unknown")
        #expect(try reason { $0.put(1 as UInt32, at: second) } == "a section twice")
        #expect(try reason { $0.put(1 as UInt64, at: second + 24) } == "a section with something behind it")
        #expect(
            try reason { $0.put(1 as UInt8, at: SnapshotImage.pageBytes - 1) } == "what follows its table is not zero")
        let count = UInt32(image.sections.count)
        #expect(try reason { $0.put(0 as UInt32, at: 24) } == "0 sections")
        #expect(try reason { $0.put(501 as UInt32, at: 24) } == "501 sections")
        #expect(try reason { $0.put(UInt32.max, at: 24) } == "4294967295 sections")
        #expect(try reason { $0.put(count - 1, at: 24) } == "what follows its table is not zero")
        #expect(try reason { $0.put(count + 1, at: 24) } == "a section of number 0, which is unknown")
        #expect(
            try reason { image in
                let entries = [second..<third, third..<third + 32].map { Array(image.bytes[$0]) }
                image.bytes.replaceSubrange(second..<third + 32, with: entries[1] + entries[0])
            } == "section '\(name)' begins at 49152 and not at 32768")
    }

    @Test("Of another format or byte order, or with another length, it is refused as such")
    func formats() throws {
        let image = try #require(SnapshotDamageTests.images[.whole])
        func found(_ edit: (inout SnapshotImage) -> Void) throws -> SnapshotError? {
            var image = image
            edit(&image)
            image.repairHeader()
            return try refusal(image)
        }
        #expect(try found { $0.put(0 as UInt32, at: 8) } == .malformed(section: "header", reason: "version 0"))
        for version in [4, .max] as [UInt32] {
            #expect(try found { $0.put(version, at: 8) } == .newerVersion(found: Int(version), newestKnown: 3))
        }
        #expect(try found { $0.put(0x0102_0304 as UInt32, at: 12) } == .foreignByteOrder)
        #expect(try found { $0.put((1 as UInt32).byteSwapped, at: 8) } == .newerVersion(found: 1 << 24, newestKnown: 3))
        #expect(
            try found {
                $0.put(0x0102_0304 as UInt32, at: 12)
                $0.put((1 as UInt32).byteSwapped, at: 8)
            } == .foreignByteOrder)
        for length in [0, UInt64.max, 1 << 63] {
            #expect(
                try found { $0.put(length, at: 16) }
                    == .lengthMismatch(expected: Int(clamping: length), found: image.bytes.count))
        }
        #expect(
            try found { $0.bytes.append(0) }
                == .lengthMismatch(expected: image.bytes.count, found: image.bytes.count + 1))
    }

    @Test("What is no snapshot, or no file, is refused as such", .timeLimit(.minutes(1)))
    func places() throws {
        #expect(try refusal(folder.write([UInt8](), to: "empty")) == .notASnapshot(path: folder.path("empty")))
        #expect(
            try refusal(folder.write(Array("\u{89}NEARES".utf8.suffix(7)), to: "seven"))
                == .notASnapshot(path: folder.path("seven")))
        #expect(
            try refusal(folder.write([0x89] + Array("NEARES".utf8), to: "seven"))
                == .notASnapshot(path: folder.path("seven")))
        #expect(
            try refusal(folder.write([UInt8](repeating: 0, count: 40_000), to: "zeros"))
                == .notASnapshot(path: folder.path("zeros")))
        #expect(
            try refusal(folder.write([0x89] + Array("NEAREST".utf8), to: "eight"))
                == .lengthMismatch(expected: 16_384, found: 8))
        let pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, folder.url.path, "/dev/null", "/dev/zero"] {
            #expect(try refusal(path) == .notARegularFile(path: path))
        }
        let missing = folder.path("missing")
        #expect(try refusal(missing) == .cannotRead(path: missing, code: ENOENT))
        #expect(try refusal("") == .cannotRead(path: "", code: ENOENT))
        #expect(try refusal(missing + "\0") != nil)
    }

    @Test("With a key whose vector is removed it is refused, and the key named")
    func missingVector() throws {
        var parts = try parts(.whole)
        let mask = parts[.keyTable].count / 4 - 1
        var place = Int(truncatingIfNeeded: Hashing.mix(17)) & mask
        while parts[.keyTable][4 * place] != 0 { place = (place + 1) & mask }
        parts.put(18 as UInt32, at: place, of: .keyTable)
        parts.put(parts.number(10, of: .index) + 1 as UInt64, at: 10, of: .index)
        #expect(try refusal(SnapshotImage(parts)) == .missingVector(key: 17))
    }
}
