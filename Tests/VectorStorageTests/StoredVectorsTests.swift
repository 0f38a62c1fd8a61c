// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing
import VectorStorage

@Suite("Stored vectors")
struct StoredVectorsTests {
    private static let kinds: [VectorCodes] = [.int8, .int4]

    @Test(
        "Every way to read codes-only vectors gives the same, near to what they were", arguments: kinds, Metric.allCases
    )
    func reading(kind: VectorCodes, metric: Metric) throws {
        for dimensions in [1, 7, 16, 33] {
            var fixture = try CodesOnlyFixture(kind, metric: metric, count: 120, dimensions: dimensions)
            #expect(!fixture.vectors.isCodesOnly && fixture.vector(5) == fixture.originals[5])
            try fixture.dropVectors()
            let vectors = fixture.vectors
            #expect(vectors.isCodesOnly && vectors.count == 120)
            let query = fixture.query(fixture.originals[3])
            var scratch: DecodedRows?
            let slots = (0..<120).map { UInt32(119 - $0) }
            var gathered = [Float](repeating: .nan, count: 120)
            vectors.gather(query.base, slots: slots, count: 120, into: &gathered, scratch: &scratch)
            var scanned = [Float](repeating: .nan, count: 120)
            let all = Array(0..<120 as Range<UInt32>)
            all.withUnsafeBufferPointer { slots in
                vectors.rows(slots, scratch: &scratch).measure(query.base, into: &scanned)
            }
            #expect(gathered.reversed() == scanned)
            for slot in 0..<120 {
                let (decoded, original) = (fixture.vector(slot), fixture.originals[slot])
                let error = DistanceOracle.distance(decoded, original, .squaredEuclidean).squareRoot()
                let length = DistanceOracle.distance(
                    original, [Float](repeating: 0, count: dimensions), .squaredEuclidean
                ).squareRoot()
                #expect(error <= 0.02 * length * (1 + 1e-5), "slot \(slot): off by \(error) of \(length)")
                let expected = DistanceOracle.distance(fixture.originals[3], decoded, metric)
                let rounding = DistanceOracle.tolerance(fixture.originals[3], decoded, metric)
                let one = vectors.distance(from: query.base, to: Slot(UInt32(slot)), scratch: &scratch)
                #expect(abs(Double(scanned[slot]) - expected) <= rounding && abs(Double(one) - expected) <= rounding)
            }
        }
    }

    @Test("A vector is padded with zeros wherever it is read to", arguments: kinds, Metric.allCases)
    func padding(kind: VectorCodes, metric: Metric) throws {
        var fixture = try CodesOnlyFixture(kind, metric: metric, count: 40, dimensions: 33)
        try fixture.dropVectors()
        let vectors = fixture.vectors
        for slot in 0..<40 as Range<UInt32> {
            let space = AlignedBuffer<Float>(capacity: vectors.stride, zero: .nan)
            let vector = vectors.vector(slot, space: space.base)
            #expect((33..<vectors.stride).allSatisfy { vector[$0] == 0 })
        }
    }

    @Test("Whole rows give their memory back, and vectors that were shared stay what they were")
    func memory() throws {
        var fixture = try CodesOnlyFixture(.int4, metric: .squaredEuclidean, count: 4000, dimensions: 384)
        let shared = fixture.vectors.shared(version: 0)(Slot(17))
        let committed = fixture.vectors.committedBytes
        #expect(committed >= 4000 * 384 * 4)
        try fixture.dropVectors()
        let vectors = fixture.vectors
        #expect(vectors.keptCount == 0 && vectors.usedBytes == 4000 * 192)
        #expect(vectors.committedBytes < committed / 5)
        #expect(Array(shared) == fixture.originals[17])
        // Vectors of a batch are whole until they are released, for the writer alone.
        try fixture.append(Array(fixture.originals.prefix(100)))
        #expect(vectors.count == 4100 && vectors.usedBytes == 4100 * 192)
        #expect(fixture.vector(4017) == fixture.vector(17) && fixture.vector(4017) != fixture.originals[17])
        vectors.releaseNewest()
        #expect(vectors.count == 4100 && vectors.usedBytes == 4100 * 192)
        try fixture.append(Array(fixture.originals.prefix(10)))
        #expect(fixture.vector(4103) == fixture.vector(3) && vectors.areEqual(Slot(4103), Slot(3)))
        #expect(!vectors.areEqual(Slot(4103), Slot(4)))
    }

