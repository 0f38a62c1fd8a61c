// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("A vector taken from an index")
struct SharedVectorTests {
    private static func address(_ vector: SharedVector) -> UnsafeRawPointer? {
        vector.withSpan { $0.withUnsafeBufferPointer { UnsafeRawPointer($0.baseAddress) } }
    }

    @Test("It is the graph's own memory, not a copy")
    func shares() throws {
        let index = try HNSWIndex(dimensions: 200, metric: .manhattan)
        try index.insert([Float](repeating: 3, count: 200), key: 1)
        let first = try #require(try index.vector(for: 1))
        let second = try #require(try index.vector(for: 1))
        #expect(Self.address(first) == Self.address(second))
        // Growth does not move it.
        try index.insertAll([Float](repeating: 4, count: 200 * 3000), keys: 2..<3002)
        #expect(try Self.address(first) == Self.address(#require(try index.vector(for: 1))))
    }

    @Test("Taking it from a graph allocates the same few objects for any length", .enabled(if: AllocationCounter.works))
    func allocatesNoValues() throws {
        let counts = try [2, 2000].map { dimensions in
            let index = try HNSWIndex(dimensions: dimensions, metric: .manhattan)
            try index.insert([Float](repeating: 3, count: dimensions), key: 1)
            _ = try index.vector(for: 1)
            var sum: Float = 0
            let count = try AllocationCounter.count {
                for _ in 0..<10 { sum += try index.vector(for: 1)?.withSpan { $0[1] } ?? 0 }
            }
            #expect(sum == 30)
            return count
        }
        #expect(counts[0] == counts[1] && counts[0] <= 60)
    }

    @Test("It stays as it is when its key is removed, reused, and the index is gone", arguments: IndexKind.allCases)
    func outlivesIndex(kind: IndexKind) throws {
        var generator = SeededGenerator(seed: 71)
        let values = generator.vector(dimensions: 50)
        var taken: SharedVector?
        do {
            let index = try kind.make(dimensions: 50, metric: .innerProduct)
            try index.insert(values, key: 1)
            taken = try index.vector(for: 1)
            #expect(try index.remove(key: 1))
            #expect(try index.vector(for: 1) == nil)
            try index.insertAll(generator.vectors(count: 500, dimensions: 50), keys: 1..<501)
            #expect(try #require(taken) == values)
        }
        #expect(try #require(taken) == values)
    }

    @Test("Changing it changes neither the index nor other holders", arguments: IndexKind.allCases)
    func copiesOnWrite(kind: IndexKind) throws {
        let index = try kind.make(dimensions: 3, metric: .squaredEuclidean)
        try index.insert([1, 2, 3], key: 1)
        var changed = try #require(try index.vector(for: 1))
        let other = changed
        changed[1] = 9
        #expect(changed == [1, 9, 3])
        #expect(other == [1, 2, 3])
        #expect(try #require(try index.vector(for: 1)) == [1, 2, 3])
        #expect(try index.search([1, 2, 3], k: 1).first?.distance == 0)
    }

    @Test("Under cosine it is normalized, and the caller's array is not", arguments: IndexKind.allCases)
    func isNormalized(kind: IndexKind) throws {
        let index = try kind.make(dimensions: 2, metric: .cosine)
        let values: [Float] = [3, 4]
        try index.insert(values, key: 1)
        #expect(values == [3, 4])
        let stored = try #require(try index.vector(for: 1))
        #expect(abs(stored[0] - 0.6) < 1e-6 && abs(stored[1] - 0.8) < 1e-6)
    }
}

private func == (vector: SharedVector, values: [Float]) -> Bool { vector.elementsEqual(values) }
