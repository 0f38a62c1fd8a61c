// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

extension StoredVectors {
    /// Some of the vectors.
    package func sample(_ slots: [UInt32]) -> VectorSample {
        if case .whole(let matrix, let kernel) = storage {
            return VectorSample(slots: slots, rows: slots, kernel: kernel, owner: matrix)
        }
        let copies = decodedRows(slots.count)
        for (i, slot) in slots.enumerated() { copy(slot, into: copies.row(i)) }
        return VectorSample(slots: slots, rows: Array(0..<UInt32(slots.count)), kernel: copies.kernel, owner: copies)
    }

    /// Calls `body` with every vector in the order of slots.
    package func forEachVector(_ body: (Slot, UnsafePointer<Float>) -> Void) {
        let decoded = AlignedBuffer<Float>(capacity: stride, zero: 0)
        for slot in 0..<UInt32(count) {
            body(Slot(slot), vector(slot, space: decoded.base))
        }
    }

    /// Whether two vectors whose hashes are equal are the same: to the bit where they are whole, else as they are stored.
    package func areEqual(_ a: Slot, _ b: Slot) -> Bool {
        switch storage {
        case .whole(let matrix, _): matrix.areEqual(a, b)
        case .half(let matrix): matrix.areEqual(a, b)
        case .codesOnly(let codesOnly): codesOnly.areEqual(a, b)
        }
    }

    /// Calls `body` with a vector of the batch under way as it is, or with any other as it is stored; for the writer.
    package func withNewest<Result>(
        _ slot: Slot, space: UnsafeMutablePointer<Float>, _ body: (UnsafePointer<Float>) -> Result
    ) -> Result {
        body(newest?.row(slot) ?? vector(slot.rawValue, space: space))
    }

    /// Writes a vector.
    private func copy(_ slot: UInt32, into target: UnsafeMutablePointer<Float>) {
        let vector = vector(slot, space: target)
        if vector != UnsafePointer(target) { target.update(from: vector, count: stride) }
    }

    /// The vectors as codes only. The matrix has the codes of every row. Vectors that codes do not reproduce are kept whole.
    ///
    /// - Parameter kept: slots whose vectors are to be kept whole as well.
    package func codesOnly(by codes: CodeMatrix, keeping kept: [UInt32]) throws(StorageError) -> StoredVectors {
        let codesOnly = try CodesOnlyVectors(codes: codes, rows: capacity)
        let decoded = AlignedBuffer<Float>(capacity: stride, zero: 0)
        let space = AlignedBuffer<Float>(capacity: stride, zero: 0)
        // Room for as many whole vectors as there may be, but of a few at a time: mostly there are none.
        for first in Swift.stride(from: 0, to: count, by: 64) {
            let part = first..<min(first + 64, count)
            try codesOnly.ensure(additional: part.count, newSlots: part.count)
            for slot in part {
                let vector = vector(UInt32(slot), space: space.base)
                codesOnly.store(vector, at: Slot(UInt32(slot)), paddedDimensions: stride, decoded: decoded.base)
            }
        }
        try codesOnly.ensure(additional: kept.count, newSlots: 0)
        for slot in kept { codesOnly.keep(vector(slot, space: space.base), at: Slot(slot)) }
        return StoredVectors(codesOnly, metric: metric, instructionSet: instructionSet, capacity: capacity)
    }
}
