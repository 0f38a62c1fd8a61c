// SPDX-License-Identifier: Apache-2.0

import HNSW

/// A caller's vector, checked and made ready for the kernels. It is padded, aligned, normalized under cosine, and rounded as
/// vectors are stored.
struct PreparedVector: ~Copyable {
    /// `Σ x²` of the vector last prepared, before it is rounded; 1 under cosine.
    private(set) var squaredNorm: Float = 0

    private let buffer: AlignedBuffer<Float>
    private let dimensions: Int
    private let metric: Metric
    private let norms: Norms

    /// What rounds vectors, with room for one; nil if values are stored as they are.
    private let precision: HalfPrecision?
    private let halves: AlignedBuffer<UInt16>

    /// - Parameter rows: what the vectors will be stored as; queries are not rounded.
    init(dimensions: Int, metric: Metric, instructionSet: InstructionSet, rows: VectorRows = .float32) {
        self.dimensions = dimensions
        self.metric = metric
        norms = Norms(instructionSet: instructionSet)
        buffer = AlignedBuffer(capacity: VectorMatrix.paddedDimensions(dimensions), zero: 0)
        precision = rows == .float16 ? HalfPrecision(instructionSet: instructionSet) : nil
        halves = AlignedBuffer(capacity: rows == .float16 ? dimensions : 0, zero: 0)
    }

    /// The vector last prepared.
    var values: UnsafePointer<Float> { UnsafePointer(buffer.base) }

    /// Copies a vector in.
    mutating func prepare(_ vector: Span<Float>) throws(VectorIndexError) {
        try vector.withUnsafeBufferPointer { (vector) throws(VectorIndexError) in
            try prepare(vector)
        }
    }

    /// Copies a vector in.
    mutating func prepare(_ vector: UnsafeBufferPointer<Float>) throws(VectorIndexError) {
        guard vector.count == dimensions else {
            throw .dimensionMismatch(expected: dimensions, found: vector.count)
        }
        // SAFETY: both hold `dimensions` floats, checked above. Adding 0 turns -0 into 0, so that equal vectors are equal to
        // the bit.
        let target = buffer.base
        for i in 0..<dimensions { target[i] = vector[i] + 0 }
        if metric == .cosine {
            let length = norms.normalize(target, count: buffer.capacity)
            guard length > 0, length < .infinity else {
                try checkFinite()
                throw .zeroVector
            }
            squaredNorm = 1
        } else {
            squaredNorm = norms.squaredNorm(target, count: buffer.capacity)
            guard squaredNorm <= VectorIndexError.maximumSquaredNorm else {
                try checkFinite()
                throw .magnitudeTooLarge
            }
        }
        if let precision { try round(precision) }
    }

    /// Rounds the vector to half precision, so that vectors that are stored as equal are equal to the bit.
    private func round(_ precision: HalfPrecision) throws(VectorIndexError) {
        let values = buffer.base
        for i in 0..<dimensions where values[i].magnitude >= HalfPrecision.overflow {
            throw .valueOutOfRange(position: i)
        }
        precision.narrow(values, count: dimensions, into: halves.base)
        precision.widen(halves.base, count: dimensions, into: values)
        // What became -0 becomes 0.
        for i in 0..<dimensions { values[i] += 0 }
    }

    private func checkFinite() throws(VectorIndexError) {
        for i in 0..<dimensions where !buffer.base[i].isFinite { throw .nonFiniteValue(position: i) }
    }
}

/// A query that is ready for the kernels.
struct PreparedQuery {
    let values: UnsafePointer<Float>

    /// `Σ q²`.
    let squaredNorm: Float

    /// The node that the query is taken from, which its search skips; nil for a caller's query.
    let hidden: Node?
}
