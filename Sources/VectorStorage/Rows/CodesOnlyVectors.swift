// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import Synchronization

/// Vectors that are kept as codes only: those of a ``CodeMatrix`` and, where they have 4 bits, remainders of 4 more. A
/// vector that codes do not reproduce well enough is kept whole.
///
/// A row is written before its slot is published and does not change while anyone can read it.
package final class CodesOnlyVectors: @unchecked Sendable {
    // SAFETY: rows are written by one thread at a time, which the owning index's writer lock ensures, and only such as no
    // reader can know of. `keptRows` and `freeRows` belong to that thread.

    package let codes: CodeMatrix

    private let storedCount = Atomic(0)

    /// Rows of ``RowQuantizer/remainderBytes``, not padded; without memory where there are none.
    private let remainders: Tensor<UInt8>

    /// Vectors that are kept whole. A row's terms say which is its.
    private let kept: VectorMatrix

    /// The row of `kept` that each slot with a whole vector has; nil until ``findKeptRows()`` reads it from the terms.
    private var keptRows: [UInt32: UInt32]? = [:]

    /// Rows of `kept` that no slot has, if ``keptRows`` is known.
    private var freeRows: [UInt32] = []

    private var quantizer: RowQuantizer { codes.quantizer }

    /// The share of its length by which a vector that is read from its codes may be off: `|x - x'| <= tolerance * |x|`. Codes of 4
    /// bits with their remainders are off by .007 to .010 where values are distributed about normally, codes of 8 bits by .006.
    package static var tolerance: Float { 0.02 }

    /// - Parameter rows: the most rows that there can be.
    package convenience init(codes: CodeMatrix, rows: Int) throws(StorageError) {
        try self.init(
            codes: codes, rows: rows, source: .fresh, kept: VectorMatrix(dimensions: codes.quantizer.dimensions))
    }

    /// The rows of a file, as many as codes.
    package convenience init(codes: CodeMatrix, rows: Int, file: SnapshotFile) throws(StorageError) {
        let dimensions = codes.quantizer.dimensions
        let rowBytes = VectorMatrix.paddedDimensions(dimensions) * MemoryLayout<Float>.stride
        let kept = try VectorMatrix(
            dimensions: dimensions, section: .keptVectors, of: file, count: file.length(.keptVectors) / rowBytes)
        try self.init(codes: codes, rows: rows, source: .file(file), kept: kept)
        storedCount.store(codes.count, ordering: .releasing)
        keptRows = nil
    }

    private init(codes: CodeMatrix, rows: Int, source: TensorSource, kept: VectorMatrix) throws(StorageError) {
        let bytes = codes.quantizer.remainderBytes
        self.codes = codes
        self.kept = kept
        remainders = try source.tensor(
            .remainders, stride: max(bytes, 1), capacity: rows, rows: bytes > 0 ? codes.count : 0)
    }

    /// Appends remainders and whole vectors to a snapshot; the codes are their matrix's.
    package func save(to writer: SnapshotWriter) throws(SnapshotError) {
        if quantizer.remainderBytes > 0 { try writer.append(.remainders, remainders, rows: count) }
        try kept.save(to: writer, section: .keptVectors)
    }

    /// Bytes of the remainders and of whole vectors; the codes are counted by their matrix.
    package var usedBytes: Int {
        count * quantizer.remainderBytes + kept.count * kept.stride * MemoryLayout<Float>.stride
    }

    package var committedBytes: Int { remainders.committedBytes + kept.committedBytes }

    /// Vectors that are kept whole, removed ones included.
    package var keptCount: Int { kept.count }

    /// Makes room for `additional` more vectors; `newSlots` of them come to new slots.
    package func ensure(additional: Int, newSlots: Int) throws(StorageError) {
        try kept.ensure(additional: additional)
        guard quantizer.remainderBytes > 0 else { return }
        try remainders.ensure(rows: count + newSlots)
    }

    /// Rows that have been written.
    package var count: Int { storedCount.load(ordering: .acquiring) }

    /// Takes in the vector of a slot, whose codes are in the matrix already: the next, for which ``ensure(additional:newSlots:)`` has
    /// made room, or one that no reader can reach any longer.
    ///
    /// - Parameter decoded: room for a vector.
    package func store(
        _ vector: UnsafePointer<Float>, at slot: Slot, paddedDimensions: Int, decoded: UnsafeMutablePointer<Float>
    ) {
        precondition(slot.index <= count && slot.index < codes.count)
        // SAFETY: `ensure` made the row usable; it lies outside every row that a reader knows. Without remainders none is written.
        quantizer.encodeRemainders(
            of: vector, row: codes.kernel.row(slot.rawValue), into: remainders.row(slot.index))
        if slot.index == count {
            storedCount.store(slot.index + 1, ordering: .releasing)
        } else {
            releaseKeptRow(of: slot)
        }
        decode(slot.rawValue, paddedDimensions: paddedDimensions, into: decoded)
        var error: Float = 0
        var length: Float = 0
        for d in 0..<quantizer.dimensions {
            error += (vector[d] - decoded[d]) * (vector[d] - decoded[d])
            length += vector[d] * vector[d]
        }
        let fits = error <= Self.tolerance * Self.tolerance * length
        if !fits { keep(vector, at: slot) }
    }

    /// Keeps the vector of a slot whole. There must be room for it, and no reader may reach it yet.
    package func keep(_ vector: UnsafePointer<Float>, at slot: Slot) {
        guard keptRow(slot.rawValue) == nil else { return }
        if keptRows == nil { findKeptRows() }
        let row = freeRows.popLast() ?? UInt32(kept.count)
        keptRows?[slot.rawValue] = row
        kept.store(vector, at: Slot(row))
        codes.setKept(row, at: slot)
    }

    /// Frees the row of a slot's former whole vector. No reader can know of it.
    private func releaseKeptRow(of slot: Slot) {
        if let row = keptRows?.removeValue(forKey: slot.rawValue) { freeRows.append(row) }
    }

    /// Reads from the terms which slot has which row of `kept`. Rows that no slot has are free.
    ///
    /// Two slots of an unverified file may name the same row. It then belongs to neither, so neither frees it.
    private func findKeptRows() {
        var found: [UInt32: UInt32] = [:]
        var sharedRows: Set<UInt32> = []
        var isFree = [Bool](repeating: true, count: kept.count)
        for slot in 0..<UInt32(count) {
            guard let row = keptRow(slot) else { continue }
            if !isFree[Int(row)] { sharedRows.insert(row) }
            found[slot] = row
            isFree[Int(row)] = false
        }
        keptRows = sharedRows.isEmpty ? found : found.filter { !sharedRows.contains($0.value) }
        freeRows = isFree.indices.filter { isFree[$0] }.map { UInt32($0) }
    }

    /// The whole vector of a slot; nil if only its codes are kept. A file that is not verified may name a row that does not
    /// exist.
    private func keptRow(_ slot: UInt32) -> UInt32? {
        guard let row = codes.kernel.row(slot).keptRow, row < kept.count else { return nil }
        return row
    }

    /// Writes zeros over a row that no reader can reach any longer.
    package func erase(_ slot: Slot) {
        if let row = keptRow(slot.rawValue) {
            kept.erase(Slot(row))
            releaseKeptRow(of: slot)
        }
        guard quantizer.remainderBytes > 0 else { return }
        remainders.row(slot.index).update(repeating: 0, count: remainders.stride)
    }

    /// Forgets the rows from `count` on, which no reader knows of yet, and the whole vectors from `keptCount` on.
    package func truncate(to count: Int, keptCount: Int) {
        storedCount.store(count, ordering: .releasing)
        for row in keptCount..<max(keptCount, kept.count) { kept.erase(Slot(UInt32(row))) }
        kept.truncate(to: min(keptCount, kept.count))
        keptRows = nil
    }

    /// Whether two vectors are stored as the same.
    func areEqual(_ a: Slot, _ b: Slot) -> Bool {
        let (x, y) = (remainders.row(a.index), remainders.row(b.index))
        return codes.areEqual(a, b) && (0..<quantizer.remainderBytes).allSatisfy { x[$0] == y[$0] }
    }

    /// Asks the memory system for the row of a slot.
    func prefetch(_ slot: UInt32) {
        let rows = codes.kernel.prefetch
        DistanceKernels.prefetch(rows.rows + Int(slot) &* rows.stride, lines: rows.lines)
        guard quantizer.remainderBytes > 0 else { return }
        DistanceKernels.prefetch(remainders.row(Int(slot)), lines: (quantizer.remainderBytes + 63) / 64)
    }

    /// Writes the vector of a slot, and nothing behind its last value.
    ///
    /// - Parameter paddedDimensions: floats of `vector`; zeros behind the last value.
    func decode(_ slot: UInt32, paddedDimensions: Int, into vector: UnsafeMutablePointer<Float>) {
        if let row = keptRow(slot) {
            vector.update(from: kept.row(Slot(row)), count: quantizer.dimensions)
        } else {
            quantizer.decode(
                codes.kernel.row(slot), remainders: remainders.row(Int(slot)), paddedDimensions: paddedDimensions,
                into: vector)
        }
    }

    /// Throws if a whole vector could not have been inserted, or if two slots have the same one.
    func verifyKept(isStorable: (UnsafePointer<Float>) -> Bool) throws(SnapshotError) {
        guard (0..<UInt32(kept.count)).allSatisfy({ isStorable(kept.row(Slot($0))) }) else {
            throw .malformed(section: SnapshotSection.keptVectors.name, reason: "a vector has no length")
        }
        var isTaken = [Bool](repeating: false, count: kept.count)
        for slot in 0..<UInt32(count) {
            guard let row = codes.kernel.row(slot).keptRow else { continue }
            guard row < kept.count, !isTaken[Int(row)] else {
                let fault = row < kept.count ? "that another slot has" : "of \(kept.count)"
                throw .malformed(
                    section: SnapshotSection.codes.name, reason: "slot \(slot) has whole vector \(row) \(fault)")
            }
            isTaken[Int(row)] = true
        }
    }
}
