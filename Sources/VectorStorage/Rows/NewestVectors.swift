// SPDX-License-Identifier: Apache-2.0

/// The vectors of the batch under way, whole, by their slots.
struct NewestVectors {
    private let matrix: VectorMatrix
    private var rowBySlot: [UInt32: UInt32] = [:]

    init(dimensions: Int) throws(StorageError) { matrix = try VectorMatrix(dimensions: dimensions) }

    func ensure(additional: Int) throws(StorageError) { try matrix.ensure(additional: additional) }

    mutating func store(_ vector: UnsafePointer<Float>, at slot: Slot) {
        rowBySlot[slot.rawValue] = matrix.append(vector).rawValue
    }

    func row(_ slot: Slot) -> UnsafePointer<Float>? { rowBySlot[slot.rawValue].map { matrix.row(Slot($0)) } }
}
