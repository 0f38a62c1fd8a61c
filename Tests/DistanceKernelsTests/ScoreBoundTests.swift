// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DistanceKernels

@Suite("Bounds of scores by codes")
struct ScoreBoundTests {
    private static let dimensions = 64

    /// A vector of whole codes, ±`reach` in two places and ±20 elsewhere, of mean 0; its codes stand for it exactly.
    private static func coded(reach: Float) -> [Float] {
        (0..<dimensions).map { d in (d < 2 ? reach : 20) * (d % 2 == 0 ? 1 : -1) }
    }

    /// The same, off by almost half a code in the direction of the vector, except where that would change the scale.
    private static func off(reach: Float) -> [Float] {
        coded(reach: reach).enumerated().map { d, value in d < 2 ? value : value + (value > 0 ? 0.45 : -0.45) }
    }

    @Test(
        "A score lies between its bounds where all that rounding takes points one way",
        arguments: InstructionSet.supported, [Metric.squaredEuclidean, .innerProduct])
    func roundingThatAddsUp(set: InstructionSet, metric: Metric) {
        let reaches: [Float] = [63, 127]
        let vectors = reaches.flatMap { [Self.coded(reach: $0), Self.off(reach: $0)] }
        let kernel = CodeBlockKernel(metric: metric, dimensions: Self.dimensions, instructionSet: set)
        var codes = [UInt8](
            repeating: 0,
            count: CodeBlockKernel.codeBytes(dimensions: Self.dimensions) * CodeBlockKernel.blockSize)
        var floats = [Float](repeating: 0, count: CodeBlockTerms.count)
        let norms = vectors.map { $0.reduce(0) { $0 + $1 * $1 } }
        let queries = vectors + vectors.map { $0.map { -$0 } }
        let bounds = [Float](repeating: -.infinity, count: queries.count)
        var found = 0
        floats.withUnsafeMutableBufferPointer { floats in
            let terms = CodeBlockTerms(floats.baseAddress!)
            for (place, vector) in vectors.enumerated() {
                kernel.encode(vector, squaredNorm: norms[place], place: place, codes: &codes, terms: terms)
            }
            let flat = queries.flatMap { $0 }
            flat.withUnsafeBufferPointer { flat in
                (norms + norms).withUnsafeBufferPointer { norms in
                    let block = QueryBlock(
                        base: flat.baseAddress!, count: queries.count, stride: Self.dimensions,
                        squaredNorms: norms.baseAddress!)
                    kernel.scan(
                        kernel.encode(block), codes: codes, terms: terms, bounds: bounds, live: 1 << vectors.count - 1
                    ) { q, place, least, largest in
                        found += 1
                        let product = zip(queries[q], vectors[place]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                        let score = metric == .squaredEuclidean ? product - Double(norms[place]) / 2 : product
                        #expect(
                            Double(least) <= score && score <= Double(largest),
                            "query \(q), vector \(place): \(score) is not in \(least)...\(largest)")
                    }
                }
            }
        }
        #expect(found == queries.count * vectors.count)
    }
}
