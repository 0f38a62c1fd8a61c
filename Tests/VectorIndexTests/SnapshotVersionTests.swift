// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

/// Files of every version of the format, and what the index in them answers.
@Suite("A snapshot of an older release")
struct SnapshotVersionTests {
    private static let dimensions = 2
    /// Rows in half precision are what version 3 has.
    private static func options(version: Int) -> HNSWOptions {
        HNSWOptions(
            m: 2, efConstruction: 16, efSearch: 24, seed: 11, codes: .int8, rows: version < 3 ? .float32 : .float16)
    }

    private static let singleCount = 32 as UInt64
    private static let vectorCount = 256 as UInt64

    /// Vectors that are there once, under the keys from 0 on, and others four times, which is enough to learn codes; then dead
    /// nodes, free slots, removed duplicates, and a sweep under way.
    private static func make(version: Int) throws -> HNSWIndex {
        var generator = SeededGenerator(seed: 2026)
        let index = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean, options: options(version: version))
        let singles = generator.vectors(count: Int(singleCount), dimensions: dimensions)
        let others = generator.vectors(count: Int(vectorCount - singleCount) / 4, dimensions: dimensions)
        try index.insert(
            contentsOf: singles + others + others + others + others, keys: Array(0..<vectorCount), threads: 1)
        for key in 0..<4 as Range<UInt64> { try index.remove(key: key) }
        for key in 40..<44 as Range<UInt64> { try index.remove(key: key) }
        try index.compact()
        try index.insert(generator.vector(dimensions: dimensions), key: 1 << 40)
        for key in 100..<104 as Range<UInt64> { try index.remove(key: key) }
        for key in 4..<20 as Range<UInt64> { try index.remove(key: key) }
        return index
    }

    /// Queries and the six nearest to each, by the releases that wrote the files of versions 1 and 2.
    private static let answers: [(query: [Float], keys: [UInt64], distances: [Float])] = [
        (
            [0, 0], [87, 143, 199, 255, 28, 25],
            [0.0049218917, 0.0049218917, 0.0049218917, 0.0049218917, 0.0151526695, 0.016443186]
        ),
        (
            [0.5, -0.5], [34, 90, 146, 202, 84, 140],
            [0.027333463, 0.027333463, 0.027333463, 0.027333463, 0.047523446, 0.047523446]
        ),
        (
            [-1, 1], [61, 117, 173, 229, 82, 138],
            [0.12873617, 0.12873617, 0.12873617, 0.12873617, 0.19640127, 0.19640127]
        ),
    ]

    /// The distances of ``answers`` in version 3, to rounded vectors.
    private static let roundedDistances: [[Float]] = [
        [0.0049189385, 0.0049189385, 0.0049189385, 0.0049189385, 0.0151521675, 0.016457573],
        [0.027335763, 0.027335763, 0.027335763, 0.027335763, 0.047432184, 0.047432184],
        [0.12882924, 0.12882924, 0.12882924, 0.12882924, 0.19661903, 0.19661903],
    ]

    /// The environment variable names a folder: `NEAREST_FIXTURES=Tests/VectorIndexTests/Fixtures swift test --filter
    /// SnapshotVersionTests`. A release that knows a later version cannot write an older one any more.
    @Test("The fixture can be written", .enabled(if: ProcessInfo.processInfo.environment["NEAREST_FIXTURES"] != nil))
    func write() throws {
        let folder = try TemporaryFolder()
        let index = try Self.make(version: SnapshotHeader.currentVersion)
        try index.save(to: folder.path("a"))
        let target = try #require(ProcessInfo.processInfo.environment["NEAREST_FIXTURES"])
        let packed = try ByteRuns.pack(folder.bytes("a"))
        let name = "v\(SnapshotHeader.currentVersion).nearest.runs"
        try Data(packed).write(to: URL(fileURLWithPath: target).appendingPathComponent(name))
        for (query, _, _) in Self.answers {
            print(try index.search(query, k: 6).map { ($0.key, $0.distance) })
        }
    }

    /// The file is `Fixtures/v<version>.nearest.runs` (``ByteRuns``).
    @Test(
        "A file of every version opens, answers as it did and is changed", arguments: 1...SnapshotHeader.currentVersion,
        SnapshotOptions.Verification.allCases)
    func fixture(version: Int, verification: SnapshotOptions.Verification) throws {
        let folder = try TemporaryFolder()
        let packed = try #require(
            Bundle.module.url(forResource: "v\(version).nearest", withExtension: "runs", subdirectory: "Fixtures"))
        let path = try folder.write(ByteRuns.unpack(Array(try Data(contentsOf: packed))), to: "a.nearest")
        #expect(try SnapshotInfo(contentsOf: path).formatVersion == version)
        let index = try HNSWIndex(contentsOf: path, options: SnapshotOptions(verification: verification))
        #expect(index.count == 229)
        #expect(index.dimensions == Self.dimensions && index.metric == .squaredEuclidean)
        #expect(index.options == Self.options(version: version) && index.codesInUse == .int8)
        try index.save(to: folder.path("b.nearest"))
        #expect(try version == 1 || folder.bytes("b.nearest") == folder.bytes("a.nearest"))
        for (i, (query, keys, distances)) in Self.answers.enumerated() {
            let distances = version < 3 ? distances : Self.roundedDistances[i]
            let found = try index.search(query, k: 6)
            #expect(found.map(\.key) == keys)
            // To the rounding of different instruction sets.
            #expect(zip(found, distances).allSatisfy { abs($0.distance - $1) <= 1e-6 })
        }
        for key in [20, 99, 255, 1 << 40] as [UInt64] { #expect(try index.vector(for: key) != nil) }
        for key in [0, 5, 41, 101, 256] as [UInt64] { #expect(!index.contains(key: key)) }
        try index.checkInvariants()
        // The sweep goes on, and free slots are used.
        for key in 30..<60 as Range<UInt64> { try index.remove(key: key) }
        try index.insert(contentsOf: [0, 0, 0.5, -0.5, -1, 1], keys: [1000, 1001, 1002])
        for (i, (query, _, _)) in Self.answers.enumerated() {
            #expect(try index.search(query, k: 1) == [Neighbor(key: 1000 + UInt64(i), distance: 0)])
        }
        try index.compact()
        try index.checkInvariants()
        // What is saved is of the oldest version that can say it, but not of the first, and the same.
        try index.save(to: folder.path("b.nearest"))
        #expect(try SnapshotInfo(contentsOf: folder.path("b.nearest")).formatVersion == max(version, 2))
        let again = try HNSWIndex(contentsOf: folder.path("b.nearest"))
        for (query, _, _) in Self.answers {
            #expect(
                try again.search(query, k: 6) == index.search(query, k: 6))
        }
    }

    /// An index that is to give its vectors up and has not yet, whose file becomes one of version 1.
    private static func compact(
        _ codes: VectorCodes, _ metric: Metric, newest: [Int], in folder: TemporaryFolder
    ) throws -> (path: String, writer: SnapshotVersion1Writer) {
        let dimensions = 5
        var generator = SeededGenerator(seed: 2027)
        let values = generator.vectors(count: 300, dimensions: dimensions)
        let options = HNSWOptions(m: 4, efConstruction: 24, codes: codes, keepsVectors: false)
        let index = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
        try index.insert(contentsOf: values, keys: Array(0..<300))
        for key in 0..<20 as Range<UInt64> { try index.remove(key: 3 * key) }
        let vectors = (0..<300).map { slot -> [Float] in
            let vector = values.vector(slot, dimensions)
            guard metric == .cosine else { return vector }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / norm }
        }
        try index.save(to: folder.path("whole"))
        let writer = SnapshotVersion1Writer(codes, metric: metric, vectors: vectors, newest: newest)
        let file = writer.file(SnapshotImage(try folder.bytes("whole")))
        return (try folder.write(file.bytes, to: "a.nearest"), writer)
    }

    @Test(
        "Codes-only vectors of a file of version 1 are given back, the newest of them better than the others",
        arguments: [VectorCodes.int8, .int4], Metric.allCases)
    func codesOnlyVersion1(codes: VectorCodes, metric: Metric) throws {
        let folder = try TemporaryFolder()
        for newest in [[], [290, 295, 299]] {
            let (path, writer) = try Self.compact(codes, metric, newest: newest, in: folder)
            for verification in SnapshotOptions.Verification.allCases {
                let index = try HNSWIndex(contentsOf: path, options: SnapshotOptions(verification: verification))
                #expect(index.count == 280 && index.codesInUse == codes)
                #expect(try SnapshotInfo(contentsOf: path).isCodesOnly)
                for slot in 60..<300 {
                    let vector = Array(try #require(try index.vector(for: UInt64(slot))))
                    let original = writer.vectors[slot]
                    let length = original.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    // What the old codes had lost, and then what the new ones may lose.
                    let lost = newest.contains(slot) ? 0 : writer.largestError * Float(5).squareRoot()
                    let error = DistanceOracle.distance(vector, original, .squaredEuclidean).squareRoot()
                    #expect(error <= Double(lost + 0.021 * (length + lost)), "slot \(slot)")
                }
                try index.checkInvariants()
                try index.insert([1, 1, 1, 1, 1], key: 1000)
                try index.compact()
                try index.checkInvariants()
                guard metric != .innerProduct else { continue }
                for slot in stride(from: 61, to: 300, by: 17) {
                    let found = try index.search(writer.vectors[slot], k: 3, effort: .candidates(100)).map(\.key)
                    #expect(found.contains(UInt64(slot)))
                }
            }
        }
    }

    @Test("A crafted file of version 1 is refused by the section that is wrong", arguments: [VectorCodes.int8, .int4])
    func craftedVersion1(codes: VectorCodes) throws {
        let folder = try TemporaryFolder()
        let (path, _) = try Self.compact(codes, .innerProduct, newest: [290, 299], in: folder)
        let parts = SnapshotImage(Array(try Data(contentsOf: URL(fileURLWithPath: path)))).parts
        func refusal(
            _ section: SnapshotSection, _ edit: (inout [UInt8]) -> Void,
            verification: SnapshotOptions.Verification = .full
        ) throws -> SnapshotError? {
            var parts = parts
            for i in parts.indices {
                parts[i].checksum = nil
                if parts[i].number == section.rawValue { edit(&parts[i].content) }
            }
            parts.removeAll { $0.content.isEmpty }
            let path = try folder.write(SnapshotImage(parts, version: 1).bytes, to: "b.nearest")
            let index: HNSWIndex
            do throws(VectorIndexError) {
                index = try HNSWIndex(contentsOf: path, options: SnapshotOptions(verification: verification))
            } catch {
                guard case .snapshot(let refusal) = error else { throw error }
                return refusal
            }
            try IndexUse(values: [1, 2, 3, 0.5], savingTo: folder.path("saved")).ask(index)
            return nil
        }
        func put(_ value: Float, at byte: Int) -> (inout [UInt8]) -> Void {
            { content in withUnsafeBytes(of: value) { content.replaceSubrange(byte..<byte + 4, with: $0) } }
        }
        for verification in SnapshotOptions.Verification.allCases {
            func section(_ section: SnapshotSection, _ edit: (inout [UInt8]) -> Void) throws -> String? {
                guard case .malformed(let name, _) = try refusal(section, edit, verification: verification) else {
                    return nil
                }
                return name
            }
            // Scale, an offset, their number, and the kind.
            for value in [.nan, .infinity, 0, -1, 1e38] as [Float] {
                #expect(try section(.quantizer, put(value, at: 8)) == "quantizer")
            }
            for value in [.nan, 1e38] as [Float] { #expect(try section(.quantizer, put(value, at: 56)) == "quantizer") }
            #expect(try section(.quantizer) { $0.removeLast(4) } == "quantizer")
            #expect(try section(.quantizer) { $0[0] = 4 } == "quantizer")
            #expect(try section(.codes) { $0.removeLast(64) } == "codes")
            #expect(try section(.codes) { $0 = [] } == "codes")
            #expect(try section(.newestVectors) { $0.removeLast(64) } == "newestVectors")
            #expect(try section(.newestVectors) { $0 = [] } == "newestVectors")
            #expect(try section(.newestSlots) { $0.removeLast(4) } == "newestSlots")
            #expect(try section(.newestSlots) { $0 = [] } == "newestVectors")
            if codes == .int4 { #expect(try section(.residuals) { $0.removeLast() } == "residuals") }
            // Values that are none, and slots that there are not, come to nothing.
            _ = try refusal(.newestVectors, put(.nan, at: 4), verification: verification)
            _ = try refusal(.newestSlots, { $0[8..<12] = [255, 255, 255, 255] }, verification: verification)
            _ = try refusal(
                .codes, { content in for i in content.indices { content[i] = 255 } }, verification: verification)
        }
    }

    @Test("Packed bytes are unpacked to the same")
    func packing() {
        var generator = SeededGenerator(seed: 7)
        for length in [0, 1, 5, 6, 7, 65_534, 65_535, 65_536, 200_000] {
            for most in [0, 1, 255] as [UInt8] {
                let bytes = (0..<length).map { _ in UInt8.random(in: 0...most, using: &generator) }
                #expect(ByteRuns.unpack(ByteRuns.pack(bytes)) == bytes, "\(length) bytes up to \(most)")
            }
        }
    }
}
