// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

@Suite("NaN and infinity")
struct SpecialValueTests {
    /// Places at the ends of a vector of n floats and around the boundaries of registers.
    private static func places(_ n: Int) -> [Int] {
        Set([0, 7, 8, 15, 16, 31, 32, n / 2, n - 9, n - 2, n - 1]).filter { $0 >= 0 && $0 < n }.sorted()
    }

    /// One pair's distance in every shape; the row stands in the middle of others where it has neighbors.
    private static func shapes(_ kernels: ck_kernels, _ query: [Float], _ row: [Float]) -> [Float] {
        let n = query.count
        let other = [Float](repeating: 1, count: n)
        let rows = other + row + other + other + row
        let ids: [UInt32] = [0, 0, 1, 0, 4]
        var scanned = [Float](repeating: 0, count: 5)
        var gathered = scanned
        kernels.scan(query, rows, n, 5, n, &scanned)
        kernels.gather(query, rows, n, ids, 5, n, &gathered)
        return [kernels.pair(query, row, n), scanned[1], scanned[4], gathered[2], gathered[4]]
    }

    @Test("NaN anywhere gives NaN in every shape", arguments: InstructionSet.supported, summedMetrics)
    func nanPropagates(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        for n in testedDimensions {
            let seed = UInt64(n)
            var generator = SeededGenerator(seed: seed)
            let plain = generator.vector(dimensions: n)
            for place in Self.places(n) {
                for nan in [Float.nan, -Float.nan, Float.signalingNaN] {
                    var special = generator.vector(dimensions: n)
                    special[place] = nan
                    let inRow = Self.shapes(kernels, plain, special)
                    let inQuery = Self.shapes(kernels, special, plain)
                    #expect((inRow + inQuery).allSatisfy { $0.isNaN }, "seed \(seed), n \(n), place \(place)")
                }
            }
        }
    }

    @Test("NaN in one row leaves the distances of its neighbors alone", arguments: InstructionSet.supported)
    func nanStaysInItsRow(set: InstructionSet) throws {
        for metric in summedMetrics {
            let kernels = try cKernels(set, metric)
            for n in testedDimensions {
                let query = [Float](repeating: 2, count: n)
                var rows = [Float](repeating: 1, count: 6 * n)
                rows[2 * n + n / 2] = .nan
                var scanned = [Float](repeating: 0, count: 6)
                kernels.scan(query, rows, n, 6, n, &scanned)
                let expected = Float(metric == .innerProduct ? 2 * n : n)
                #expect(scanned[2].isNaN)
                #expect((scanned[..<2] + scanned[3...]).allSatisfy { $0 == expected }, "\(metric), n \(n)")
            }
        }
    }

    @Test("Infinity gives what IEEE 754 says, as in plain C", arguments: InstructionSet.supported, summedMetrics)
    func infinityPropagates(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        let specification = try cKernels(.portable, metric)
        let infinities: [(query: Float, row: Float)] = [
            (.infinity, 1), (-.infinity, 1), (1, -.infinity), (.infinity, .infinity), (.infinity, -.infinity),
            (-.infinity, -.infinity), (.infinity, 0), (0, -.infinity),
        ]
        for n in testedDimensions {
            for place in Self.places(n) {
                for (inQuery, inRow) in infinities {
                    var query = [Float](repeating: 0.5, count: n)
                    var row = [Float](repeating: 0.25, count: n)
                    query[place] = inQuery
                    row[place] = inRow
                    let expected = specification.pair(query, row, n)
                    let found = Self.shapes(kernels, query, row)
                    let agree = found.allSatisfy { $0 == expected || $0.isNaN && expected.isNaN }
                    #expect(!expected.isFinite, "n \(n), place \(place), \(inQuery) and \(inRow)")
                    #expect(agree, "n \(n), place \(place), \(inQuery) and \(inRow): \(found), not \(expected)")
                }
            }
        }
    }

    @Test("The plain C kernels give infinities and NaN by the definition")
    func portableInfinities() throws {
        let difference = { (a: Float, b: Float) in
            try summedMetrics.map { try cKernels(.portable, $0).pair([a], [b], 1) }
        }
        #expect(try difference(.infinity, 1) == [.infinity, .infinity, .infinity])
        #expect(try difference(-.infinity, 1) == [.infinity, .infinity, -.infinity])
        #expect(try difference(.infinity, -.infinity) == [.infinity, .infinity, -.infinity])
        let same = try difference(.infinity, .infinity)
        #expect(same[0].isNaN && same[1].isNaN && same[2] == .infinity)
        let zero = try difference(.infinity, 0)
        #expect(zero[0] == .infinity && zero[1] == .infinity && zero[2].isNaN)
    }

    @Test("NaN in a row gives NaN in a batch", arguments: InstructionSet.supported, Metric.allCases)
    func nanPropagatesThroughBatches(set: InstructionSet, metric: Metric) {
        let seed: UInt64 = 77
        var generator = SeededGenerator(seed: seed)
        let queries = PaddedVectors(count: 3, dimensions: 20, metric: metric, using: &generator)
        let rows = PaddedVectors(count: 4, dimensions: 20, metric: metric, using: &generator)
        rows.base[2 * rows.stride + 13] = .nan
        let distances = queries.batch(to: rows, rows.kernel(metric, set))
        for q in 0..<3 {
            for r in 0..<4 { #expect(distances[q * 4 + r].isNaN == (r == 2), "seed \(seed), query \(q), row \(r)") }
        }
    }
}
