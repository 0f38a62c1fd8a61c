// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

@Suite("The scan of a dimension-major block")
struct BlockScanTests {
    private static let blockSize = Int(CK_BLOCK)

    /// A block, the vectors in it, and a query.
    private struct Fixture {
        var query: [Float]
        var vectors: [[Float]]
        var block: [Float]

        init(dimensions: Int, seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            query = random.vector(dimensions: dimensions)
            vectors = (0..<blockSize).map { _ in random.vector(dimensions: dimensions) }
            block = (0..<dimensions).flatMap { [vectors] d in vectors.map { $0[d] } }
        }

        func scan(_ function: ck_scan_block_fn?, bound: Float) throws -> (winners: Set<Int>, out: [Float]) {
            let function = try #require(function)
            var out = [Float](repeating: .nan, count: blockSize)
            let bits = function(query, block, query.count, bound, &out)
            return (Set((0..<blockSize).filter { bits >> UInt64($0) & 1 == 1 }), out)
        }
    }

    private static func functions(_ set: InstructionSet) throws -> [(metric: Metric, function: ck_scan_block_fn?)] {
        let table = try #require(ck_table_named(set.rawValue)).pointee
        return [
            (.manhattan, table.l1.scan_block), (.squaredEuclidean, table.l2sq.scan_block),
            (.innerProduct, table.dot.scan_block),
        ]
    }

    /// The table's sum: the inner product is not negated there.
    private static func sum(_ a: [Float], _ b: [Float], _ metric: Metric) -> Double {
        let distance = DistanceOracle.distance(a, b, metric)
        return metric == .innerProduct ? -distance : distance
    }

    @Test("Without a bound every vector wins, with its distance", arguments: InstructionSet.supported)
    func unbounded(set: InstructionSet) throws {
        for dimensions in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 128, 769] {
            let fixture = Fixture(dimensions: dimensions, seed: UInt64(dimensions))
            for (metric, function) in try Self.functions(set) {
                let bound: Float = metric == .innerProduct ? -.infinity : .infinity
                let (winners, out) = try fixture.scan(function, bound: bound)
                #expect(winners.count == Self.blockSize, "\(metric), \(dimensions) dimensions")
                for (v, vector) in fixture.vectors.enumerated() {
                    let error = abs(Double(out[v]) - Self.sum(fixture.query, vector, metric))
                    let tolerance = DistanceOracle.tolerance(fixture.query, vector, metric)
                    #expect(error <= tolerance, "\(metric), \(dimensions) dimensions, vector \(v)")
                }
            }
        }
    }

    @Test(
        "With any bound the winners, and their bits, are those of the whole scan", arguments: InstructionSet.supported)
    func bounded(set: InstructionSet) throws {
        for dimensions in [1, 31, 33, 64, 100, 384] {
            let fixture = Fixture(dimensions: dimensions, seed: UInt64(1000 + dimensions))
            for (metric, function) in try Self.functions(set) {
                let isProduct = metric == .innerProduct
                let whole = try fixture.scan(function, bound: isProduct ? -.infinity : .infinity).out
                for rank in [0, 1, 9, 31, 62, 63] {
                    let bound = whole.sorted(by: isProduct ? { $0 > $1 } : { $0 < $1 })[rank]
                    let (winners, out) = try fixture.scan(function, bound: bound)
                    let expected = Set(whole.indices.filter { isProduct ? whole[$0] >= bound : whole[$0] <= bound })
                    #expect(winners == expected, "\(metric), \(dimensions) dimensions, rank \(rank)")
                    #expect(winners.allSatisfy { out[$0] == whole[$0] })
                }
                let unreachable: Float = isProduct ? .infinity : -1
                #expect(try fixture.scan(function, bound: unreachable).winners.isEmpty)
            }
        }
    }

    @Test("A vector with NaN never wins, and no dimensions give sums of 0", arguments: InstructionSet.supported)
    func edges(set: InstructionSet) throws {
        var fixture = Fixture(dimensions: 40, seed: 3)
        fixture.block[35 * Self.blockSize + 17] = .nan
        let empty = Fixture(dimensions: 0, seed: 4)
        for (metric, function) in try Self.functions(set) {
            let bound: Float = metric == .innerProduct ? -.infinity : .infinity
            let winners = try fixture.scan(function, bound: bound).winners
            #expect(winners == Set(0..<Self.blockSize).subtracting([17]))
            let (all, out) = try empty.scan(function, bound: 0)
            #expect(all.count == Self.blockSize && out.allSatisfy { $0 == 0 })
        }
    }
}
