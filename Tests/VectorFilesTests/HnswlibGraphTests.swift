// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import VectorFiles

@Suite("Files of hnswlib that are written")
struct HnswlibGraphTests {
    /// A graph of random links.
    private func randomGraph(
        count: Int, dimensions: Int, m: Int, using random: inout SeededGenerator
    ) -> HnswlibGraph {
        let levels = (0..<count).map { _ in [0, 0, 0, 1, 1, 2, 5].randomElement(using: &random)! }
        let neighbors = (0..<count).map { element in
            (0...levels[element]).map { level in
                let others = (0..<count).filter { $0 != element && levels[$0] >= level }.shuffled(using: &random)
                let most = level == 0 ? 2 * m : m
                return others.prefix(Int.random(in: 0...most, using: &random)).map { UInt32($0) }
            }
        }
        return HnswlibGraph(
            dimensions: dimensions, m: m, efConstruction: Int.random(in: m...500, using: &random),
            entryPoint: levels.indices.max { levels[$0] < levels[$1] },
            labels: (0..<count).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 },
            vectors: random.vectors(count: count, dimensions: dimensions), neighbors: neighbors,
            isDeleted: (0..<count).map { _ in Int.random(in: 0..<5, using: &random) == 0 })
    }

    @Test("What is written is read again", arguments: [0, 1, 2, 40, 300])
    func roundTrip(count: Int) throws {
        for (dimensions, m) in [(1, 2), (5, 3), (64, 16)] {
            let seed = UInt64(count << 8 | m)
            var random = SeededGenerator(seed: seed)
            let graph = randomGraph(count: count, dimensions: dimensions, m: m, using: &random)
            try withTemporaryPath(extension: "hnsw") { path in
                try HnswlibFile.write(graph, to: path)
                let file = try HnswlibFile(path: path, dimensions: dimensions)
                #expect(HnswlibReading(file) == HnswlibReading(graph), "seed \(seed)")
            }
        }
    }

    @Test("The graph of a file of hnswlib is written as it is there, but for its room and what lies in places not used")
    func rewriting() throws {
        let bytes = try HnswlibFixture.bytes()
        let file = try HnswlibFixture.read(bytes)
        let reading = HnswlibReading(file)
        let graph = HnswlibGraph(
            dimensions: file.dimensions, m: file.m, efConstruction: file.efConstruction, entryPoint: file.entryPoint,
            labels: file.labels, vectors: file.vectors(), neighbors: reading.neighbors, isDeleted: file.isDeleted)
        try withTemporaryPath(extension: "hnsw") { path in
            try HnswlibFile.write(graph, to: path)
            let written = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            #expect(written.count == bytes.count)
            #expect(written[..<8] == bytes[..<8])
            #expect(written[8..<16].elementsEqual(littleEndianBytes(UInt64(24))))
            #expect(written[16..<96] == bytes[16..<96])
            var expected = reading
            expected.capacity = 24
            #expect(HnswlibReading(try HnswlibFixture.read(written)) == expected)
        }
    }

    @Test("Fewer candidates than M are written as M, as hnswlib does")
    func fewCandidates() throws {
        let graph = HnswlibGraph(
            dimensions: 1, m: 16, efConstruction: 4, entryPoint: 0, labels: [9], vectors: [1], neighbors: [[[]]])
        try withTemporaryPath(extension: "hnsw") { path in
            try HnswlibFile.write(graph, to: path)
            let file = try HnswlibFile(path: path, dimensions: 1)
            #expect(file.efConstruction == 16 && file.labels == [9] && file.isDeleted == [false])
        }
    }

    @Test("A file that cannot be written is refused")
    func unwritable() {
        let graph = HnswlibGraph(
            dimensions: 2, m: 4, efConstruction: 8, entryPoint: nil, labels: [], vectors: [], neighbors: [])
        withTemporaryPath(extension: "hnsw") { path in
            expectRefusal(of: path + "/x", because: "cannot be written") {
                try HnswlibFile.write(graph, to: path + "/x")
            }
        }
    }
}
