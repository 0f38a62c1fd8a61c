// SPDX-License-Identifier: Apache-2.0

/// A caller's queries checked and made ready for the kernels, one after the other.
final class PreparedBatch: @unchecked Sendable {
    // SAFETY: nothing is written after the initializer.

    let count: Int

    /// Floats from one query to the next.
    let stride: Int

    private let values: AlignedBuffer<Float>
    private let squaredNorms: AlignedBuffer<Float>

    /// - Throws: ``VectorIndexError``: what is wrong with the number of values, or with the first query that is refused.
    init(
        _ queries: borrowing some VectorListInput & ~Copyable & ~Escapable, dimensions: Int, metric: Metric,
        instructionSet: InstructionSet
    ) throws(VectorIndexError) {
        guard let count = queries.vectorCount(dimensions: dimensions) else {
            let values = queries.valueCount()
            throw .batchMismatch(keys: values / dimensions + 1, values: values, dimensions: dimensions)
        }
        self.count = count
        stride = VectorMatrix.paddedDimensions(dimensions)
        values = AlignedBuffer(capacity: count * stride, zero: 0)
        squaredNorms = AlignedBuffer(capacity: count, zero: 0)
        var one = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        for q in 0..<count {
            do throws(VectorIndexError) {
                try queries.withVector(at: q, dimensions: dimensions) { (query) throws(VectorIndexError) in
                    try one.prepare(query)
                }
            } catch {
                throw count == 1 ? error : .batchVector(position: q, reason: error)
            }
            (values.base + q * stride).update(from: one.values, count: stride)
            squaredNorms.base[q] = one.squaredNorm
        }
    }

    /// The prepared queries that ``append(to:dimensions:)`` has written to a record.
    init(_ record: inout RecordReader, dimensions: Int) throws(SnapshotError) {
        let stored = try record.floats("a query of the calibration")
        let norms = try record.floats("the length of a query")
        guard stored.count == norms.count * dimensions else {
            throw record.malformed("\(stored.count) values are not \(norms.count) queries")
        }
        count = norms.count
        stride = VectorMatrix.paddedDimensions(dimensions)
        values = AlignedBuffer(capacity: count * stride, zero: 0)
        squaredNorms = AlignedBuffer(capacity: count, zero: 0)
        for q in 0..<count {
            for d in 0..<dimensions { values.base[q * stride + d] = stored[q * dimensions + d] }
            squaredNorms.base[q] = norms[q]
        }
    }

    func append(to record: inout RecordWriter, dimensions: Int) {
        record.append((0..<count).flatMap { UnsafeBufferPointer(start: query($0), count: dimensions) })
        record.append((0..<count).map { squaredNorm($0) })
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
