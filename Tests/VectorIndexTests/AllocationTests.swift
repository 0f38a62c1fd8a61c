// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("Allocations", .enabled(if: AllocationCounter.works))
struct AllocationTests {
    @Test("A warm search allocates its result and nothing else", arguments: Metric.allCases, VectorRows.allCases)
    func warmSearch(metric: Metric, rows: VectorRows) throws {
        for count in [30, 1200] {
            var generator = SeededGenerator(seed: 81)
            let index = try HNSWIndex(dimensions: 12, metric: metric, options: HNSWOptions(rows: rows))
            try index.insertAll(generator.vectors(count: count, dimensions: 12), keys: 0..<UInt64(count))
            for key in stride(from: 0, to: UInt64(count), by: 10) { #expect(try index.remove(key: key)) }
            let queries = (0..<10).map { _ in generator.vector(dimensions: 12) }
            for ef in [500, 1, 10, 64, 500] {
                for query in queries { _ = try index.search(query, k: 10, effort: .candidates(ef)) }
                for query in queries {
                    let allocations = try AllocationCounter.count { () throws(VectorIndexError) in
                        _ = try index.search(query, k: 10, effort: .candidates(ef))
                    }
                    #expect(allocations == 1, "\(count) vectors, ef \(ef)")
                }
            }
        }
    }

    @Test("A warm search for copies of a vector allocates its result and nothing else")
    func warmSearchOfDuplicates() throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        try index.insertAll([Float](repeating: 1, count: 400), keys: 0..<200)
        let query: [Float] = [1, 2]
        _ = try index.search(query, k: 50)
        let allocations = try AllocationCounter.count { _ = try index.search(query, k: 50) }
        #expect(allocations == 1)
    }

    @Test("Vectors of results take less than a hundredth of the memory of copies")
    func sharedVectors() throws {
        var generator = SeededGenerator(seed: 82)
        let index = try HNSWIndex(dimensions: 512, metric: .squaredEuclidean)
        try index.insertAll(generator.vectors(count: 60, dimensions: 512), keys: 0..<60)
        var shared: [SharedVector] = []
        shared.reserveCapacity(60)
        var copies: [[Float]] = []
        copies.reserveCapacity(60)
        let sharedBytes = try AllocationCounter.bytes {
            for key in 0..<60 as Range<UInt64> { try index.vector(for: key).map { shared.append($0) } }
        }
        let copiedBytes = AllocationCounter.bytes { for vector in shared { copies.append(Array(vector)) } }
        #expect(shared.count == 60 && copiedBytes >= 60 * 512 * 4)
        #expect(100 * sharedBytes < copiedBytes)
    }

    @Test("A search that finds nothing allocates nothing")
    func emptyResult() throws {
        let index = try HNSWIndex(dimensions: 2, metric: .squaredEuclidean)
        let query: [Float] = [1, 2]
        for _ in 0..<2 {
            _ = try index.search(query, k: 10)
            #expect(try AllocationCounter.count { _ = try index.search(query, k: 10) } == 0)
            try index.insert([1, 2], key: 1)
            #expect(try AllocationCounter.count { _ = try index.search(query, k: 0) } == 0)
            try index.remove(key: 1)
        }
    }
}
