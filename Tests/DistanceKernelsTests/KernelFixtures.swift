// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

/// Vectors at and around the kernels' boundaries: half a register, a register of 8 and of 16 floats, several, and many
/// with a remainder.
let testedDimensions = [1, 7, 8, 9, 15, 16, 17, 31, 128, 769]

/// Dimensions around half a register, a register and several of every instruction set, in every kind of element.
let boundaryDimensions = [
    0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 66, 95, 127, 128, 129, 191, 255, 256, 257, 259, 385, 769,
]

/// The metrics that a table computes by a sum of their own; the C table knows no others.
let summedMetrics: [Metric] = [.manhattan, .squaredEuclidean, .innerProduct]

/// The C kernels behind a metric.
func cKernels(_ set: InstructionSet, _ metric: Metric) throws -> ck_kernels {
    let table = try #require(ck_table_named(set.rawValue)).pointee
    switch metric {
    case .manhattan: return table.l1
    case .squaredEuclidean: return table.l2sq
    case .innerProduct, .cosine: return table.dot
    }
}

/// The metric's value of a C kernel's sum.
func distance(fromSum sum: Float, _ metric: Metric) -> Float { metric == .innerProduct ? -sum : sum }

/// Requires that a computed distance is within the oracle's tolerance of the true one.
func expectClose(
    _ distance: Float, _ a: some Collection<Float>, _ b: some Collection<Float>, _ metric: Metric,
    _ context: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation
) {
    let expected = DistanceOracle.distance(a, b, metric)
    let tolerance = DistanceOracle.tolerance(a, b, metric)
    guard !(abs(Double(distance) - expected) <= tolerance) else { return }
    Issue.record(
        "\(context()): \(distance), not \(expected) within \(tolerance)", sourceLocation: sourceLocation)
}

/// Vectors as an index stores them: aligned to 64 bytes, padded with zeros to a multiple of 16 floats.
final class PaddedVectors {
    let vectors: [[Float]]
    let stride: Int
    let base: UnsafeMutablePointer<Float>

    init(_ vectors: [[Float]]) {
        self.vectors = vectors
        stride = (vectors[0].count + 15) / 16 * 16
        let bytes = vectors.count * stride * MemoryLayout<Float>.stride
        base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: Float.self, capacity: vectors.count * stride)
        base.initialize(repeating: 0, count: vectors.count * stride)
        for (i, vector) in vectors.enumerated() { (base + i * stride).update(from: vector, count: vector.count) }
    }

    /// Random vectors; of length 1 under cosine, as an index keeps them.
    convenience init(count: Int, dimensions: Int, metric: Metric, using generator: inout SeededGenerator) {
        self.init(
            (0..<count).map { _ in
                let vector = generator.vector(dimensions: dimensions)
                guard metric == .cosine else { return vector }
                let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                return vector.map { Float(Double($0) / norm) }
            })
    }

    deinit { base.deallocate() }

    func row(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(base + index * stride) }

    func kernel(_ metric: Metric, _ set: InstructionSet) -> Float32Kernel {
        Float32Kernel(metric: metric, rows: base, paddedDimensions: stride, stride: stride, instructionSet: set)
    }

    /// Every vector's distances to all rows of `rows`, computed by its batches: `[q * rows.vectors.count + row]`.
    func batch(to rows: PaddedVectors, _ kernel: Float32Kernel) -> [Float] {
        let squaredNorms = vectors.indices.map { kernel.squaredNorm(row($0)) }
        var distances = [Float](repeating: .nan, count: vectors.count * rows.vectors.count)
        squaredNorms.withUnsafeBufferPointer { norms in
            let block = QueryBlock(base: row(0), count: vectors.count, stride: stride, squaredNorms: norms.baseAddress!)
            kernel.batch(block, first: 0, count: rows.vectors.count, into: &distances)
        }
        return distances
    }
}
