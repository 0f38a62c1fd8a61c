// SPDX-License-Identifier: Apache-2.0

/// A caller's queries checked and made ready for the kernels, one after the other.
final class PreparedBatch: @unchecked Sendable {
    // SAFETY: nothing is written after the initialiser.

    let count: Int

    /// Floats from one query to the next.
    let stride: Int

    private let values: AlignedBuffer<Float>
    private let squaredNorms: AlignedBuffer<Float>

    /// - Throws: ``VectorIndexError``: what is wrong with the number of values, or with the first query that is refused.
    init(
        _ queries: Span<Float>, dimensions: Int, metric: Metric, instructionSet: InstructionSet
    ) throws(VectorIndexError) {
        let count = queries.count / dimensions
        guard queries.count == count * dimensions else {
            throw .batchMismatch(keys: count + 1, values: queries.count, dimensions: dimensions)
        }
        self.count = count
        stride = VectorMatrix.paddedDimensions(dimensions)
        values = AlignedBuffer(capacity: count * stride, zero: 0)
        squaredNorms = AlignedBuffer(capacity: count, zero: 0)
        var one = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        for q in 0..<count {
            do throws(VectorIndexError) {
                try one.prepare(queries.extracting(q * dimensions..<(q + 1) * dimensions))
            } catch {
                throw count == 1 ? error : .batchVector(position: q, reason: error)
            }
            (values.base + q * stride).update(from: one.values, count: stride)
            squaredNorms.base[q] = one.squaredNorm
        }
    }

    /// The first value of a query.
    func query(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(values.base + index * stride) }

    /// `Σ q²` of a query; 1 under cosine.
    func squaredNorm(_ index: Int) -> Float { squaredNorms.base[index] }

    /// Some of the queries; they live as long as the batch.
    func block(_ queries: Range<Int>) -> QueryBlock<Float> {
        QueryBlock(
            base: query(queries.lowerBound), count: queries.count, stride: stride,
            squaredNorms: UnsafePointer(squaredNorms.base + queries.lowerBound))
    }
}
