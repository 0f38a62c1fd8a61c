// SPDX-License-Identifier: Apache-2.0

/// A caller's vector checked and made ready for the kernels: padded, aligned, and normalised under cosine.
struct PreparedVector: ~Copyable {
    /// `Σ x²` of the vector last prepared; 1 under cosine.
    private(set) var squaredNorm: Float = 0

    private let buffer: AlignedBuffer<Float>
    private let dimensions: Int
    private let metric: Metric
    private let norms: SquaredNorms

    init(dimensions: Int, metric: Metric, instructionSet: InstructionSet) {
        self.dimensions = dimensions
        self.metric = metric
        norms = SquaredNorms(instructionSet: instructionSet)
        buffer = AlignedBuffer(capacity: VectorMatrix.paddedDimensions(dimensions), zero: 0)
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
        squaredNorm = norms.norm(values, count: buffer.capacity)
        if metric == .cosine {
            try normalize()
            squaredNorm = 1
        } else if !(squaredNorm <= VectorIndexError.maximumSquaredNorm) {
            try checkFinite()
            throw .magnitudeTooLarge
        }
    }

    private func checkFinite() throws(VectorIndexError) {
        for i in 0..<dimensions where !buffer.base[i].isFinite { throw .nonFiniteValue(position: i) }
    }

    private func normalize() throws(VectorIndexError) {
        let values = buffer.base
        // In this range no square of a value that matters has under- or overflowed.
        if squaredNorm > 1e-20, squaredNorm < 1e30 {
            let scale = 1 / squaredNorm.squareRoot()
            for i in 0..<dimensions { values[i] *= scale }
            return
        }
        try checkFinite()
        var sum = 0.0
        for i in 0..<dimensions { sum += Double(values[i]) * Double(values[i]) }
        guard sum > 0 else { throw .zeroVector }
        let scale = 1 / sum.squareRoot()
        for i in 0..<dimensions { values[i] = Float(Double(values[i]) * scale) }
    }
}
