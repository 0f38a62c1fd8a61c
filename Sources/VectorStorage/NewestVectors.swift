// SPDX-License-Identifier: Apache-2.0

/// Vectors that came last, whole, by their slots.
struct NewestVectors {
    private let matrix: VectorMatrix
    private var rowBySlot: [UInt32: UInt32]

    init(dimensions: Int) throws(StorageError) {
        matrix = try VectorMatrix(dimensions: dimensions)
        rowBySlot = [:]
    }

    /// The rows of a file; nil if it has none.
    init?(dimensions: Int, file: SnapshotFile, slotCount: Int) throws(StorageError) {
        var rowBySlot: [UInt32: UInt32] = [:]
        let count: Int
        do throws(SnapshotError) {
            guard var record = try file.record(.newestSlots) else { return nil }
            let slots = try record.array(UInt32.self)
            try record.finish()
            for (row, slot) in slots.enumerated() where slot != Self.erased {
                guard slot < slotCount, rowBySlot.updateValue(UInt32(row), forKey: slot) == nil else {
                    throw record.malformed("row \(row) is of slot \(slot), which there is not or was before")
                }
            }
            count = slots.count
        } catch {
            throw .snapshot(error)
        }
        self.rowBySlot = rowBySlot
        matrix = try VectorMatrix(dimensions: dimensions, section: .newestVectors, of: file, count: count)
    }

    /// Stands for the slot of a row that is erased.
    private static var erased: UInt32 { .max }

    /// Appends rows and slots to a snapshot.
    func save(to writer: SnapshotWriter) throws(SnapshotError) {
        guard count > 0 else { return }
        var slots = [UInt32](repeating: Self.erased, count: count)
        for (slot, row) in rowBySlot { slots[Int(row)] = slot }
        var record = RecordWriter()
        record.append(slots)
        try matrix.save(to: writer, section: .newestVectors)
        try writer.append(.newestSlots, record)
    }

    /// The vectors that are not erased.
    var pointers: [UnsafePointer<Float>] { rowBySlot.values.map { matrix.row(Slot($0)) } }

    var count: Int { matrix.count }

    var committedBytes: Int { matrix.committedBytes }

    func ensure(additional: Int) throws(StorageError) { try matrix.ensure(additional: additional) }

    mutating func store(_ vector: UnsafePointer<Float>, at slot: Slot) {
        // A slot that is used again keeps its row: nothing is left of the vector before.
        if let row = rowBySlot[slot.rawValue] {
            matrix.store(vector, at: Slot(row))
        } else {
            rowBySlot[slot.rawValue] = matrix.append(vector).rawValue
        }
    }

    func row(_ slot: Slot) -> UnsafePointer<Float>? { rowBySlot[slot.rawValue].map { matrix.row(Slot($0)) } }

    mutating func erase(_ slot: Slot) {
        if let row = rowBySlot.removeValue(forKey: slot.rawValue) { matrix.erase(Slot(row)) }
    }

    /// Forgets the rows from `count` on.
    mutating func truncate(to count: Int) {
        rowBySlot = rowBySlot.filter { $0.value < UInt32(count) }
        for row in count..<max(count, matrix.count) { matrix.erase(Slot(UInt32(row))) }
        matrix.truncate(to: min(count, matrix.count))
    }
}
