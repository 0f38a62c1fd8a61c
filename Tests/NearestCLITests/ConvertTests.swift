// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("The convert command")
struct ConvertTests {
    private let fixture: SavedIndexFixture

    init() throws { fixture = try SavedIndexFixture() }

    private func convert(_ source: String, _ target: String, _ options: [String] = []) throws -> String {
        try ConvertCommand.parse([fixture.path(source), fixture.path(target)] + options).convert()
    }

    /// Saves an index whose keys are not in the order of its slots, after removals, with equal vectors.
    @discardableResult
    private func makeIndex(metric: Metric, name: String = "a.nearest") throws -> HNSWIndex {
        let index = try HNSWIndex(
            dimensions: 12, metric: metric, options: HNSWOptions(m: 5, efConstruction: 40, codes: VectorCodes.float32))
        try index.insert(contentsOf: fixture.vectors, keys: (0..<300).map { 10_000 - 7 * $0 })
        for key in 0..<50 as Range<UInt64> {
            let row = Int(key) % 9 * 12
            try index.insert(Array(fixture.vectors[row..<row + 12]), key: key)
        }
        for i in 5..<120 as Range<UInt64> { try index.remove(key: 10_000 - 7 * i) }
        try index.save(to: fixture.path(name))
        return index
    }

    @Test("Vectors of one format become the same of another")
    func vectors() throws {
        #expect(try convert("base.npy", "b.fvecs") == "\(fixture.path("b.fvecs")): 300 vectors x 12")
        _ = try convert("b.fvecs", "c.npy")
        #expect(try fixture.folder.bytes("c.npy") == fixture.folder.bytes("base.npy"))
        // Two rows of two values each.
        try fixture.folder.write([2, 0, 0, 0, 7, 255, 2, 0, 0, 0, 0, 9], to: "d.bvecs")
        _ = try convert("d.bvecs", "d.npy")
        #expect(try NumPyFile(path: fixture.path("d.npy")).floats() == [7, 255, 0, 9])
        try VectorTable.write([1, -2] as [Int32], rows: 1, columns: 2, to: fixture.path("e.ivecs"))
        _ = try convert("e.ivecs", "e.fvecs")
        #expect(try VectorTable(path: fixture.path("e.fvecs")).floats() == [1, -2])
    }

    @Test("The vectors of a saved index are written in the order of their keys, with these", arguments: Metric.allCases)
    func vectorsOfIndex(metric: Metric) throws {
        let index = try makeIndex(metric: metric)
        let bytes = try fixture.folder.bytes("a.nearest")
        for (name, keys) in [("v.npy", "k.npy"), ("v.fvecs", "k.ivecs")] {
            _ = try convert("a.nearest", name, ["--keys-out", fixture.path(keys)])
            let written = try VectorTable(path: fixture.path(keys))
            let ids = try written.int32s()
            #expect(written.columns == 1 && ids == ids.sorted() && ids.count == index.count)
            let table = try VectorTable(path: fixture.path(name))
            let values = try table.floats()
            #expect(table.rows == index.count && table.columns == 12)
            for (row, id) in ids.enumerated() {
                let vector = try #require(try index.vector(for: UInt64(id)))
                #expect(vector.elementsEqual(values[row * 12..<(row + 1) * 12]))
            }
        }
        #expect(try fixture.folder.bytes("a.nearest") == bytes)
    }

    @Test("A saved index becomes one of hnswlib and back with its vectors and keys", arguments: ["l2", "ip", "cosine"])
    func thereAndBack(name: String) throws {
        let metric = try #require(MetricOption(rawValue: name)).metric
        let index = try makeIndex(metric: metric)
        let bytes = try fixture.folder.bytes("a.nearest")
        #expect(
            try convert("a.nearest", "a.hnswlib").hasSuffix("\(index.count) vectors x 12 for hnswlib, space \(name)"))
        #expect(try fixture.folder.bytes("a.nearest") == bytes)
        let file = try HnswlibFile(path: fixture.path("a.hnswlib"), dimensions: 12)
        #expect(file.count == index.count && file.m == 5 && file.efConstruction == 40)
        #expect(!file.isDeleted.contains(true))
        _ = try convert("a.nearest", "b.graph", ["--to", "hnswlib"])
        #expect(try fixture.folder.bytes("b.graph") == fixture.folder.bytes("a.hnswlib"))

