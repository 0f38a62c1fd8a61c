// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// The vectors of an index: whole, as 32-bit floats or in half precision (``HalfMatrix``), or codes-only, as codes
/// (``CodesOnlyVectors``) that are decoded when they are read.
///
/// While they are codes-only, the vectors of a batch are whole for the writer until it is linked (``releaseNewest()``), so that they
/// are linked by what they really are. They are read decoded like all others.
///
/// A row is written before its slot is published and does not change while anyone can read it. What is stored otherwise is another
/// object.
package final class StoredVectors: @unchecked Sendable {
    // SAFETY: rows are written by one thread at a time, which the owning index's writer lock ensures, and only such as no reader
    // can know of. `newest` belongs to that thread.

    package let dimensions: Int
    package let metric: Metric
    package let instructionSet: InstructionSet

    /// Floats from one whole row to the next, and of a decoded or widened vector.
    package let stride: Int

    /// The most vectors that there can be.
    package let capacity: Int

    enum Storage {
        case whole(VectorMatrix, Float32Kernel)
        case half(HalfMatrix)
        case codesOnly(CodesOnlyVectors)
    }

    let storage: Storage

    /// Of codes-only vectors, those of the batch under way as they are.
    private(set) var newest: NewestVectors?

    /// Room for a vector that is decoded to see how well its codes reproduce it.
    private let decoded: AlignedBuffer<Float>

    /// No vectors.
    ///
    /// - Parameter rows: what whole vectors are kept as.
    package convenience init(
        dimensions: Int, metric: Metric, instructionSet: InstructionSet, rows: VectorRows = .float32
    ) throws(StorageError) {
        switch rows {
        case .float32:
            self.init(try VectorMatrix(dimensions: dimensions), metric: metric, instructionSet: instructionSet)
        case .float16:
            let matrix = try HalfMatrix(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
            self.init(matrix, metric: metric, instructionSet: instructionSet)
        }
    }

    /// Whole vectors of 32-bit floats.
    init(_ matrix: VectorMatrix, metric: Metric, instructionSet: InstructionSet) {
        dimensions = matrix.dimensions
        self.metric = metric
        self.instructionSet = instructionSet
        stride = matrix.stride
        capacity = matrix.capacity
        storage = .whole(matrix, matrix.kernel(metric: metric, instructionSet: instructionSet))
        decoded = AlignedBuffer(capacity: 0, zero: 0)
    }

    /// Whole vectors in half precision.
    init(_ matrix: HalfMatrix, metric: Metric, instructionSet: InstructionSet) {
        dimensions = matrix.dimensions
        self.metric = metric
        self.instructionSet = instructionSet
        stride = VectorMatrix.paddedDimensions(dimensions)
        capacity = matrix.capacity
        storage = .half(matrix)
        decoded = AlignedBuffer(capacity: 0, zero: 0)
    }

    /// Codes-only vectors.
    init(_ codesOnly: CodesOnlyVectors, metric: Metric, instructionSet: InstructionSet, capacity: Int) {
        dimensions = codesOnly.codes.quantizer.dimensions
        self.metric = metric
        self.instructionSet = instructionSet
        stride = VectorMatrix.paddedDimensions(dimensions)
        self.capacity = capacity
        storage = .codesOnly(codesOnly)
        decoded = AlignedBuffer(capacity: stride, zero: 0)
    }

    /// Rows that have been written.
    package var count: Int {
        switch storage {
        case .whole(let matrix, _): matrix.count
        case .half(let matrix): matrix.count
        case .codesOnly(let codesOnly): codesOnly.count
        }
    }

    /// Whether vectors are read from codes.
    package var isCodesOnly: Bool { codesOnly != nil }

    private var codesOnly: CodesOnlyVectors? {
        guard case .codesOnly(let codesOnly) = storage else { return nil }
        return codesOnly
    }

    /// Distances to whole vectors, by slot; nil of codes-only ones.
    package var kernel: RowKernel? {
        switch storage {
        case .whole(_, let kernel): .float32(kernel)
        case .half(let matrix): .float16(matrix.kernel)
        case .codesOnly: nil
        }
    }

    /// The oldest version at which results hold whole rows; they copy what is not 32-bit floats.
    package var oldestPin: UInt64? {
        guard case .whole(let matrix, _) = storage else { return nil }
        return matrix.pins.oldest
    }

    /// Bytes of whole rows and of remainders.
    package var usedBytes: Int {
        let rowBytes = stride * MemoryLayout<Float>.stride
        return switch storage {
        case .whole(let matrix, _): matrix.count * rowBytes
        case .half(let matrix): matrix.usedBytes
        case .codesOnly(let codesOnly): codesOnly.usedBytes
        }
    }

    /// Bytes that whole rows and remainders may use before more are asked for.
    package var committedBytes: Int {
        switch storage {
        case .whole(let matrix, _): matrix.committedBytes
        case .half(let matrix): matrix.committedBytes
        case .codesOnly(let codesOnly): codesOnly.committedBytes
        }
    }
}

// MARK: - Writing

extension StoredVectors {
    /// Makes room for `additional` more vectors; `newSlots` of them come to new slots.
    package func ensure(additional: Int, newSlots: Int) throws(StorageError) {
        guard count + newSlots <= capacity else { throw .capacityExceeded(maximum: capacity) }
        switch storage {
        case .whole(let matrix, _): try matrix.ensure(additional: newSlots)
        case .half(let matrix): try matrix.ensure(additional: newSlots)
        case .codesOnly(let codesOnly):
            if newest == nil { newest = try NewestVectors(dimensions: dimensions) }
            try newest?.ensure(additional: additional)
            try codesOnly.ensure(additional: additional, newSlots: newSlots)
        }
    }

    /// Stores the vector of a slot. The slot is the next one, and ``ensure(additional:newSlots:)`` has made room for it, or
    /// one that no reader can reach any longer. The codes of codes-only vectors are in the matrix of codes already.
    package func store(_ vector: UnsafePointer<Float>, at slot: Slot) {
        switch storage {
        case .whole(let matrix, _): matrix.store(vector, at: slot)
        case .half(let matrix): matrix.store(vector, at: slot)
        case .codesOnly(let codesOnly):
            codesOnly.store(vector, at: slot, paddedDimensions: stride, decoded: decoded.base)
            newest?.store(vector, at: slot)
        }
    }

    /// Keeps a codes-only vector of the batch under way whole; nothing reads it yet.
    package func keepWhole(_ slot: Slot) {
        guard let codesOnly, let vector = newest?.row(slot) else { return }
        codesOnly.keep(vector, at: slot)
    }

    /// Codes-only vectors that are kept whole.
    package var keptCount: Int { codesOnly?.keptCount ?? 0 }

    /// Writes zeros over a row that no reader can reach any longer.
    package func erase(_ slot: Slot) {
        switch storage {
        case .whole(let matrix, _): matrix.erase(slot)
        case .half(let matrix): matrix.erase(slot)
        case .codesOnly(let codesOnly): codesOnly.erase(slot)
        }
    }

    /// Forgets the rows from `count` on, which no reader knows of yet, and of codes-only vectors the whole ones from `keptCount` on.
    package func truncate(to count: Int, keptCount: Int) {
        switch storage {
        case .whole(let matrix, _): matrix.truncate(to: count)
        case .half(let matrix): matrix.truncate(to: count)
        case .codesOnly(let codesOnly): codesOnly.truncate(to: count, keptCount: keptCount)
        }
    }

    /// Gives the memory of the newest vectors back to the system.
    package func releaseNewest() { newest = nil }
}

// MARK: - Reading

extension StoredVectors {
    /// Rows that are decoded for one gather: those of a step of re-ranking are not more.
    static var gatherRows: Int { 16 }

    /// The vector of a slot; see ``shared(version:)``.
    package func shared(_ slot: Slot, version: UInt64) -> SharedVector {
        guard case .whole(let matrix, _) = storage else { return shared(version: version)(slot) }
        return SharedVector(matrix.pin(version: version), slot)
    }

    /// The vectors of some slots: shared while they are whole 32-bit floats, else copies.
    ///
    /// - Parameter version: the version of the index that the caller reads.
    package func shared(version: UInt64) -> (Slot) -> SharedVector {
        switch storage {
        case .whole(let matrix, _):
            // One pin for all of them.
            let pin = matrix.pin(version: version)
            return { SharedVector(pin, $0) }
        case .half, .codesOnly:
            let decoded = AlignedBuffer<Float>(capacity: stride, zero: 0)
            return { slot in
                let vector = self.vector(slot.rawValue, space: decoded.base)
                return SharedVector(Array(UnsafeBufferPointer(start: vector, count: self.dimensions)))
            }
        }
    }

    /// What to prefetch of rows.
    package var prefetch: RowPrefetch {
        switch storage {
        case .whole(_, let kernel): kernel.prefetch
        case .half(let matrix): matrix.kernel.prefetch
        case .codesOnly(let codesOnly): codesOnly.codes.kernel.prefetch
        }
    }

    /// The vector of a slot, padded with zeros: in place where it is whole 32-bit floats, else in `space`.
    ///
    /// - Parameter space: room for `stride` floats, to decode or widen the vector to.
    package func vector(_ slot: UInt32, space: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        switch storage {
        case .whole(let matrix, _): return matrix.row(Slot(slot))
        case .half(let matrix):
            matrix.widen(slot, into: space)
            return UnsafePointer(space)
        case .codesOnly(let codesOnly):
            for place in dimensions..<stride { space[place] = 0 }
            codesOnly.decode(slot, paddedDimensions: stride, into: space)
            return UnsafePointer(space)
        }
    }

    /// The distance from a query to the vector of a slot.
    package func distance(from query: UnsafePointer<Float>, to slot: Slot, scratch: inout DecodedRows?) -> Float {
        var distance: Float = 0
        withUnsafePointer(to: slot.rawValue) { slot in
            gather(query, slots: slot, count: 1, into: &distance, scratch: &scratch)
        }
        return distance
    }

    /// `distances[i]` becomes the distance from `query` to the vector of `slots[i]`, for `i < count`.
    package func gather(
        _ query: UnsafePointer<Float>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>, scratch: inout DecodedRows?
    ) {
        switch storage {
        case .whole(_, let kernel): kernel.gather(query, slots: slots, count: count, into: distances)
        case .half(let matrix): matrix.kernel.gather(query, slots: slots, count: count, into: distances)
        case .codesOnly:
            for first in Swift.stride(from: 0, to: count, by: Self.gatherRows) {
                let part = UnsafeBufferPointer(start: slots + first, count: min(Self.gatherRows, count - first))
                rows(part, scratch: &scratch).measure(query, into: distances + first)
            }
        }
    }

    /// The vectors of some slots, ready to be compared; valid until the scratch is used again.
    package func rows(_ slots: UnsafeBufferPointer<UInt32>, scratch: inout DecodedRows?) -> ReadyRows {
        switch storage {
        case .whole(_, let kernel): return ReadyRows(slots: slots, place: .inMatrix(.float32(kernel)))
        case .half(let matrix): return ReadyRows(slots: slots, place: .inMatrix(.float16(matrix.kernel)))
        case .codesOnly(let codesOnly):
            let decoded = decodedRows(slots.count, scratch: &scratch)
            for slot in slots { codesOnly.prefetch(slot) }
            for (i, slot) in slots.enumerated() {
                codesOnly.decode(slot, paddedDimensions: stride, into: decoded.row(i))
            }
            return ReadyRows(slots: slots, place: .decoded(decoded.kernel))
        }
    }

    /// Room for some decoded vectors.
    func decodedRows(_ capacity: Int) -> DecodedRows {
        DecodedRows(capacity: capacity, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
    }

    private func decodedRows(_ count: Int, scratch: inout DecodedRows?) -> DecodedRows {
        if let scratch, scratch.capacity >= count { return scratch }
        let rows = decodedRows(max(count, Self.gatherRows))
        scratch = rows
        return rows
    }
}

/// The vectors of some slots where they can be compared: in their matrix, or decoded to as many rows from 0 on.
package struct ReadyRows {
    enum Place {
        case inMatrix(RowKernel)
        case decoded(Float32Kernel)
    }

    let slots: UnsafeBufferPointer<UInt32>
    let place: Place

    /// `distances[i]` becomes the distance from `query` to the vector of slot i.
    package func measure(_ query: UnsafePointer<Float>, into distances: UnsafeMutablePointer<Float>) {
        guard let base = slots.baseAddress else { return }
        switch place {
        case .inMatrix(let kernel): kernel.gather(query, slots: base, count: slots.count, into: distances)
        case .decoded(let kernel): kernel.scan(query, first: 0, count: slots.count, into: distances)
        }
    }
}
