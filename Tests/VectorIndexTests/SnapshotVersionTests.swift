// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

/// Files of every version of the format, and what the index in them answers.
@Suite("A snapshot of an older release")
struct SnapshotVersionTests {
    private static let dimensions = 2
    private static let options = HNSWOptions(m: 2, efConstruction: 16, efSearch: 24, seed: 11, codes: .int8)
    private static let singleCount = 32 as UInt64
    private static let vectorCount = 256 as UInt64

    /// Vectors that are there once, under the keys from 0 on, and others four times, which is enough to learn codes; then dead
    /// nodes, free slots, removed duplicates, and a sweep under way.
    private static func make() throws -> HNSWIndex {
        var generator = SeededGenerator(seed: 2026)
        let index = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean, options: options)
        let singles = generator.vectors(count: Int(singleCount), dimensions: dimensions)
        let others = generator.vectors(count: Int(vectorCount - singleCount) / 4, dimensions: dimensions)
        try index.insertBatch(singles + others + others + others + others, keys: Array(0..<vectorCount), threads: 1)
        for key in 0..<4 as Range<UInt64> { try index.remove(key: key) }
        for key in 40..<44 as Range<UInt64> { try index.remove(key: key) }
        try index.compact()
        try index.insert(generator.vector(dimensions: dimensions), key: 1 << 40)
        for key in 100..<104 as Range<UInt64> { try index.remove(key: key) }
        for key in 4..<20 as Range<UInt64> { try index.remove(key: key) }
        return index
    }

    /// Queries and the six nearest to each, by the release that wrote the file.
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

    /// The environment variable names a folder: `NEAREST_FIXTURES=Tests/VectorIndexTests/Fixtures swift test --filter
    /// SnapshotVersionTests`. A release that knows a later version cannot write an older one any more.
    @Test("The fixture can be written", .enabled(if: ProcessInfo.processInfo.environment["NEAREST_FIXTURES"] != nil))
    func write() throws {
        let folder = try TemporaryFolder()
        let index = try Self.make()
        try index.save(to: folder.path("a"))
        let target = try #require(ProcessInfo.processInfo.environment["NEAREST_FIXTURES"])
        let packed = try ByteRuns.pack(folder.bytes("a"))
        try Data(packed).write(to: URL(fileURLWithPath: "\(target)/v1.nearest.runs"))
        for (query, _, _) in Self.answers {
            print(try index.search(query, k: 6, efSearch: nil).map { ($0.key, $0.distance) })
        }
    }

    /// The file is `Fixtures/v1.nearest.runs` (``ByteRuns``).
    @Test("A file of version 1 opens and answers as it did", arguments: SnapshotOptions.Verification.allCases)
    func version1(verification: SnapshotOptions.Verification) throws {
        let folder = try TemporaryFolder()
        let packed = try #require(
            Bundle.module.url(forResource: "v1.nearest", withExtension: "runs", subdirectory: "Fixtures"))
        let path = try folder.write(ByteRuns.unpack(Array(try Data(contentsOf: packed))), to: "v1.nearest")
        let index = try HNSWIndex(contentsOf: path, options: SnapshotOptions(verification: verification))
        #expect(index.count == 229)
        #expect(index.dimensions == Self.dimensions && index.metric == .squaredEuclidean)
        #expect(index.options == Self.options && index.codesInUse == .int8)
        for (query, keys, distances) in Self.answers {
            let found = try index.search(query, k: 6, efSearch: nil)
            #expect(found.map(\.key) == keys)
            // To the rounding of different instruction sets.
            #expect(zip(found, distances).allSatisfy { abs($0.distance - $1) <= 1e-6 })
        }
        for key in [20, 99, 255, 1 << 40] as [UInt64] { #expect(try index.vector(for: key) != nil) }
        for key in [0, 5, 41, 101, 256] as [UInt64] { #expect(!index.contains(key: key)) }
        try index.checkInvariants()
        // The sweep goes on, and free slots are used.
        for key in 30..<60 as Range<UInt64> { try index.remove(key: key) }
        try index.insertBatch([0, 0, 0.5, -0.5, -1, 1], keys: [1000, 1001, 1002])
        for (i, (query, _, _)) in Self.answers.enumerated() {
            #expect(try index.search(query, k: 1, efSearch: nil) == [Neighbor(key: 1000 + UInt64(i), distance: 0)])
        }
        try index.compact()
        try index.checkInvariants()
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
