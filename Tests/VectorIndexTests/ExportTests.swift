// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

@Suite("An index as a graph for others")
struct ExportTests {
    /// Every history, with whole vectors and with codes, and few vectors.
    private static let fixtures: [SnapshotFixture] = {
        var fixtures: [SnapshotFixture] = []
        for history in SnapshotFixture.History.allCases {
            for metric in Metric.allCases { fixtures.append(SnapshotFixture(metric: metric, history: history)) }
            fixtures.append(SnapshotFixture(metric: .cosine, codes: .int4, history: history))
            for count in 0...3 { fixtures.append(SnapshotFixture(count: count, history: history)) }
        }
        for m in [2, 40] { fixtures.append(SnapshotFixture(m: m, history: .changed)) }
        fixtures.append(
            SnapshotFixture(metric: .cosine, codes: .int4, keepsVectors: false, count: 2100, history: .changed))
        return fixtures
    }()

    /// What other libraries rely on, and that level 0 leads from the entry point to every element.
    private func check(_ graph: ExportedGraph, m: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        let count = graph.keys.count
        #expect(Set(graph.keys).count == count, sourceLocation: sourceLocation)
        #expect((graph.entryPoint == nil) == (count == 0), sourceLocation: sourceLocation)
        guard let entryPoint = graph.entryPoint else { return }
        let top = graph.neighbors.map(\.count).max()
        #expect(graph.neighbors[entryPoint].count == top, sourceLocation: sourceLocation)
        for (element, lists) in graph.neighbors.enumerated() {
            for (level, list) in lists.enumerated() {
                let isStorable =
                    list.count <= (level == 0 ? 2 * m : m) && Set(list).count == list.count
                    && list.allSatisfy {
                        $0 < count && Int($0) != element && graph.neighbors[Int($0)].count > level
                    }
                #expect(isStorable, "element \(element), level \(level)", sourceLocation: sourceLocation)
            }
        }
        var reached = [Bool](repeating: false, count: count)
        var open = [entryPoint]
        reached[entryPoint] = true
        while let element = open.popLast() {
            for neighbor in graph.neighbors[element][0] where !reached[Int(neighbor)] {
                reached[Int(neighbor)] = true
                open.append(Int(neighbor))
            }
        }
        #expect(reached.count { !$0 } == 0, sourceLocation: sourceLocation)
    }

    @Test(
        "It holds the vectors that are there, each linked and reached; contents are in the order of keys",
        arguments: fixtures)
    func holdsLiveVectors(fixture: SnapshotFixture) throws {
        let index = try fixture.make()
        let contents = try index.contents()
        #expect(contents.keys == contents.keys.sorted())
        try check(contents.keys, contents.vectors, of: index)
        let graph = try index.exportedGraph()
        try check(graph.keys, graph.vectors, of: index)
        check(graph, m: fixture.m)
        try index.checkInvariants()
    }

    /// The keys are all that there are, and the vectors theirs.
    private func check(_ keys: [UInt64], _ vectors: [Float], of index: HNSWIndex) throws {
        #expect(keys.count == index.count && vectors.count == index.count * index.dimensions)
        for (row, key) in keys.enumerated() {
            let vector = try #require(try index.vector(for: key))
            #expect(vector.elementsEqual(vectors[row * index.dimensions..<(row + 1) * index.dimensions]))
        }
    }

    @Test(
        "Equal vectors are linked in a chain, also when some are removed, and cut nothing off", arguments: [2, 3, 16])
    func duplicates(m: Int) throws {
        let index = try HNSWIndex(
            dimensions: 4, metric: .squaredEuclidean,
            options: HNSWOptions(m: m, efConstruction: 24, codes: VectorCodes.float32))
        var generator = SeededGenerator(seed: 611)
        let values = generator.vectors(count: 200, dimensions: 4)
        // Each vector up to twelve times: more often than a node of M 2 or 3 has neighbors.
        for copy in 0..<12 as Range<UInt64> {
            let count = 200 - Int(copy) * 12
            try index.insert(
                contentsOf: values.prefix(count * 4).map { $0 }, keys: (0..<UInt64(count)).map { copy * 1000 + $0 })
        }
        check(try index.exportedGraph(), m: m)
        // Of some the node, of some the first duplicate, of some one in the middle, and of some all.
        for key in 0..<60 as Range<UInt64> {
            try index.remove(key: key % 4 == 0 ? key : key % 4 == 1 ? 1000 + key : 5000 + key)
            if key % 10 == 3 { for copy in 0..<12 as Range<UInt64> { try index.remove(key: copy * 1000 + key) } }
        }
        let graph = try index.exportedGraph()
        #expect(graph.keys.count == index.count)
        check(graph, m: m)
        try index.checkInvariants()
    }

    @Test("A file that it comes from stays as it is, and a damaged one is refused")
    func files() throws {
        let folder = try TemporaryFolder()
        let fixture = SnapshotFixture(history: .changed)
        try fixture.make().save(to: folder.path("a"))
        let bytes = try folder.bytes("a")
        let index = try HNSWIndex(contentsOf: folder.path("a"))
        check(try index.exportedGraph(), m: fixture.m)
        #expect(try folder.bytes("a") == bytes)

        let info = try SnapshotInfo(contentsOf: folder.path("a"))
        var damaged = bytes
        damaged[try #require(info.sections.first { $0.name == "vectors" }).offset] ^= 1
        try folder.write(damaged, to: "b")
        let options = SnapshotOptions(verification: .lazy)
        let failure = VectorIndexError.snapshot(.checksumMismatch(section: "vectors"))
        #expect(throws: failure) {
            try HNSWIndex(contentsOf: folder.path("b"), options: options).exportedGraph()
        }
        #expect(throws: failure) { try HNSWIndex(contentsOf: folder.path("b"), options: options).contents() }
    }
}
