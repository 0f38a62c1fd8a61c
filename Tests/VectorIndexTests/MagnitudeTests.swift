// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("Magnitudes")
struct MagnitudeTests {
    @Test(
        "Under cosine the length of a vector does not matter, from denormal to the largest",
        arguments: IndexKind.allCases,
        [.leastNonzeroMagnitude, .leastNormalMagnitude / 1024, 1e-38, 1e-30, 1e-10, 1, 1e10, 1e15, 1e20, 1e38]
            as [Float])
    func cosineIgnoresLength(kind: IndexKind, scale: Float) throws {
        let index = try kind.make(dimensions: 3, metric: .cosine)
        try index.insert([scale, 0, 0], key: 1)
        try index.insert([scale, scale, 0], key: 2)
        try index.insert([0, 0, -scale], key: 3)
        let length = try #require(try index.vector(for: 2)).reduce(0) { $0 + $1 * $1 }
        #expect(abs(length - 1) < 1e-6)
        for query in [[scale, 0, scale], [1, 0, 1]] as [[Float]] {
            let found = try index.search(query, k: 3)
            #expect(found.map(\.key) == [1, 2, 3])
            for (distance, expected) in zip(found.map(\.distance), [1 - 0.5.squareRoot(), 0.5, 1 + 0.5.squareRoot()]) {
                #expect(abs(Double(distance) - expected) < 1e-6)
            }
        }
    }

    @Test("No distance overflows at the largest length allowed", arguments: IndexKind.allCases)
    func largestLength(kind: IndexKind) throws {
        // 4 x (2^61.5)^2 = 2^125.
        let value = Float(0x1p61 * 2.0.squareRoot()).nextDown
        for metric in Metric.allCases {
            let index = try kind.make(dimensions: 4, metric: metric)
            try index.insert([value, value, value, value], key: 1)
            try index.insert([-value, -value, -value, -value], key: 2)
            try index.insert([value, -value, value, -value], key: 3)
            for (sign, order) in [(1, [1, 3, 2]), (-1, [2, 3, 1])] as [(Float, [UInt64])] {
                let found = try index.search([Float](repeating: sign * value, count: 4), k: 3)
                #expect(found.map(\.key) == order, "\(metric)")
                #expect(found.allSatisfy { $0.distance.isFinite }, "\(metric)")
            }
            if let exact = index as? ExactIndex {
                let batch = try exact.answers([Float](repeating: value, count: 4), k: 3)
                #expect(batch.map { $0.map(\.key) } == [[1, 3, 2]], "\(metric)")
            }
            guard metric != .cosine else { continue }
            #expect(throws: VectorIndexError.magnitudeTooLarge, "\(metric)") {
                try index.insert([value, value, value, 1.01 * value], key: 4)
            }
        }
    }

    @Test("Denormal and zero values are values like others", arguments: IndexKind.allCases, Metric.allCases)
    func denormals(kind: IndexKind, metric: Metric) throws {
        let tiny = Float.leastNonzeroMagnitude
        let index = try kind.make(dimensions: 3, metric: metric)
        try index.insert([tiny, 0, 1], key: 1)
        try index.insert([-tiny, tiny, 2], key: 2)
        #expect(try index.search([tiny, -tiny, 1], k: 2).count == 2)
        if metric != .cosine {
            try index.insert([0, 0, 0], key: 3)
            try index.insert([tiny, tiny, tiny], key: 4)
            let found = try index.search([0, 0, 0], k: 4)
            #expect(Set(found.map(\.key)) == [1, 2, 3, 4])
            #expect(found.allSatisfy { $0.distance.isFinite })
        }
        if metric == .manhattan {
            #expect(try index.search([tiny, tiny, 0], k: 1) == [Neighbor(key: 4, distance: tiny)])
        }
    }

    @Test("-0 and 0 are the same value", arguments: IndexKind.allCases, Metric.allCases)
    func signOfZero(kind: IndexKind, metric: Metric) throws {
        let index = try kind.make(dimensions: 3, metric: metric)
        try index.insert([-0.0, 1, -0.0], key: 1)
        try index.insert([0, 1, 0], key: 2)
        let first = try #require(try index.vector(for: 1))
        let second = try #require(try index.vector(for: 2))
        #expect(first == second && first.hashValue == second.hashValue)
        #expect(first.map(\.bitPattern) == second.map(\.bitPattern))
        let found = try index.search([-0.0, 2, 0], k: 2)
        #expect(found.map(\.key) == [1, 2])
        #expect(found[0].distance == found[1].distance)
    }
}
