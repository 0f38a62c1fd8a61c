// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

/// Vectors of any length, not padded: between them, and behind the last one, stands NaN, so that a kernel which reads
/// too far gives NaN.
@Suite("C kernels on vectors of any length")
struct CKernelShapeTests {
    private static let gap = 3

    /// Query, rows one after the other with a gap, and the rows as vectors.
    private static func inputs(
        count: Int, n: Int, seed: UInt64
    ) -> (query: [Float], rows: [Float], vectors: [[Float]]) {
        var generator = SeededGenerator(seed: seed)
        let nans = [Float](repeating: .nan, count: gap)
        let query = generator.vector(dimensions: n) + nans
        let vectors = (0..<count).map { _ in generator.vector(dimensions: n) }
        return (query, vectors.flatMap { $0 + nans }, vectors)
    }

    @Test("Every shape gives the distance of the definition", arguments: InstructionSet.supported, summedMetrics)
    func shapesAgreeWithOracle(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        for n in testedDimensions + [2, 3, 4, 5, 6, 10, 23, 24, 25, 30, 32, 33, 47, 63, 64, 65, 80] {
            let seed = UInt64(n)
            let (query, rows, vectors) = Self.inputs(count: 5, n: n, seed: seed)
            let ids: [UInt32] = [4, 2, 0, 3, 1]
            var scanned = [Float](repeating: .nan, count: 5)
            var gathered = [Float](repeating: .nan, count: 5)
            kernels.scan(query, rows, n + Self.gap, 5, n, &scanned)
            kernels.gather(query, rows, n + Self.gap, ids, 5, n, &gathered)
            for i in 0..<5 {
                let pair = vectors[i].withUnsafeBufferPointer { kernels.pair(query, $0.baseAddress, n) }
                let context = "seed \(seed), n \(n), row \(i)"
                expectClose(distance(fromSum: pair, metric), query.prefix(n), vectors[i], metric, "pair, \(context)")
                expectClose(
                    distance(fromSum: scanned[i], metric), query.prefix(n), vectors[i], metric, "scan, \(context)")
                expectClose(
                    distance(fromSum: gathered[i], metric), query.prefix(n), vectors[Int(ids[i])], metric,
                    "gather, \(context)")
            }
        }
    }

    @Test(
        "A scan of more rows than a cache holds has the bits of gather", arguments: InstructionSet.supported,
        summedMetrics)
    func longScansAgreeToTheBit(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        // 0.5 MiB and 1 MiB of rows, and a number of them that is no multiple of four.
        for (count, n) in [(1027, 128), (2049, 128), (2047, 127), (341, 769), (87, 3072)] {
            let seed = UInt64(200 + n)
            let (query, rows, vectors) = Self.inputs(count: count, n: n, seed: seed)
            let ids = (0..<count).map(UInt32.init)
            var scanned = [Float](repeating: .nan, count: count)
            var gathered = scanned
            kernels.scan(query, rows, n + Self.gap, count, n, &scanned)
            kernels.gather(query, rows, n + Self.gap, ids, count, n, &gathered)
            #expect(scanned.map(\.bitPattern) == gathered.map(\.bitPattern), "seed \(seed), n \(n)")
            for i in [0, count / 2, count - 1] {
                expectClose(
                    distance(fromSum: scanned[i], metric), query.prefix(n), vectors[i], metric,
                    "seed \(seed), n \(n), row \(i)")
            }
        }
    }

    @Test(
        "A row has the same bits gathered or scanned, in any place, and nothing else is written",
        arguments: InstructionSet.supported, summedMetrics)
    func gatherAndScanAgreeToTheBit(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        let untouched = Float(bitPattern: 0x7FC0_1234)
        for n in testedDimensions {
            let seed = UInt64(100 + n)
            let (query, rows, _) = Self.inputs(count: 10, n: n, seed: seed)
            var all = [Float](repeating: untouched, count: 10)
            kernels.scan(query, rows, n + Self.gap, 10, n, &all)
            // Backwards, so that a row is gathered in another place than it is scanned in.
            let ids = (0..<10).reversed().map(UInt32.init)
            for count in 0..<10 {
                var scanned = [Float](repeating: untouched, count: 10)
                var gathered = scanned
                kernels.scan(query, rows, n + Self.gap, count, n, &scanned)
                kernels.gather(query, rows, n + Self.gap, ids, count, n, &gathered)
                let rest = [UInt32](repeating: untouched.bitPattern, count: 10 - count)
                let expectedScan = all.prefix(count).map(\.bitPattern) + rest
                let expectedGather = all.reversed().prefix(count).map(\.bitPattern) + rest
                #expect(scanned.map(\.bitPattern) == expectedScan, "seed \(seed), n \(n), count \(count)")
                #expect(gathered.map(\.bitPattern) == expectedGather, "seed \(seed), n \(n), count \(count)")
            }
        }
    }

    @Test(
        "A row gathered several times has the same bits each time", arguments: InstructionSet.supported, summedMetrics)
    func repeatedIds(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        let ids: [UInt32] = [2, 2, 0, 2, 2, 0, 2, 1, 2, 2, 2]
        for n in testedDimensions {
            let seed = UInt64(200 + n)
            let (query, rows, _) = Self.inputs(count: 3, n: n, seed: seed)
            var scanned = [Float](repeating: .nan, count: 3)
            var gathered = [Float](repeating: .nan, count: ids.count)
            kernels.scan(query, rows, n + Self.gap, 3, n, &scanned)
            kernels.gather(query, rows, n + Self.gap, ids, ids.count, n, &gathered)
            #expect(
                gathered.map(\.bitPattern) == ids.map { scanned[Int($0)].bitPattern }, "seed \(seed), n \(n)")
        }
    }

    @Test("Vectors of no floats are at distance 0", arguments: InstructionSet.supported, summedMetrics)
    func emptyVectors(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        let nans = [Float](repeating: .nan, count: 32)
        #expect(kernels.pair(nans, nans, 0) == 0)
        let ids: [UInt32] = [0, 1, 0, 1, 1]
        var scanned = [Float](repeating: .nan, count: 5)
        var gathered = scanned
        kernels.scan(nans, nans, 3, 5, 0, &scanned)
        kernels.gather(nans, nans, 3, ids, 5, 0, &gathered)
        #expect(scanned == [0, 0, 0, 0, 0])
        #expect(gathered == [0, 0, 0, 0, 0])
    }

    @Test("Zeros are at distance 0, and so is a vector from itself", arguments: InstructionSet.supported, summedMetrics)
    func zeroDistances(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        for n in testedDimensions {
            let seed = UInt64(300 + n)
            let (vector, _, _) = Self.inputs(count: 0, n: n, seed: seed)
            let zeros = [Float](repeating: 0, count: n)
            let negativeZeros = [Float](repeating: -0.0, count: n)
            #expect(kernels.pair(zeros, zeros, n) == 0)
            #expect(kernels.pair(negativeZeros, zeros, n) == 0)
            let rows = zeros + zeros + negativeZeros + zeros + zeros
            var scanned = [Float](repeating: .nan, count: 5)
            kernels.scan(zeros, rows, n, 5, n, &scanned)
            #expect(scanned == [0, 0, 0, 0, 0], "n \(n)")
            if metric == .innerProduct {
                #expect(kernels.pair(vector, zeros, n) == 0, "seed \(seed), n \(n)")
            } else {
                #expect(kernels.pair(vector, vector, n) == 0, "seed \(seed), n \(n)")
            }
        }
    }
}
