// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing
import VectorStorage

@Suite("Vector matrix")
struct VectorMatrixTests {
    @Test(
        "Rows are aligned to 64 bytes, hold the vector and end in zeros", arguments: [1, 7, 15, 16, 17, 31, 128, 769])
    func layout(dimensions: Int) throws {
        let seed = UInt64(dimensions)
        var generator = SeededGenerator(seed: seed)
        let vectors = (0..<20).map { _ in generator.vector(dimensions: dimensions) }
        let matrix = try VectorMatrix(dimensions: dimensions)
        #expect(matrix.stride % 16 == 0 && matrix.stride - dimensions < 16 && matrix.stride >= dimensions)
        #expect(matrix.stride == VectorMatrix.paddedDimensions(dimensions))
        try matrix.ensure(additional: vectors.count)
        for (i, vector) in vectors.enumerated() { #expect(matrix.append(vector) == Slot(UInt32(i))) }
        #expect(matrix.count == vectors.count)
        for (i, vector) in vectors.enumerated() {
            let row = matrix.row(Slot(UInt32(i)))
            #expect(UInt(bitPattern: row) % 64 == 0)
            #expect(Array(UnsafeBufferPointer(start: row, count: dimensions)) == vector, "seed \(seed), row \(i)")
            for padding in dimensions..<matrix.stride {
                #expect(row[padding].bitPattern == 0, "row \(i), place \(padding)")
            }
        }
    }

    @Test("Rows stay where they are and what they are while the matrix grows")
    func growth() throws {
        let seed: UInt64 = 9
        var generator = SeededGenerator(seed: seed)
        let first = generator.vector(dimensions: 33)
        let matrix = try VectorMatrix(dimensions: 33)
        try matrix.ensure(additional: 1)
        let row = matrix.row(matrix.append(first))
        #expect(row == matrix.base)
        let committed = matrix.committedBytes
        for _ in 0..<20 {
            try matrix.ensure(additional: 1000)
            for i in 0..<1000 { _ = matrix.append([Float](repeating: Float(i), count: 33)) }
        }
        #expect(matrix.committedBytes > committed)
        #expect(matrix.count == 20_001)
        #expect(matrix.row(Slot(0)) == row)
        #expect(Array(UnsafeBufferPointer(start: row, count: 33)) == first, "seed \(seed)")
        #expect(matrix.row(Slot(20_000))[32] == 999)
    }

    @Test("More rows than the matrix can have are refused")
    func capacity() throws {
        let matrix = try VectorMatrix(dimensions: 3)
        #expect(throws: StorageError.capacityExceeded(maximum: matrix.capacity)) {
            try matrix.ensure(additional: matrix.capacity + 1)
        }
        try matrix.ensure(additional: 1)
        _ = matrix.append([1, 2, 3])
        #expect(throws: StorageError.capacityExceeded(maximum: matrix.capacity)) {
            try matrix.ensure(additional: matrix.capacity)
        }
        #expect(matrix.count == 1)
    }

    @Test("Rows are equal if they are the same to the bit")
    func equality() throws {
        let matrix = try VectorMatrix(dimensions: 17)
        var vector = [Float](repeating: 0.5, count: 17)
        let vectors: [[Float]] = [
            vector, vector,
            {
                vector[16] = Float(0.5).nextUp; return vector
            }(),
            {
                vector[16] = 0; return vector
            }(),
            {
                vector[16] = -0.0; return vector
            }(),
        ]
        try matrix.ensure(additional: vectors.count)
        for vector in vectors { _ = matrix.append(vector) }
        for a in 0..<5 {
            for b in 0..<5 {
                let areSame = a == b || (a < 2 && b < 2)
                #expect(matrix.areEqual(Slot(UInt32(a)), Slot(UInt32(b))) == areSame, "rows \(a) and \(b)")
            }
        }
    }

    @Test("The kernel measures the rows of the matrix", arguments: Metric.allCases)
    func kernel(metric: Metric) throws {
        let seed: UInt64 = 21
        var generator = SeededGenerator(seed: seed)
        let matrix = try VectorMatrix(dimensions: 21)
        try matrix.ensure(additional: 2)
        let vectors = (0..<2).map { _ in
            let vector = generator.vector(dimensions: 21)
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / norm }
        }
        for vector in vectors { _ = matrix.append(vector) }
        let kernel = matrix.kernel(metric: metric, instructionSet: .portable)
        #expect(kernel.paddedDimensions == 32 && kernel.stride == 32)
        var distance: Float = .nan
        kernel.scan(matrix.row(Slot(0)), first: 1, count: 1, into: &distance)
        let expected = DistanceOracle.distance(vectors[0], vectors[1], metric)
        let tolerance = DistanceOracle.tolerance(vectors[0], vectors[1], metric)
        #expect(abs(Double(distance) - expected) <= tolerance, "seed \(seed)")
    }
}
