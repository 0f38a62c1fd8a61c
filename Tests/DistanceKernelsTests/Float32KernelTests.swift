// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing

@Suite("Distances of padded rows")
struct Float32KernelTests {
    @Test(
        "Pair, gather and scan give the distance of the definition",
        arguments: InstructionSet.supported, Metric.allCases)
    func shapesAgreeWithOracle(set: InstructionSet, metric: Metric) {
        for dimensions in testedDimensions {
            let seed = UInt64(1000 + dimensions)
            var generator = SeededGenerator(seed: seed)
            let queries = PaddedVectors(count: 2, dimensions: dimensions, metric: metric, using: &generator)
            let rows = PaddedVectors(count: 7, dimensions: dimensions, metric: metric, using: &generator)
            let kernel = rows.kernel(metric, set)
            let slots: [UInt32] = [6, 0, 5, 1, 4]
            var scanned = [Float](repeating: .nan, count: 5)
            var gathered = [Float](repeating: .nan, count: slots.count)
            for (q, query) in queries.vectors.enumerated() {
                kernel.scan(queries.row(q), first: 2, count: 5, into: &scanned)
                kernel.gather(queries.row(q), slots: slots, count: slots.count, into: &gathered)
                for i in 0..<5 {
                    let context = "seed \(seed), \(dimensions) dimensions, query \(q), result \(i)"
                    let scannedRow = rows.vectors[2 + i]
                    let gatheredRow = rows.vectors[Int(slots[i])]
                    expectClose(scanned[i], query, scannedRow, metric, "scan, \(context)")
                    expectClose(gathered[i], query, gatheredRow, metric, "gather, \(context)")
                    let pair = kernel.pair(queries.row(q), kernel.row(slots[i]))
                    expectClose(pair, query, gatheredRow, metric, "pair, \(context)")
                }
            }
        }
    }

    @Test(
        "A batched distance is within the stated error of the true one and of the pair's",
        arguments: InstructionSet.supported, Metric.allCases)
    func batchIsWithinError(set: InstructionSet, metric: Metric) {
        for dimensions in testedDimensions {
            let seed = UInt64(2000 + dimensions)
            var generator = SeededGenerator(seed: seed)
            let rows = PaddedVectors(count: 5, dimensions: dimensions, metric: metric, using: &generator)
            // Beside two random queries, one that is a stored row and one a little off: their squares cancel.
            let random = PaddedVectors(count: 2, dimensions: dimensions, metric: metric, using: &generator)
            let near = rows.vectors[3].map { $0 * (1 + 0x1p-12) }
            let queries = PaddedVectors(random.vectors + [rows.vectors[1], near])
            let kernel = rows.kernel(metric, set)
            let distances = queries.batch(to: rows, kernel)
            for q in queries.vectors.indices {
                for r in rows.vectors.indices {
                    let distance = distances[q * rows.vectors.count + r]
                    let context = "seed \(seed), \(dimensions) dimensions, query \(q), row \(r)"
                    guard metric != .manhattan else {
                        expectClose(distance, queries.vectors[q], rows.vectors[r], metric, context)
                        continue
                    }
                    let error = kernel.batchError(
                        queryNorm: kernel.squaredNorm(queries.row(q)).squareRoot(),
                        rowNorm: kernel.squaredNorm(rows.row(r)).squareRoot())
                    #expect(abs(distance - kernel.pair(queries.row(q), rows.row(r))) <= error, "\(context)")
                    // Cosine is the kernel's `1 - q·x`: what normalizing left of the lengths is no error of the batch.
                    let dot = -DistanceOracle.distance(queries.vectors[q], rows.vectors[r], .innerProduct)
                    let expected =
                        metric == .cosine
                        ? 1 - dot : DistanceOracle.distance(queries.vectors[q], rows.vectors[r], metric)
                    #expect(abs(Double(distance) - expected) <= Double(error), "\(context)")
                }
            }
        }
    }

    @Test("A batched Manhattan distance has the bits of the scanned one", arguments: InstructionSet.supported)
    func batchedManhattanIsScanned(set: InstructionSet) {
        for dimensions in testedDimensions {
            let seed = UInt64(3000 + dimensions)
            var generator = SeededGenerator(seed: seed)
            let rows = PaddedVectors(count: 6, dimensions: dimensions, metric: .manhattan, using: &generator)
            let queries = PaddedVectors(count: 3, dimensions: dimensions, metric: .manhattan, using: &generator)
            let kernel = rows.kernel(.manhattan, set)
            #expect(kernel.batchError(queryNorm: 1, rowNorm: 1) == 0)
            var scanned = [Float](repeating: .nan, count: 18)
            scanned.withUnsafeMutableBufferPointer { scanned in
                for q in 0..<3 {
                    kernel.scan(queries.row(q), first: 0, count: 6, into: scanned.baseAddress! + q * 6)
                }
            }
            let batched = queries.batch(to: rows, kernel)
            #expect(batched.map(\.bitPattern) == scanned.map(\.bitPattern), "seed \(seed)")
        }
    }

    @Test("A batch begins at the row it is asked to begin at", arguments: Metric.allCases)
    func batchBeginsAtFirst(metric: Metric) {
        let seed: UInt64 = 4000
        var generator = SeededGenerator(seed: seed)
        let rows = PaddedVectors(count: 9, dimensions: 20, metric: metric, using: &generator)
        let query = PaddedVectors(count: 1, dimensions: 20, metric: metric, using: &generator)
        let kernel = rows.kernel(metric, .portable)
        var norm = kernel.squaredNorm(query.row(0))
        var distances = [Float](repeating: .nan, count: 4)
        let block = { (norms: UnsafePointer<Float>) in
            QueryBlock(base: query.row(0), count: 1, stride: query.stride, squaredNorms: norms)
        }
        kernel.batch(block(&norm), first: 5, count: 4, into: &distances)
        let error = max(kernel.batchError(queryNorm: norm.squareRoot(), rowNorm: 5), 1e-5)
        for i in 0..<4 {
            let expected = kernel.pair(query.row(0), rows.row(5 + i))
            #expect(abs(distances[i] - expected) <= error, "seed \(seed), row \(5 + i)")
        }
    }

    @Test("A squared norm is the sum of the squares", arguments: InstructionSet.supported)
    func squaredNormIsSumOfSquares(set: InstructionSet) {
        for dimensions in testedDimensions {
            let seed = UInt64(5000 + dimensions)
            var generator = SeededGenerator(seed: seed)
            let rows = PaddedVectors(count: 1, dimensions: dimensions, metric: .innerProduct, using: &generator)
            let norm = rows.kernel(.innerProduct, set).squaredNorm(rows.row(0))
            expectClose(-norm, rows.vectors[0], rows.vectors[0], .innerProduct, "seed \(seed)")
        }
    }

    @Test("A row is found at its stride from row 0")
    func rowIsAtStride() {
        let rows = PaddedVectors((0..<4).map { [Float](repeating: Float($0), count: 17) })
        let kernel = rows.kernel(.innerProduct, .portable)
        #expect(kernel.stride == 32)
        for slot in 0..<4 { #expect(kernel.row(UInt32(slot)) == rows.row(slot)) }
    }
}
