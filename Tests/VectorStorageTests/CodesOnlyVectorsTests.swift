// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing
import VectorStorage

@Suite("Vectors that are kept as codes")
struct CodesOnlyVectorsTests {
    private static let kinds: [VectorCodes] = [.int8, .int4]
    private static let dimensions = 24

    /// Vectors that codes reproduce.
    private static func plain(_ count: Int, seed: UInt64) -> [[Float]] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in generator.vector(dimensions: dimensions) }
    }

    /// Where a center is so far off that codes about it do not reproduce a vector.
    private static let farCenter = [Float](repeating: 1000, count: dimensions).enumerated().map {
        $0.offset % 2 == 0 ? $0.element : -$0.element
    }

    @Test("A vector is read within 2 % of its length, or it is kept whole and read to the bit", arguments: kinds)
    func tolerance(kind: VectorCodes) throws {
        var generator = SeededGenerator(seed: 41)
        // Of all lengths about one center: the step of a short one is as wide as that of the center's values.
        var values = (0..<60).map { i in
            generator.vector(dimensions: Self.dimensions).map { $0 * Float(0x1p-20) * Float(1 << (i / 2)) }
        }
        // One value far beyond the others, one that is all; zeros.
        values += Self.plain(10, seed: 42).map { [1e6] + $0.dropFirst() }
        values.append([Float](repeating: 0, count: Self.dimensions))
        for metric in [Metric.squaredEuclidean, .manhattan, .innerProduct] {
            let center = Self.plain(1, seed: 43)[0]
            var fixture = try CodesOnlyFixture(kind, metric: metric, values, center: center)
            try fixture.dropVectors()
            var exact = 0
            for (slot, original) in values.enumerated() {
                let decoded = fixture.vector(slot)
                let zero = [Float](repeating: 0, count: Self.dimensions)
                let length = DistanceOracle.distance(original, zero, .squaredEuclidean).squareRoot()
                let error = DistanceOracle.distance(original, decoded, .squaredEuclidean).squareRoot()
                exact += error == 0 ? 1 : 0
                #expect(error <= 0.02 * length * (1 + 1e-5), "\(metric), slot \(slot)")
            }
            #expect(fixture.vectors.keptCount == exact && exact >= 30 && exact < values.count)
        }
    }

    @Test("Equal vectors are equal as they are stored, kept whole or not", arguments: kinds)
    func equality(kind: VectorCodes) throws {
        for center in [[Float](repeating: 0, count: Self.dimensions), Self.farCenter] {
            let values = Self.plain(20, seed: 44)
            var fixture = try CodesOnlyFixture(kind, metric: .squaredEuclidean, values + values, center: center)
            try fixture.dropVectors()
            #expect(fixture.vectors.keptCount == (center == Self.farCenter ? 40 : 0))
            for slot in 0..<20 {
                #expect(fixture.vectors.areEqual(Slot(UInt32(slot)), Slot(UInt32(slot + 20))))
                #expect(!fixture.vectors.areEqual(Slot(UInt32(slot)), Slot(UInt32((slot + 1) % 20))))
                #expect(fixture.vector(slot) == fixture.vector(slot + 20))
            }
        }
    }

    @Test("The place of a whole vector is used again once its slot has another", arguments: kinds)
    func wholeRowsAreUsedAgain(kind: VectorCodes) throws {
        let first = Self.plain(40, seed: 45)
        var fixture = try CodesOnlyFixture(kind, metric: .squaredEuclidean, first, center: Self.farCenter)
        try fixture.dropVectors()
        #expect(fixture.vectors.keptCount == 40)
        // Over and over, all are replaced by others that codes do not reproduce.
        for (round, seed) in (50..<55 as Range<UInt64>).enumerated() {
            for (slot, vector) in Self.plain(40, seed: seed).enumerated() { try fixture.replace(slot, by: vector) }
            fixture.vectors.releaseNewest()
            #expect(fixture.vectors.keptCount <= 41, "round \(round)")
            for slot in 0..<40 { #expect(fixture.vector(slot) == fixture.originals[slot]) }
        }
        // Half of the slots get vectors that codes reproduce: the others keep theirs, and new ones find room.
        let near = Self.plain(20, seed: 60).map { zip($0, Self.farCenter).map { $0 + $1 } }
        for slot in 0..<20 { try fixture.replace(2 * slot, by: near[slot]) }
        let count = fixture.vectors.keptCount
        try fixture.append(Self.plain(20, seed: 61))
        #expect(fixture.vectors.keptCount == count)
        for slot in 0..<60 where slot % 2 == 1 || slot >= 40 {
            #expect(fixture.vector(slot) == fixture.originals[slot])
        }
    }

    @Test("The whole vector that two slots of a damaged file name is not written over", arguments: kinds)
    func sharedWholeRow(kind: VectorCodes) throws {
        var fixture = try CodesOnlyFixture(
            kind, metric: .squaredEuclidean, Self.plain(30, seed: 62), center: Self.farCenter)
        try fixture.dropVectors()
        var image = try fixture.saved()
        let codes = try #require(image.section(SnapshotSection.codes.rawValue))
        // The last word of a row of 64 bytes says which whole vector the slot has.
        image.put(1 << 31 | 5 as UInt32, at: codes.offset + 64 * 6 + 60)
        var opened = try fixture.opened(image)
        #expect(opened.vector(6) == fixture.originals[5])
        for (i, slot) in [0, 5, 1, 2].enumerated() {
            try opened.replace(slot, by: Self.plain(1, seed: 63 + UInt64(i))[0])
            #expect(opened.vector(slot) == opened.originals[slot] && opened.vector(6) == fixture.originals[5])
        }
        // Row 6, which no slot names, and the former rows of slots 0, 1 and 2 are used again.
        #expect(opened.vectors.keptCount == 30)
    }

    @Test("What is kept whole on demand is read to the bit, once however often it is asked for", arguments: kinds)
    func keptOnDemand(kind: VectorCodes) throws {
        var fixture = try CodesOnlyFixture(kind, metric: .cosine, count: 30, dimensions: Self.dimensions)
        try fixture.dropVectors(keeping: [7, 9, 7])
        #expect(fixture.vectors.keptCount == 2)
        #expect(fixture.vector(7) == fixture.originals[7] && fixture.vector(9) == fixture.originals[9])
        #expect(fixture.vector(8) != fixture.originals[8])
        var generator = SeededGenerator(seed: 46)
        let norm = { (vector: [Float]) in vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let new = (0..<3).map { _ -> [Float] in
            let vector = generator.vector(dimensions: Self.dimensions)
            return vector.map { $0 / norm(vector) }
        }
        try fixture.append(new)
        for _ in 0..<2 { fixture.vectors.keepWhole(Slot(31)) }
        // Not of the batch: there is nothing left to be kept.
        fixture.vectors.keepWhole(Slot(8))
        fixture.vectors.releaseNewest()
        fixture.vectors.keepWhole(Slot(30))
        #expect(fixture.vectors.keptCount == 3)
        #expect(fixture.vector(31) == new[1] && fixture.vector(30) != new[0])
    }

    @Test("What is erased is zeros, whole vectors too, and their place is used again", arguments: kinds)
    func erasure(kind: VectorCodes) throws {
        var fixture = try CodesOnlyFixture(
            kind, metric: .squaredEuclidean, Self.plain(30, seed: 47), center: Self.farCenter)
        try fixture.dropVectors()
        for slot in [3, 4, 29] as [UInt32] {
            fixture.vectors.erase(Slot(slot))
            fixture.codes.erase(Slot(slot))
        }
        let zeros = [Float](repeating: 0, count: Self.dimensions)
        let image = try fixture.saved()
        let section = try #require(image.section(SnapshotSection.keptVectors.rawValue))
        let rows = image.bytes[section.content].withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        #expect(rows.count == 30 * 32)
        for slot in 0..<30 {
            let row = Array(rows[slot * 32..<slot * 32 + Self.dimensions])
            #expect(row == ([3, 4, 29].contains(slot) ? zeros : fixture.originals[slot]))
        }
        for slot in [29, 3, 4] { try fixture.replace(slot, by: Self.plain(1, seed: UInt64(slot))[0]) }
        #expect(fixture.vectors.keptCount == 30)
        for slot in 0..<30 { #expect(fixture.vector(slot) == fixture.originals[slot]) }
    }

    @Test("Slots and whole vectors that are taken back leave the others as they were", arguments: kinds)
    func truncation(kind: VectorCodes) throws {
        var fixture = try CodesOnlyFixture(
            kind, metric: .squaredEuclidean, Self.plain(20, seed: 48), center: Self.farCenter)
        try fixture.dropVectors()
        let before = (0..<20).map { fixture.vector($0) }
        try fixture.append(Self.plain(15, seed: 49))
        #expect(fixture.vectors.keptCount == 35)
        fixture.vectors.truncate(to: 20, keptCount: 20)
        fixture.codes.truncate(to: 20)
        #expect(fixture.vectors.count == 20 && fixture.vectors.keptCount == 20)
        #expect((0..<20).map { fixture.vector($0) } == before)
        fixture.vectors.releaseNewest()
        let next = Self.plain(2, seed: 50)
        try fixture.append(next)
        #expect(fixture.vectors.keptCount == 22 && fixture.vector(20) == next[0] && fixture.vector(21) == next[1])
    }
}
