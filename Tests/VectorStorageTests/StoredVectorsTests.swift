// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing
import VectorStorage

@Suite("Stored vectors")
struct StoredVectorsTests {
    private static let kinds: [VectorCodes] = [.int8, .int4]

    /// Vectors with codes, as an index has them.
    private struct Fixture {
        var vectors: StoredVectors
        let codes: CodeMatrix
        let values: [Float]

        init(_ kind: VectorCodes, metric: Metric, count: Int, dimensions: Int) throws {
            var generator = SeededGenerator(seed: 31)
            values = (0..<count).flatMap { _ -> [Float] in
                let vector = generator.vector(dimensions: dimensions)
                guard metric == .cosine else { return vector }
                let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                return vector.map { $0 / norm }
            }
            let set = try InstructionSet.resolve()
            vectors = try StoredVectors(dimensions: dimensions, metric: metric, instructionSet: set)
            let sample = values.withUnsafeBufferPointer { buffer in
                let pointers = (0..<count).map { buffer.baseAddress! + $0 * dimensions }
                return ScalarQuantizer(kind, metric: metric, dimensions: dimensions, sample: pointers)
            }
            codes = try CodeMatrix(quantizer: sample, metric: metric, instructionSet: set, rows: vectors.capacity)
            try append(values)
        }

        func append(_ values: [Float]) throws {
            let dimensions = vectors.dimensions
            try vectors.ensure(additional: values.count / dimensions, newSlots: values.count / dimensions)
            try codes.ensure(additional: values.count / dimensions)
            for first in stride(from: 0, to: values.count, by: dimensions) {
                let padded = Array(values[first..<first + dimensions])
                codes.append(padded)
                vectors.store(padded, at: Slot(UInt32(codes.count - 1)))
                #expect(vectors.count == codes.count)
            }
        }

        mutating func compact() throws { vectors = try vectors.compacted(by: codes) }

        func shared(_ slot: Int) -> SharedVector { vectors.shared(version: 0)(Slot(UInt32(slot))) }

        func vector(_ slot: Int) -> [Float] { Array(shared(slot)) }

        func original(_ slot: Int) -> [Float] {
            Array(values[slot * vectors.dimensions..<(slot + 1) * vectors.dimensions])
        }
    }

    @Test("Every way to read compact vectors gives the same, near to what they were", arguments: kinds, Metric.allCases)
    func reading(kind: VectorCodes, metric: Metric) throws {
        for dimensions in [1, 7, 16, 33] {
            var fixture = try Fixture(kind, metric: metric, count: 120, dimensions: dimensions)
            #expect(!fixture.vectors.isCompact && fixture.vector(5) == fixture.original(5))
            try fixture.compact()
            let vectors = fixture.vectors
            #expect(vectors.isCompact && vectors.count == 120)
            let query = AlignedBuffer<Float>(capacity: vectors.stride, zero: 0)
            for (d, value) in fixture.original(3).enumerated() { query.base[d] = value }
            var scratch: DecodedRows?
            let slots = (0..<120).map { UInt32(119 - $0) }
            var gathered = [Float](repeating: .nan, count: 120)
            vectors.gather(query.base, slots: slots, count: 120, into: &gathered, scratch: &scratch)
            var scanned = [Float](repeating: .nan, count: 120)
            let all = Array(0..<120 as Range<UInt32>)
            let kernel = all.withUnsafeBufferPointer { vectors.rows($0, scratch: &scratch).kernel }
            kernel.scan(query.base, first: 0, count: 120, into: &scanned)
            #expect(gathered.reversed() == scanned)
            // 7 bits have nothing beyond their range, of which a normalised vector may be.
            let tolerance = kind == .int4 ? fixture.codes.quantizer.scale * 0.6 : 0.1
            for slot in 0..<120 {
                let decoded = fixture.vector(slot)
                for (a, b) in zip(decoded, fixture.original(slot)) { #expect(abs(a - b) <= tolerance) }
                let expected = DistanceOracle.distance(fixture.original(3), decoded, metric)
                let rounding = DistanceOracle.tolerance(fixture.original(3), decoded, metric)
                let one = vectors.distance(from: query.base, to: Slot(UInt32(slot)), scratch: &scratch)
                #expect(abs(Double(scanned[slot]) - expected) <= rounding && abs(Double(one) - expected) <= rounding)
            }
        }
    }

    @Test("Whole rows give their memory back, and vectors that were shared stay what they were")
    func memory() throws {
        var fixture = try Fixture(.int4, metric: .squaredEuclidean, count: 4000, dimensions: 384)
        let shared = fixture.shared(17)
        let committed = fixture.vectors.committedBytes
        #expect(committed >= 4000 * 384 * 4)
        try fixture.compact()
        let vectors = fixture.vectors
        #expect(vectors.usedBytes == 4000 * 192)
        #expect(vectors.committedBytes < committed / 5)
        #expect(Array(shared) == fixture.original(17))
        // New vectors are whole until they are released.
        try fixture.append(Array(fixture.values.prefix(384 * 100)))
        #expect(vectors.count == 4100 && vectors.usedBytes == 4100 * 192 + 100 * 1536)
        #expect(fixture.vector(4017) == fixture.vector(17))
        vectors.releaseNewest()
        #expect(vectors.count == 4100 && vectors.usedBytes == 4100 * 192)
        try fixture.append(Array(fixture.values.prefix(384 * 10)))
        #expect(fixture.vector(4103) == fixture.vector(3) && vectors.areEqual(Slot(4103), Slot(3)))
        #expect(!vectors.areEqual(Slot(4103), Slot(4)))
    }

    @Test("A sample and a pass over all have the newest as they are, and so have vectors made whole", arguments: kinds)
    func newest(kind: VectorCodes) throws {
        var fixture = try Fixture(kind, metric: .manhattan, count: 50, dimensions: 9)
        try fixture.compact()
        let vectors = fixture.vectors
        let far = (0..<18).map { Float($0) * 100 }
        try fixture.append(far)
        let sample = vectors.sample([3, 50, 51])
        withExtendedLifetime(sample) {
            let read = sample.pointers.map { Array(UnsafeBufferPointer(start: $0, count: 9)) }
            #expect(read == [fixture.vector(3), Array(far.prefix(9)), Array(far.suffix(9))])
        }
        var distances = [Float](repeating: .nan, count: 3)
        sample.distances(from: 1, into: &distances)
        #expect(distances[1] == 0 && distances[2] == 8100)
        var count = 0
        vectors.forEachVector { slot, vector in
            #expect(slot.index == count)
            if count >= 50 { #expect(vector[0] == far[(count - 50) * 9]) }
            count += 1
        }
        #expect(count == 52)
        let third = fixture.vector(3)
        fixture.vectors = try vectors.whole()
        #expect(!fixture.vectors.isCompact && fixture.vectors.count == 52)
        #expect(fixture.vector(3) == third && fixture.vector(51) == Array(far.suffix(9)))
    }

    @Test("More vectors than there is room for are refused while compact, too")
    func capacity() throws {
        var fixture = try Fixture(.int4, metric: .squaredEuclidean, count: 1, dimensions: 3)
        try fixture.compact()
        let vectors = fixture.vectors
        #expect(throws: StorageError.capacityExceeded(maximum: vectors.capacity)) {
            try vectors.ensure(additional: vectors.capacity, newSlots: vectors.capacity)
        }
        #expect(vectors.count == 1 && fixture.vector(0).count == 3)
    }
}
