// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import Synchronization

/// The codes of an index's vectors: row s is the codes of slot s, in whole cache lines, with their terms.
///
/// A row is written before its slot is published and does not change while a search can read it; other codes are another matrix.
package final class CodeMatrix: @unchecked Sendable {
    // SAFETY: rows are written by one thread at a time, which the owning index's writer lock ensures, and only such as no
    // reader can know of: new ones, and those of vectors removed before every search under way began.

    /// What rounds vectors to these codes.
    package let quantizer: RowQuantizer

    /// Distances to the rows.
    package let kernel: CodeKernel

    private let layout: CodeRowLayout
    private let storedCount = Atomic(0)
    private let codes: Tensor<UInt8>

    /// Terms that lie in no row; nil if all do.
    private let terms: Tensor<UInt8>?

    /// - Parameter rows: the most rows that there can be.
    package convenience init(quantizer: RowQuantizer, instructionSet: InstructionSet, rows: Int) throws(StorageError) {
        try self.init(quantizer: quantizer, rows: rows, source: .fresh, count: 0)
    }

    /// The `count` rows of a file.
    package convenience init(
        quantizer: RowQuantizer, instructionSet: InstructionSet, rows: Int, file: SnapshotFile, count: Int
    ) throws(StorageError) {
        try self.init(quantizer: quantizer, rows: rows, source: .file(file), count: count)
        storedCount.store(count, ordering: .releasing)
    }

    private init(
        quantizer: RowQuantizer, rows: Int, source: TensorSource, count: Int
    ) throws(StorageError) {
        self.quantizer = quantizer
        layout = CodeRowLayout(quantizer.codes, dimensions: quantizer.dimensions)
        let codes: Tensor<UInt8> = try source.tensor(.codes, stride: layout.stride, capacity: rows, rows: count)
        let terms: Tensor<UInt8>? =
            layout.termsAreInRows
            ? nil : try source.tensor(.codeTerms, stride: CodeRowLayout.termsBytes, capacity: rows, rows: count)
        self.codes = codes
        self.terms = terms
        kernel = CodeKernel(
            quantizer, codes: UnsafePointer(codes.base),
            terms: UnsafePointer(terms?.base ?? codes.base + (layout.termsOffset ?? 0)), layout: layout)
    }

    /// Appends the rows to a snapshot.
    package func save(to writer: SnapshotWriter) throws(SnapshotError) {
        try writer.append(.codes, codes, rows: count)
        if let terms { try writer.append(.codeTerms, terms, rows: count) }
    }

    /// Throws unless every row of a file has terms that a vector can have.
    package func verifyTerms() throws(SnapshotError) {
        let section: SnapshotSection = terms == nil ? .codes : .codeTerms
        for slot in 0..<UInt32(count) where !kernel.row(slot).hasRange {
            throw .malformed(section: section.name, reason: "slot \(slot) has no range")
        }
    }

    package var committedBytes: Int { codes.committedBytes + (terms?.committedBytes ?? 0) }

    /// Bytes that the rows and their terms use.
    package var usedBytes: Int { count * (layout.stride + (terms == nil ? 0 : CodeRowLayout.termsBytes)) }

    /// Makes room for `additional` more rows.
    package func ensure(additional: Int) throws(StorageError) {
        try codes.ensure(rows: count + additional)
        try terms?.ensure(rows: count + additional)
    }

    /// Rows that have been written.
    package var count: Int { storedCount.load(ordering: .acquiring) }

    /// Encodes `vector` to the row of a slot. The slot is the next one, and ``ensure(additional:)`` has made room for it, or
    /// one that no reader can reach any longer.
    package func store(_ vector: UnsafePointer<Float>, at slot: Slot) {
        precondition(slot.index <= count)
        // SAFETY: `ensure` made the row usable; it lies outside every row that a reader knows.
        quantizer.encode(vector, into: codes.row(slot.index), terms: termsAddress(slot))
        if slot.index == count { storedCount.store(slot.index + 1, ordering: .releasing) }
    }

    private func termsAddress(_ slot: Slot) -> UnsafeMutableRawPointer {
        if let terms { return UnsafeMutableRawPointer(terms.row(slot.index)) }
        return UnsafeMutableRawPointer(codes.row(slot.index) + (layout.termsOffset ?? 0))
    }

    /// Encodes `vector` to the next row.
    package func append(_ vector: UnsafePointer<Float>) { store(vector, at: Slot(UInt32(count))) }

    /// Whether two rows are the same to the bit.
    package func areEqual(_ a: Slot, _ b: Slot) -> Bool {
        let bytes = quantizer.codes.byteCount(dimensions: quantizer.dimensions)
        let (x, y) = (codes.row(a.index), codes.row(b.index))
        return kernel.row(a.rawValue).hasRange(of: kernel.row(b.rawValue))
            && (0..<bytes).allSatisfy { x[$0] == y[$0] }
    }

    /// Records that a row's vector is kept whole, and under which index. No reader may reach the row yet.
    func setKept(_ index: UInt32, at slot: Slot) { CodedRow.setKept(index, terms: termsAddress(slot)) }

    /// Writes zeros over a row that no reader can reach any longer.
    package func erase(_ slot: Slot) {
        precondition(slot.index < count)
        codes.row(slot.index).update(repeating: 0, count: codes.stride)
        terms?.row(slot.index).update(repeating: 0, count: CodeRowLayout.termsBytes)
    }

    /// Forgets the rows from `count` on, which no reader knows of yet.
    package func truncate(to count: Int) {
        precondition(count <= self.count)
        storedCount.store(count, ordering: .releasing)
    }
}
