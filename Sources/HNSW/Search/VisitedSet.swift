// SPDX-License-Identifier: Apache-2.0

/// The nodes that a search has seen: a 16-bit stamp a slot, so that emptying the set is one increment.
struct VisitedSet: ~Copyable {
    private var stamps: UnsafeMutablePointer<UInt16>
    private var capacity: Int
    private var stamp: UInt16 = 0

    init() {
        capacity = 0
        stamps = .allocate(capacity: 1)
    }

    deinit { stamps.deallocate() }

    /// Empties the set and makes room for slots `0..<slotCount`.
    mutating func reset(slotCount: Int) {
        if slotCount > capacity {
            stamps.deallocate()
            // Room for growth: an index that is being filled would otherwise allocate at every search.
            capacity = slotCount + slotCount / 2 + 64
            stamps = .allocate(capacity: capacity)
            stamps.initialize(repeating: 0, count: capacity)
            stamp = 0
        }
        if stamp == .max {
            stamps.update(repeating: 0, count: capacity)
            stamp = 0
        }
        stamp += 1
    }

    /// Adds a node; false if it was there.
    mutating func insert(_ node: Node) -> Bool { marks.insert(node) }

    /// The set until it is next emptied, for a loop. Without this copy the compiler reads the set's fields anew after each atomic
    /// load.
    var marks: VisitedMarks { VisitedMarks(stamps: stamps, stamp: stamp) }
}

/// The memory of a ``VisitedSet``, as plain values.
struct VisitedMarks {
    fileprivate let stamps: UnsafeMutablePointer<UInt16>
    fileprivate let stamp: UInt16

    /// Adds a node; false if it was there.
    func insert(_ node: Node) -> Bool {
        let place = stamps + node.index
        let isNew = place.pointee != stamp
        place.pointee = stamp
        return isNew
    }
}
