// SPDX-License-Identifier: Apache-2.0

import Synchronization
import VectorStorage

/// One bit a slot. Clear: visible to searches of the current version. Set: read the lifetime. A sixtieth of the lifetimes' size, so
/// it stays in cache.
struct LifetimeHints {
    private let tensor: Tensor<UInt64>

    init(capacity: Int, source: TensorSource, slotCount: Int) throws(StorageError) {
        tensor = try source.tensor(
            .lifetimeHints, stride: 1, capacity: Self.words(capacity), rows: Self.words(slotCount))
    }

    /// Words that hold the bits of `slotCount` slots.
    private static func words(_ slotCount: Int) -> Int { (slotCount + 63) / 64 }

    func ensure(rows: Int) throws(StorageError) { try tensor.ensure(rows: Self.words(rows)) }

    func save(to writer: SnapshotWriter, slotCount: Int) throws(SnapshotError) {
        try writer.append(.lifetimeHints, tensor, rows: Self.words(slotCount))
    }

    private func word(_ node: Node) -> UnsafeMutablePointer<Atomic<UInt64>> {
        // SAFETY: an atomic has the layout of its value.
        UnsafeMutableRawPointer(tensor.base + Int(node.rawValue / 64)).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    func contains(_ node: Node) -> Bool {
        word(node).pointee.load(ordering: .acquiring) >> UInt64(node.rawValue % 64) & 1 == 1
    }

    /// Only the writer changes bits.
    func insert(_ node: Node) {
        let word = word(node)
        let bits = word.pointee.load(ordering: .relaxed) | 1 << UInt64(node.rawValue % 64)
        word.pointee.store(bits, ordering: .releasing)
    }

    func remove(_ node: Node) {
        let word = word(node)
        let bits = word.pointee.load(ordering: .relaxed) & ~(1 << UInt64(node.rawValue % 64))
        word.pointee.store(bits, ordering: .releasing)
    }
}
