// SPDX-License-Identifier: Apache-2.0

import Synchronization
import VectorStorage

/// A state of the graph. Every committed change makes the next.
///
/// Slots keep only the lower 32 bits of the number, its short form, which is read relative to the current version. Numbers whose
/// short form is 0 or 1 are left out: these stand for "before every search".
package struct GraphVersion: Hashable, Comparable, Sendable {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    /// The version of an empty graph.
    package static let first = GraphVersion(UInt64(Lifetime.firstVersion))

    var next: GraphVersion {
        let next = GraphVersion(number + 1)
        return next.short < Lifetime.firstVersion ? GraphVersion(number + 1 + UInt64(Lifetime.firstVersion)) : next
    }

    var short: UInt32 { UInt32(truncatingIfNeeded: number) }

    package static func < (a: GraphVersion, b: GraphVersion) -> Bool { a.number < b.number }
}

/// The versions that hold a slot's vector: from `born` on, before `died`.
struct Lifetime: Equatable {
    var born: UInt32
    var died: UInt32

    /// As `born` and `died`: before every version that is still searched.
    static let everBorn: UInt32 = 0
    static let everDead: UInt32 = 1

    /// As `died`: not yet.
    static let notDied: UInt32 = 0

    /// The least number that is a version.
    static let firstVersion: UInt32 = 2

    func contains(_ version: UInt32) -> Bool {
        guard born == Self.everBorn || Int32(bitPattern: version &- born) >= 0 else { return false }
        return died == Self.notDied || died != Self.everDead && Int32(bitPattern: version &- died) < 0
    }

    /// Whether it has begun and not ended.
    func isOpen(at version: UInt32) -> Bool {
        died == Self.notDied && (born == Self.everBorn || version &- born < Self.largestAge)
    }

    /// Whether it has ended for good.
    func hasEnded(by version: UInt32) -> Bool {
        died == Self.everDead || died != Self.notDied && version &- died < Self.largestAge
    }

    /// Above the age of any birth or death that ``aged(at:)`` has not yet replaced.
    private static let largestAge: UInt32 = 1 << 30

    /// Versions after which births and deaths become `everBorn` and `everDead`, long before 32-bit differences wrap.
    static let agingPeriod: UInt64 = 1 << 29

    /// The same lifetime, written so that it stays right for the next 2^30 versions.
    func aged(at version: UInt32) -> Lifetime {
        var aged = self
        if born != Self.everBorn, version &- born >= UInt32(Self.agingPeriod / 2) { aged.born = Self.everBorn }
        if died > Self.everDead, version &- died >= UInt32(Self.agingPeriod / 2) { aged.died = Self.everDead }
        return aged
    }
}

/// What searches read of each slot besides its edges: its lifetime, and the next slot with the same vector.
struct NodeStates {
    private let tensor: Tensor<UInt32>

    /// Words of a slot: `born`, `died`, and 1 + the next slot with the same vector, or 0.
    private static var words: Int { 3 }

    init(capacity: Int, source: TensorSource, slotCount: Int) throws(StorageError) {
        tensor = try source.tensor(.states, stride: Self.words, capacity: capacity, rows: slotCount)
    }

    func save(to writer: SnapshotWriter, slotCount: Int) throws(SnapshotError) {
        try writer.append(.states, tensor, rows: slotCount)
    }

    static var bytesPerSlot: Int { words * MemoryLayout<UInt32>.stride }

    func ensure(rows: Int) throws(StorageError) { try tensor.ensure(rows: rows) }

    private func word(_ slot: Slot, _ word: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
        let index: Int = Int(slot.rawValue) &* Self.words &+ word
        // SAFETY: an atomic has the layout of its value.
        return UnsafeMutableRawPointer(tensor.base + index).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    /// A slot's lifetime: `born` changes only while no search can know the slot.
    func lifetime(_ slot: Slot) -> Lifetime {
        // The death is read first and written last: a thread that reads a death also reads the birth that belongs to it.
        let died = word(slot, 1).pointee.load(ordering: .acquiring)
        return Lifetime(born: word(slot, 0).pointee.load(ordering: .relaxed), died: died)
    }

    func setLifetime(_ lifetime: Lifetime, of slot: Slot) {
        word(slot, 0).pointee.store(lifetime.born, ordering: .relaxed)
        word(slot, 1).pointee.store(lifetime.died, ordering: .releasing)
    }

    /// The next slot with the same vector.
    func next(_ slot: Slot) -> Slot? {
        let stored = word(slot, 2).pointee.load(ordering: .acquiring)
        return stored == 0 ? nil : Slot(bits: stored - 1)
    }

    func setNext(_ next: Slot?, of slot: Slot) {
        word(slot, 2).pointee.store(next.map { $0.rawValue + 1 } ?? 0, ordering: .releasing)
    }
}