        let options = ["--dimensions", "12", "--metric", name, "--codes", "none"]
        _ = try convert("a.hnswlib", "b.nearest", options)
        _ = try convert("b.graph", "c.nearest", ["--from", "hnswlib", "--build-threads", "1"] + options)
        #expect(try fixture.folder.bytes("b.nearest") == fixture.folder.bytes("c.nearest"))
        let again = try HNSWIndex(contentsOf: fixture.path("b.nearest"))
        try again.checkInvariants()
        #expect(again.count == index.count && again.metric == metric && again.options == index.options)
        for key in file.labels {
            let (old, new) = (try #require(try index.vector(for: key)), try #require(try again.vector(for: key)))
            // Normalized again, cosine vectors may differ in the last bit.
            #expect(zip(old, new).allSatisfy { abs($0 - $1) <= (metric == .cosine ? 1e-6 : 0) })
        }
        _ = try convert("a.hnswlib", "v.npy", ["--dimensions", "12", "--keys-out", fixture.path("k.npy")])
        _ = try convert("a.nearest", "w.npy", ["--keys-out", fixture.path("l.npy")])
        #expect(try fixture.folder.bytes("v.npy") == fixture.folder.bytes("w.npy"))
        #expect(try fixture.folder.bytes("k.npy") == fixture.folder.bytes("l.npy"))
    }

    @Test("Of a file of hnswlib, deleted elements are left out and labels become keys")
    func foreignFile() throws {
        let labels = (0..<24).map { UInt64(1) << 40 + 5 * UInt64($0) }
        let deleted: Set<Int> = [5, 17]
        let vectors = Array(fixture.vectors[..<72])
        let graph = HnswlibGraph(
            dimensions: 3, m: 3, efConstruction: 20, entryPoint: 0, labels: labels, vectors: vectors,
            neighbors: (0..<24).map { [[($0 + 1) % 24, ($0 + 7) % 24]] }, isDeleted: (0..<24).map(deleted.contains))
        try HnswlibFile.write(graph, to: fixture.path("h.bin"))
        _ = try convert("h.bin", "h.nearest", ["--dimensions", "3", "--metric", "l2", "--codes", "auto"])
        let index = try HNSWIndex(contentsOf: fixture.path("h.nearest"))
        #expect(index.count == 22 && index.options == HNSWOptions(m: 3, efConstruction: 20))
        _ = try convert("h.bin", "h.npy", ["--dimensions", "3"])
        let values = try NumPyFile(path: fixture.path("h.npy")).floats()
        var row = 0
        for element in 0..<24 where !deleted.contains(element) {
            let expected = vectors[element * 3..<(element + 1) * 3]
            let vector = try #require(try index.vector(for: labels[element]))
            #expect(vector.elementsEqual(expected) && values[row * 3..<(row + 1) * 3] == expected)
            row += 1
        }
        #expect(values.count == row * 3)
        #expect(try !index.contains(key: labels[5]) && index.vector(for: labels[17]) == nil)
    }

    @Test("Codes are written as what they stand for")
    func compact() throws {
        var random = SeededGenerator(seed: 78)
        let options = HNSWOptions(m: 4, efConstruction: 10, codes: .int8, keepsVectors: false)
        let index = try HNSWIndex(dimensions: 6, metric: .squaredEuclidean, options: options)
        try index.insert(contentsOf: random.vectors(count: 4200, dimensions: 6), keys: (0..<4200).map { $0 })
        try index.save(to: fixture.path("a.nearest"))
        _ = try convert("a.nearest", "a.hnswlib")
        let file = try HnswlibFile(path: fixture.path("a.hnswlib"), dimensions: 6)
        let values = file.vectors()
        for element in stride(from: 0, to: 4200, by: 60) {
            let vector = try #require(try index.vector(for: file.labels[element]))
            #expect(vector.elementsEqual(values[element * 6..<(element + 1) * 6]))
        }
    }

    @Test("An index of no vectors becomes files of none")
    func empty() throws {
        try HNSWIndex(dimensions: 12, metric: .cosine).save(to: fixture.path("a.nearest"))
        _ = try convert("a.nearest", "a.npy", ["--keys-out", fixture.path("k.npy")])
        #expect(
            try NumPyFile(path: fixture.path("a.npy")).rows == 0 && NumPyFile(path: fixture.path("k.npy")).rows == 0)
        _ = try convert("a.nearest", "a.bin")
        _ = try convert("a.bin", "b.nearest", ["--dimensions", "12", "--metric", "cosine"])
        #expect(try HNSWIndex(contentsOf: fixture.path("b.nearest")).isEmpty)
    }
}
