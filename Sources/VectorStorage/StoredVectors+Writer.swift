// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

extension StoredVectors {
    /// Some of the vectors, the newest as they are and not decoded.
    package func sample(_ slots: [UInt32]) -> VectorSample {
        if case .whole(let matrix, let kernel) = storage {
            return VectorSample(slots: slots, rows: slots, kernel: kernel, owner: matrix)
        }
        let copies = DecodedRows(
            capacity: slots.count, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        for (i, slot) in slots.enumerated() { copy(slot, into: copies.row(i)) }
        return VectorSample(slots: slots, rows: Array(0..<UInt32(slots.count)), kernel: copies.kernel, owner: copies)
    }

    /// Calls `body` with every row in the order of slots, the newest as they are and not decoded.
    package func forEachVector(_ body: (Slot, UnsafePointer<Float>) -> Void) {
        let decoded = AlignedBuffer<Float>(capacity: stride, zero: 0)
        for slot in 0..<UInt32(count) {
            if case .whole(let matrix, _) = storage {
                body(Slot(slot), matrix.row(Slot(slot)))
            } else {
                copy(slot, into: decoded.base)
                body(Slot(slot), UnsafePointer(decoded.base))
            }
        }
    }

    /// Whether two vectors whose hashes are equal are the same, to the bit where they are whole; else no value may differ by more
    /// than a step, since codes that were learnt anew round what the old ones had rounded.
    package func areEqual(_ a: Slot, _ b: Slot) -> Bool {
        switch storage {
        case .whole(let matrix, _): return matrix.areEqual(a, b)
        case .compact(let compact):
            let decoded = AlignedBuffer<Float>(capacity: 2 * stride, zero: 0)
            compact.decode(a.rawValue, paddedDimensions: stride, into: decoded.base)
            compact.decode(b.rawValue, paddedDimensions: stride, into: decoded.base + stride)
            let step = compact.decoder.quantizer.scale
            return (0..<dimensions).allSatisfy { abs(decoded.base[$0] - decoded.base[stride + $0]) <= step }
        }
    }

    /// Writes a vector, as it is if it is whole.
    private func copy(_ slot: UInt32, into target: UnsafeMutablePointer<Float>) {
        switch storage {
        case .whole(let matrix, _): target.update(from: matrix.row(Slot(slot)), count: stride)
        case .compact(let compact):
            if let row = newest?.row(Slot(slot)) {
                target.update(from: row, count: stride)
            } else {
                compact.decode(slot, paddedDimensions: stride, into: target)
            }
        }
    }

    /// The vectors by codes, of which the matrix has every row's, and none of them whole.
    package func compacted(by codes: CodeMatrix) throws(StorageError) -> StoredVectors {
        let decoder = VectorDecoder(codes.quantizer, metric: metric, instructionSet: instructionSet)
        let compact = try CompactVectors(codes: codes, decoder: decoder, rows: capacity)
        try compact.ensure(additional: count)
        forEachVector { compact.store($1, at: $0) }
        return StoredVectors(
            compact, newest: nil, metric: metric, instructionSet: instructionSet, capacity: capacity)
    }

    /// The vectors whole: decoded, but for the newest.
    package func whole() throws(StorageError) -> StoredVectors {
        let matrix = try VectorMatrix(dimensions: dimensions)
        try matrix.ensure(additional: count)
        forEachVector { matrix.store($1, at: $0) }
        return StoredVectors(matrix, metric: metric, instructionSet: instructionSet)
    }
}
