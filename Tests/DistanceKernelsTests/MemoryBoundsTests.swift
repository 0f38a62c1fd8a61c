// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

@Suite("What the C kernels read")
struct MemoryBoundsTests {
    private static let lengths = Array(1...40) + [63, 65, 127, 128, 129, 769]

    @Test("No byte behind a vector is read", arguments: InstructionSet.supported, summedMetrics)
    func nothingBehindIsRead(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        for n in Self.lengths {
            let seed = UInt64(n)
            var generator = SeededGenerator(seed: seed)
            let queryValues = generator.vector(dimensions: n)
            let rowValues = generator.vectors(count: 6, dimensions: n)
            let query = try GuardedArray(queryValues)
            let rows = try GuardedArray(rowValues)
            let last = rowValues.suffix(n)

            let pair = kernels.pair(query.base, rows.base + 5 * n, n)
            expectClose(distance(fromSum: pair, metric), queryValues, last, metric, "pair, seed \(seed), n \(n)")
            let reversed = kernels.pair(rows.base + 5 * n, query.base, n)
            expectClose(distance(fromSum: reversed, metric), queryValues, last, metric, "pair, seed \(seed), n \(n)")

            // The last row ends the pages, alone and as one of four; so do the results.
            for count in [1, 4, 5, 6] {
                let out = try GuardedArray([Float](repeating: .nan, count: count))
                kernels.scan(query.base, rows.base + (6 - count) * n, n, count, n, out.base)
                let scanned = distance(fromSum: out.base[count - 1], metric)
                expectClose(scanned, queryValues, last, metric, "scan of \(count), seed \(seed), n \(n)")

                let ids = (0..<count).map { UInt32(5 - $0) }
                kernels.gather(query.base, rows.base, n, ids, count, n, out.base)
                let gathered = distance(fromSum: out.base[0], metric)
                expectClose(gathered, queryValues, last, metric, "gather of \(count), seed \(seed), n \(n)")
            }
        }
    }

    @Test(
        "No byte behind the rows of a long scan is read", arguments: InstructionSet.supported, summedMetrics)
    func nothingBehindLongScansIsRead(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        let (count, n) = (1027, 129)
        var generator = SeededGenerator(seed: 1)
        let queryValues = generator.vector(dimensions: n)
        let rowValues = generator.vectors(count: count, dimensions: n)
        let query = try GuardedArray(queryValues)
        let rows = try GuardedArray(rowValues)
        let out = try GuardedArray([Float](repeating: .nan, count: count))
        kernels.scan(query.base, rows.base, n, count, n, out.base)
        let last = distance(fromSum: out.base[count - 1], metric)
        expectClose(last, queryValues, rowValues.suffix(n), metric, "seed 1")
    }

    @Test("Vectors may begin at any multiple of four bytes", arguments: InstructionSet.supported, summedMetrics)
    func unalignedVectors(set: InstructionSet, metric: Metric) throws {
        let kernels = try cKernels(set, metric)
        for n in testedDimensions {
            let seed = UInt64(500 + n)
            var generator = SeededGenerator(seed: seed)
            let vectors = PaddedVectors([generator.vectors(count: 2, dimensions: n + 16)])
            let a = vectors.row(0)
            let b = a + n + 16
            for offset in 0..<16 {
                let first = UnsafeBufferPointer(start: a + offset, count: n)
                let second = UnsafeBufferPointer(start: b + (16 - offset), count: n)
                let pair = kernels.pair(first.baseAddress, second.baseAddress, n)
                var scanned: Float = .nan
                kernels.scan(first.baseAddress, second.baseAddress, n, 1, n, &scanned)
                let context = "seed \(seed), n \(n), offset \(offset)"
                expectClose(distance(fromSum: pair, metric), first, second, metric, "pair, \(context)")
                expectClose(distance(fromSum: scanned, metric), first, second, metric, "scan, \(context)")
            }
        }
    }
}
