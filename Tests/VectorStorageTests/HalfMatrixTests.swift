// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing
import VectorStorage

@Suite("Vectors stored in half precision")
struct HalfMatrixTests {
    /// Vectors whose values halves have.
    private static func values(count: Int, dimensions: Int) -> [[Float]] {
        var generator = SeededGenerator(seed: 441)
        return (0..<count).map { _ in
            (0..<dimensions).map { _ in Float(Int.random(in: -1024...1024, using: &generator)) / 1024 }
        }
    }

    private static func stored(_ values: [[Float]], metric: Metric = .squaredEuclidean) throws -> StoredVectors {
        let vectors = try StoredVectors(
            dimensions: values[0].count, metric: metric, instructionSet: try InstructionSet.resolve(), rows: .float16)
        try vectors.ensure(additional: values.count, newSlots: values.count)
        for (slot, vector) in values.enumerated() { store(vector, in: vectors, at: slot) }
        return vectors
    }

    private static func store(_ vector: [Float], in vectors: StoredVectors, at slot: Int) {
        let padded = vector + [Float](repeating: 0, count: vectors.stride - vector.count)
        vectors.store(padded, at: Slot(UInt32(slot)))
    }

    private static func vector(_ slot: Int, of vectors: StoredVectors) -> [Float] {
        Array(vectors.shared(version: 0)(Slot(UInt32(slot))))
    }

    @Test("Every way to read them gives the same values and distances", arguments: Metric.allCases)
    func reading(metric: Metric) throws {
        for dimensions in [1, 15, 16, 17, 32, 33, 100] {
            let values = Self.values(count: 90, dimensions: dimensions)
            let vectors = try Self.stored(values, metric: metric)
            #expect(vectors.count == 90 && !vectors.isCodesOnly && vectors.oldestPin == nil)
            #expect(vectors.usedBytes == 90 * ((dimensions + 31) / 32 * 64))
            let space = AlignedBuffer<Float>(capacity: vectors.stride, zero: 0)
            func read(_ pointer: UnsafePointer<Float>) -> [Float] {
                Array(UnsafeBufferPointer(start: pointer, count: vectors.stride))
            }
            let padding = [Float](repeating: 0, count: vectors.stride - dimensions)
            let sample = vectors.sample((0..<90).map { UInt32($0) })
            let pointers = sample.pointers
            withExtendedLifetime(sample) {
                for slot in 0..<90 {
                    #expect(Self.vector(slot, of: vectors) == values[slot])
                    #expect(read(vectors.vector(UInt32(slot), space: space.base)) == values[slot] + padding)
                    #expect(read(pointers[slot]) == values[slot] + padding)
                }
            }
            vectors.forEachVector { slot, vector in #expect(read(vector) == values[slot.index] + padding) }

            let query = values[7] + padding
            var scratch: DecodedRows?
            let slots = (0..<90).map { UInt32(($0 * 7) % 90) }
            var gathered = [Float](repeating: .nan, count: 90)
            vectors.gather(query, slots: slots, count: 90, into: &gathered, scratch: &scratch)
            var measured = gathered
            slots.withUnsafeBufferPointer { vectors.rows($0, scratch: &scratch).measure(query, into: &measured) }
            var byKernel = gathered
            let kernel = StoredKernel(vectors)
            let kernelSpace = AlignedBuffer<Float>(capacity: kernel.queryLength, zero: 0)
            let asked = kernel.query(ofRow: 7, space: kernelSpace.base)
            kernel.gather(asked, slots: slots, count: 90, into: &byKernel)
            #expect(gathered == measured && gathered == byKernel)
            for (slot, distance) in zip(slots, gathered) {
                let summed = metric == .cosine ? .innerProduct : metric
                let expected =
                    DistanceOracle.distance(values[7], values[Int(slot)], summed) + (metric == .cosine ? 1 : 0)
                let tolerance = DistanceOracle.tolerance(values[7], values[Int(slot)], summed) + 0x1p-23
                #expect(abs(Double(distance) - expected) <= tolerance)
                let one = vectors.distance(from: query, to: Slot(slot), scratch: &scratch)
                #expect(one == distance)
            }
        }
    }

    @Test("A row is replaced, erased and forgotten, and rows are equal if their halves are")
    func writing() throws {
        var values = Self.values(count: 20, dimensions: 37)
        values[11] = values[4]
        // Closer than half of what halves tell apart.
        values[12] = values[4].map { $0 * (1 + 0x1p-13) }
        let vectors = try Self.stored(values)
        for slot in 0..<20 {
            #expect(vectors.areEqual(Slot(4), Slot(UInt32(slot))) == [4, 11, 12].contains(slot), "slot \(slot)")
        }
        Self.store(values[3], in: vectors, at: 9)
        #expect(vectors.count == 20 && Self.vector(9, of: vectors) == values[3])
        vectors.erase(Slot(9))
        #expect(Self.vector(9, of: vectors) == [Float](repeating: 0, count: 37))
        #expect(Self.vector(8, of: vectors) == values[8] && Self.vector(10, of: vectors) == values[10])
        vectors.truncate(to: 5, keptCount: 0)
        #expect(vectors.count == 5)
        Self.store(values[15], in: vectors, at: 5)
        #expect(vectors.count == 6 && Self.vector(5, of: vectors) == values[15])
    }

    @Test("There is room for twice as many, and more are refused")
    func capacity() throws {
        let vectors = try Self.stored(Self.values(count: 1, dimensions: 384))
        #expect(vectors.capacity == StoredVectors.capacity(dimensions: 384, rows: .float16))
        #expect(vectors.capacity / 2 == StoredVectors.capacity(dimensions: 384))
        #expect(throws: StorageError.capacityExceeded(maximum: vectors.capacity)) {
            try vectors.ensure(additional: vectors.capacity, newSlots: vectors.capacity)
        }
        #expect(vectors.count == 1)
    }

    @Test("A value beyond those of halves is found when a file is verified")
    func verification() throws {
        let vectors = try Self.stored([[1, 2, 3], [4, 70_000, 6]])
        #expect(throws: SnapshotError.malformed(section: "halfVectors", reason: "the vector of slot 1 has no length")) {
            try vectors.verifyValues(maximumSquaredNorm: 0x1p125)
        }
        vectors.erase(Slot(1))
        try vectors.verifyValues(maximumSquaredNorm: 0x1p125)
    }
}
