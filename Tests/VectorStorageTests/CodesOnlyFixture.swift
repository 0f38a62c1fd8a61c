// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import VectorStorage

/// Vectors with codes, as an index has them: whole, and compact once ``dropVectors(keeping:)`` is called.
struct CodesOnlyFixture {
    var vectors: StoredVectors
    let codes: CodeMatrix

    /// The vectors as they were stored.
    private(set) var originals: [[Float]] = []

    /// - Parameter center: of the codes; nil for that of the vectors.
    init(_ kind: VectorCodes, metric: Metric, _ values: [[Float]], center: [Float]? = nil) throws {
        let set = try InstructionSet.resolve()
        let dimensions = values[0].count
        vectors = try StoredVectors(dimensions: dimensions, metric: metric, instructionSet: set)
        let flat = values.flatMap { $0 }
        let center =
            center
            ?? flat.withUnsafeBufferPointer { values in
                RowQuantizer.center(
                    of: (0..<values.count / dimensions).map { values.baseAddress! + $0 * dimensions },
                    dimensions: dimensions)
            }
        codes = try CodeMatrix(
            quantizer: RowQuantizer(kind, metric: metric, center: center, instructionSet: set), instructionSet: set,
            rows: vectors.capacity)
        try append(values)
    }

    /// Random vectors; of length 1 under cosine, as an index keeps them.
    init(_ kind: VectorCodes, metric: Metric, count: Int, dimensions: Int, seed: UInt64 = 31) throws {
        var generator = SeededGenerator(seed: seed)
        let values = (0..<count).map { _ -> [Float] in
            let vector = generator.vector(dimensions: dimensions)
            guard metric == .cosine else { return vector }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / norm }
        }
        try self.init(kind, metric: metric, values)
    }

    /// Stores vectors in new slots.
    mutating func append(_ values: [[Float]]) throws {
        try vectors.ensure(additional: values.count, newSlots: values.count)
        try codes.ensure(additional: values.count)
        for vector in values {
            originals.append(vector)
            store(vector, at: codes.count)
        }
    }

    /// Stores a vector in the slot of one that no reader can reach any longer.
    mutating func replace(_ slot: Int, by vector: [Float]) throws {
        try vectors.ensure(additional: 1, newSlots: 0)
        originals[slot] = vector
        store(vector, at: slot)
    }

    private func store(_ vector: [Float], at slot: Int) {
        let padded = vector + [Float](repeating: 0, count: vectors.stride - vector.count)
        codes.store(padded, at: Slot(UInt32(slot)))
        vectors.store(padded, at: Slot(UInt32(slot)))
    }

    mutating func dropVectors(keeping kept: [UInt32] = []) throws {
        vectors = try vectors.codesOnly(by: codes, keeping: kept)
    }

    /// A file of the codes and the vectors.
    func saved() throws -> SnapshotImage {
        let folder = try TemporaryFolder()
        let writer = try SnapshotWriter(folder.path("saved"), calls: .real)
        try codes.save(to: writer)
        try vectors.save(to: writer)
        _ = try writer.finish()
        return SnapshotImage(try folder.bytes("saved"))
    }

    /// A fixture with the codes and the codes-only vectors of a file that nothing has verified.
    func opened(_ image: SnapshotImage) throws -> CodesOnlyFixture {
        let folder = try TemporaryFolder()
        let path = try folder.write(image.bytes, to: "saved")
        return try withExtendedLifetime(folder) { try CodesOnlyFixture(self, file: SnapshotFile(path)) }
    }

    private init(_ other: CodesOnlyFixture, file: SnapshotFile) throws {
        let (old, count) = (other.vectors, other.codes.count)
        codes = try CodeMatrix(
            quantizer: other.codes.quantizer, instructionSet: old.instructionSet, rows: old.capacity, file: file,
            count: count)
        vectors = try StoredVectors(
            dimensions: old.dimensions, metric: old.metric, instructionSet: old.instructionSet, codes: codes,
            file: file, count: count)
        originals = other.originals
    }

    /// The vector of a slot as every reader has it.
    func vector(_ slot: Int) -> [Float] { Array(vectors.shared(version: 0)(Slot(UInt32(slot)))) }

    /// A query for kernels, padded with zeros.
    func query(_ values: [Float]) -> AlignedBuffer<Float> {
        let query = AlignedBuffer<Float>(capacity: vectors.stride, zero: 0)
        for (d, value) in values.enumerated() { query.base[d] = value }
        return query
    }
}