    @Test("The writer has the vectors of a batch as they are, and all others as they are stored", arguments: kinds)
    func newest(kind: VectorCodes) throws {
        var fixture = try CodesOnlyFixture(kind, metric: .manhattan, count: 50, dimensions: 9)
        try fixture.dropVectors()
        let vectors = fixture.vectors
        vectors.releaseNewest()
        var generator = SeededGenerator(seed: 32)
        let far = (0..<2).map { _ in generator.vector(dimensions: 9).map { $0 * 100 } }
        try fixture.append(far)
        let space = AlignedBuffer<Float>(capacity: vectors.stride, zero: 0)
        func read(_ slot: UInt32) -> [Float] {
            vectors.withNewest(Slot(slot), space: space.base) { Array(UnsafeBufferPointer(start: $0, count: 9)) }
        }
        #expect(read(50) == far[0] && read(51) == far[1] && read(3) == fixture.vector(3))
        #expect(fixture.vector(50) != far[0], "searches read what is stored")
        let sample = vectors.sample([3, 50, 51])
        withExtendedLifetime(sample) {
            let found = sample.pointers.map { Array(UnsafeBufferPointer(start: $0, count: 9)) }
            #expect(found == [3, 50, 51].map { fixture.vector($0) })
        }
        var count = 0
        vectors.forEachVector { slot, vector in
            #expect(slot.index == count && Array(UnsafeBufferPointer(start: vector, count: 9)) == fixture.vector(count))
            count += 1
        }
        #expect(count == 52)
        vectors.releaseNewest()
        #expect(read(50) == fixture.vector(50))
    }

    @Test("More vectors than there is room for are refused while compact, too")
    func capacity() throws {
        var fixture = try CodesOnlyFixture(.int4, metric: .squaredEuclidean, count: 1, dimensions: 3)
        try fixture.dropVectors()
        let vectors = fixture.vectors
        #expect(throws: StorageError.capacityExceeded(maximum: vectors.capacity)) {
            try vectors.ensure(additional: vectors.capacity, newSlots: vectors.capacity)
        }
        #expect(vectors.count == 1 && fixture.vector(0).count == 3)
    }

    @Test(
        "A kernel on what is stored gives the distances of the vectors that are read",
        arguments: [VectorCodes.float32] + kinds,
        Metric.allCases)
    func storedKernel(kind: VectorCodes, metric: Metric) throws {
        for dimensions in [1, 7, 16, 33] {
            var fixture = try CodesOnlyFixture(
                kind == .float32 ? .int8 : kind, metric: metric, count: 90, dimensions: dimensions)
            if kind != .float32 { try fixture.dropVectors(keeping: [4, 77]) }
            let kernel = StoredKernel(fixture.vectors)
            #expect(kernel.remainderShare == 1)
            let space = AlignedBuffer<Float>(capacity: kernel.queryLength, zero: 0)
            let slots = (0..<90).map { UInt32(($0 * 7) % 90) }
            for asking in [4, 5] {
                let padded = fixture.query(fixture.originals[asking])
                // As a vector, and as it is stored.
                for (query, values) in [
                    (kernel.query(of: padded.base, space: space.base), fixture.originals[asking]),
                    (kernel.query(ofRow: UInt32(asking), space: space.base), fixture.vector(asking)),
                ] {
                    // One, as many as are decoded at a time, and more.
                    for count in [1, 16, 17, 90] {
                        var gathered = [Float](repeating: .nan, count: count)
                        kernel.gather(query, slots: slots, count: count, into: &gathered)
                        for (slot, distance) in zip(slots, gathered) {
                            let vector = fixture.vector(Int(slot))
                            #expect(
                                abs(Double(distance) - DistanceOracle.distance(values, vector, metric))
                                    <= DistanceOracle.tolerance(values, vector, metric))
                            #expect(kernel.deviation(of: slot, at: distance, from: query) == 0)
                        }
                    }
                    var scanned = [Float](repeating: .nan, count: 40)
                    kernel.scan(query, first: 30, count: 40, into: &scanned)
                    var gathered = [Float](repeating: .nan, count: 40)
                    kernel.gather(query, slots: Array(30..<70), count: 40, into: &gathered)
                    #expect(scanned == gathered)
                }
            }
        }
    }
}
