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

        func scan(
            _ function: ck_scan_block_fn?, bound: Float, linesAhead: Int = 0
        ) throws -> (winners: Set<Int>, out: [Float]) {
            let function = try #require(function)
            var out = [Float](repeating: .nan, count: blockSize)
            let bits = function(query, block, query.count, bound, linesAhead, &out)
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

    @Test("Prefetching changes no bit, beyond the block's end neither", arguments: InstructionSet.supported)
    func prefetching(set: InstructionSet) throws {
        for dimensions in [1, 7, 16, 33, 128] {
            let fixture = Fixture(dimensions: dimensions, seed: UInt64(dimensions) + 40)
            for (metric, function) in try Self.functions(set) {
                let bounds: [Float] = [-.infinity, 0, Float(dimensions) / 3, Float(dimensions) / 2, .infinity]
                for bound in bounds {
                    let expected = try fixture.scan(function, bound: bound)
                    for linesAhead in [1, 8, 64, 4 * dimensions, 1 << 40] {
                        let found = try fixture.scan(function, bound: bound, linesAhead: linesAhead)
                        #expect(found.winners == expected.winners, "\(metric), \(dimensions), \(linesAhead)")
                        for v in expected.winners { #expect(found.out[v] == expected.out[v]) }
                    }
                }
            }
        }
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

    @Test(
        "Nothing behind query, block and results is read or written, and they may begin at any multiple of four bytes",
        arguments: InstructionSet.supported)
    func memoryBounds(set: InstructionSet) throws {
        for dimensions in [1, 7, 31, 32, 33, 100] {
            let fixture = Fixture(dimensions: dimensions, seed: UInt64(2000 + dimensions))
            for (metric, function) in try Self.functions(set) {
                let function = try #require(function)
                let bound: Float = metric == .innerProduct ? -.infinity : .infinity
                let whole = try fixture.scan(function, bound: bound).out
                // What stands behind shifts the beginning away from the page's alignment.
                for behind in 0..<4 {
                    let nans = [Float](repeating: .nan, count: behind)
                    let query = try GuardedArray(fixture.query + nans)
                    let block = try GuardedArray(fixture.block + nans)
                    let out = try GuardedArray([Float](repeating: 0, count: Self.blockSize) + nans)
                    let context = "\(metric), \(dimensions) dimensions, \(behind) behind"
                    #expect(function(query.base, block.base, dimensions, bound, 8, out.base) == .max, "\(context)")
                    #expect((0..<Self.blockSize).allSatisfy { out.base[$0] == whole[$0] }, "\(context)")
                    #expect((0..<behind).allSatisfy { out.base[Self.blockSize + $0].isNaN }, "\(context)")
                }
            }
        }
    }

    @Test("Infinities and NaN give what they give in a pair, and NaN wins nothing", arguments: InstructionSet.supported)
    func specialValues(set: InstructionSet) throws {
        let specials: [Float] = [.infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0]
        for dimensions in [1, 8, 33] {
            for place in Set([0, dimensions / 2, dimensions - 1]) {
                for inQuery in specials {
                    var fixture = Fixture(dimensions: dimensions, seed: 5)
                    fixture.query[place] = inQuery
                    for v in 0..<Self.blockSize {
                        fixture.vectors[v][place] = specials[v % specials.count]
                        fixture.block[place * Self.blockSize + v] = specials[v % specials.count]
                    }
                    for (metric, function) in try Self.functions(set) {
                        let specification = try cKernels(.portable, metric)
                        let expected = fixture.vectors.map { specification.pair(fixture.query, $0, dimensions) }
                        let bound: Float = metric == .innerProduct ? -.infinity : .infinity
                        let (winners, out) = try fixture.scan(function, bound: bound)
                        let context = "\(metric), \(dimensions) dimensions, \(inQuery) at \(place)"
                        #expect(winners == Set(expected.indices.filter { !expected[$0].isNaN }), "\(context)")
                        for v in winners where !expected[v].isFinite || !out[v].isFinite {
                            #expect(out[v] == expected[v], "\(context), vector \(v)")
                        }
                    }
                }
            }
        }
    }

    @Test(
        "Products are selected by their difference from the offset, and NaN is not", arguments: InstructionSet.supported
    )
    func selection(set: InstructionSet) throws {
        let select = try #require(ck_table_named(set.rawValue)?.pointee.select)
        var random = SeededGenerator(seed: 6)
        var products = random.vector(dimensions: Self.blockSize)
        var offsets = random.vector(dimensions: Self.blockSize)
        products.replaceSubrange(20..<25, with: [.infinity, -.infinity, .nan, .infinity, 1])
        offsets.replaceSubrange(20..<25, with: [0, 0, 0, .infinity, .nan])
        let differences = zip(products, offsets).map { $0 - $1 }
        for behind in 0..<2 {
            let nans = [Float](repeating: .nan, count: behind)
            let guardedProducts = try GuardedArray(products + nans)
            let guardedOffsets = try GuardedArray(offsets + nans)
            for bound in [-.infinity, -0.5, differences[3], differences[60], .infinity, .nan] {
                let selected = select(guardedProducts.base, guardedOffsets.base, bound)
                let expected = differences.indices.reduce(UInt64(0)) { bits, v in
                    differences[v] >= bound ? bits | 1 << UInt64(v) : bits
                }
                #expect(selected == expected, "bound \(bound), \(behind) behind")
            }
        }
    }
}
