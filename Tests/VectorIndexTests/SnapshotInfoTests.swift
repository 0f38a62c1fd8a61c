// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("What a saved index is said to be")
struct SnapshotInfoTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(
        "It is what the index is when it is opened",
        arguments: [
            SnapshotFixture(), SnapshotFixture(metric: .cosine, codes: .automatic, history: .changed),
            SnapshotFixture(metric: .manhattan, codes: .int8), SnapshotFixture(metric: .innerProduct, codes: .int4),
            SnapshotFixture(count: 0), SnapshotFixture(rows: .float16), SnapshotFixture(history: .emptied),
            SnapshotFixture(m: 512, dimensions: 769),
        ])
    func agrees(fixture: SnapshotFixture) throws {
        let saved = try fixture.make()
        let length = try saved.save(to: folder.path("a"))
        let info = try SnapshotInfo(contentsOf: folder.path("a"))
        let index = try HNSWIndex(contentsOf: folder.path("a"))
        #expect(info.formatVersion == (fixture.rows == .float32 ? 2 : 3))
        #expect(info.count == index.count)
        #expect(info.dimensions == index.dimensions)
        #expect(info.metric == index.metric)
        #expect(info.options == index.options)
        #expect(info.codesInUse == index.codesInUse)
        #expect(info.fileBytes == length)
        #expect(!info.isCodesOnly || !fixture.keepsVectors)
    }

    @Test("Vectors are given up once there are enough of them, and not before")
    func compactness() throws {
        for (count, isCodesOnly) in [(300, false), (4200, true)] {
            try SnapshotFixture(codes: .int8, keepsVectors: false, count: count).make().save(to: folder.path("a"))
            let info = try SnapshotInfo(contentsOf: folder.path("a"))
            #expect(info.isCodesOnly == isCodesOnly)
            #expect(!info.options.keepsVectors && info.options.codes == .int8)
            #expect(info.sections.map(\.name).contains("vectors") != isCodesOnly)
        }
    }

    @Test("The sections follow one another from page to page, to the end of the file")
    func sections() throws {
        try SnapshotFixture(codes: .int4, history: .changed).make().save(to: folder.path("a"))
        let info = try SnapshotInfo(contentsOf: folder.path("a"))
        let page = 16_384
        var end = page
        for section in info.sections {
            #expect(section.offset == end && section.length > 0)
            end += (section.length + page - 1) / page * page
        }
        #expect(end == info.fileBytes)
        #expect(
            Set(info.sections.map(\.name)).isSuperset(of: ["index", "graph", "quantizer", "vectors", "codes", "keys"]))
        #expect(Set(info.sections.map(\.checksum)).count > 8)
    }

    @Test(
        "A file that is none, is cut off, or is damaged where it is read is refused, and damage elsewhere is not looked for"
    )
    func refusals() throws {
        let path = folder.path("a")
        #expect(throws: VectorIndexError.snapshot(.cannotRead(path: path, code: 2))) {
            try SnapshotInfo(contentsOf: path)
        }
        #expect(throws: VectorIndexError.snapshot(.notARegularFile(path: folder.path("")))) {
            try SnapshotInfo(contentsOf: folder.path(""))
        }
        try SnapshotFixture(codes: .int8).make().save(to: path)
        let sound = try folder.bytes("a")
        let info = try SnapshotInfo(contentsOf: path)
        func refusal(of bytes: [UInt8]) throws -> VectorIndexError? {
            try folder.write(bytes, to: "b")
            do throws(VectorIndexError) { _ = try SnapshotInfo(contentsOf: folder.path("b")) } catch { return error }
            return nil
        }
        #expect(try refusal(of: []) == .snapshot(.notASnapshot(path: folder.path("b"))))
        let text = Array("a text that is long enough".utf8)
        #expect(try refusal(of: text) == .snapshot(.notASnapshot(path: folder.path("b"))))
        let shorter = Array(sound.dropLast(16_384))
        let mismatch = SnapshotError.lengthMismatch(expected: sound.count, found: shorter.count)
        #expect(try refusal(of: shorter) == .snapshot(mismatch))
        for section in info.sections {
            var bytes = sound
            bytes[section.offset] ^= 1
            let isRead = ["index", "quantizer"].contains(section.name)
            let expected = VectorIndexError.snapshot(.checksumMismatch(section: section.name))
            #expect(try refusal(of: bytes) == (isRead ? expected : nil), "\(section.name)")
        }
        var newer = sound
        newer[8] = 9
        #expect(try refusal(of: newer) == .snapshot(.newerVersion(found: 9, newestKnown: 3)))
    }
}
