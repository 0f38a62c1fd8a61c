// SPDX-License-Identifier: Apache-2.0

import Synchronization
import VectorStorage

/// A hierarchical navigable small-world graph over the rows of a matrix (Malkov & Yashunin, "Efficient and robust approximate
/// nearest neighbor search using Hierarchical Navigable Small World graphs", 2016).
///
/// Departures from the paper:
/// 1. Levels come from a hash of (seed, slot), so that they do not depend on the order of arrival.
/// 2. A batch is linked in two phases. Any number of threads gives the same result (``GraphWriter+Insert``).
/// 3. Equal vectors share one node. The slots of the others hang on it as duplicates and are never linked (``DuplicateSets``). If
///    the node's own vector is removed, a duplicate's vector moves to the node's slot (``GraphWriter+Vacate``).
/// 4. Nodes that no path reaches are attached again (``GraphWriter+Repair``).
/// 5. The node of a removed vector still routes and is no result. A sweep unlinks it later (``GraphWriter+Sweep``), and its slot is
///    reused.
///
/// One ``GraphWriter`` changes the graph, with its own threads, while other threads search. A search takes a ``GraphView`` first,
/// and finds what that version holds. It may read a row while the writer changes it: each place of the row then holds the old or
/// the new neighbor. The places behind the last neighbor hold ``endOfRow``.
///
/// The writer fills a slot before it writes an edge to it. It overwrites the slot only when every search has ended that may have
/// seen an edge to it.
package final class HNSWGraph: @unchecked Sendable {
    // SAFETY: what searches read and the writer changes is atomic. A graph has one ``GraphWriter``, and only that changes it.

    package let parameters: HNSWParameters

    /// Level 0: a row a slot.
    let baseNeighbors: Tensor<Node>

    /// Levels 1 and up: the rows of one node follow one another, level 1 first.
    let upperNeighbors: Tensor<Node>

    /// The node's first row in `upperNeighbors`; meaningless for a node that is on level 0 only.
    let firstUpperRow: Tensor<UInt32>

    /// The highest level of each node.
    let levels: Tensor<UInt8>

    let states: NodeStates

    /// The entry point and the top level.
    private let entry = Atomic<UInt64>(.max)
    private let slots = Atomic(0)
    private let nodes = Atomic(0)
    private let upperRows = Atomic(0)
    private let committed: Atomic<UInt64>

    /// Holds tombstones and pending nodes.
    let lifetimeHints: LifetimeHints

    /// What the places behind a row's last neighbor hold.
    static var endOfRow: Node { Node(rawValue: .max) }

    /// With M = 2, about one of 2^30 nodes would draw this level or a higher one. No higher level is needed.
    static var maximumLevel: Int { 30 }

    /// The graph that a record describes.
    init(
        parameters: HNSWParameters, capacity: Int, record: GraphRecord, source: TensorSource
    ) throws(StorageError) {
        let slotCount = record.slotCount
        // Made before any is stored: if one fails, nothing is half initialized.
        let base: Tensor<Node> = try source.tensor(
            .baseNeighbors, stride: Self.rowStride(parameters.maximumNeighbors(level: 0)), capacity: capacity,
            rows: slotCount)
        let upper: Tensor<Node> = try source.tensor(
            .upperNeighbors, stride: Self.rowStride(parameters.maximumNeighbors(level: 1)), capacity: capacity,
            rows: record.upperRowCount)
        let firstRows: Tensor<UInt32> = try source.tensor(
            .firstUpperRows, stride: 1, capacity: capacity, rows: slotCount)
        let levels: Tensor<UInt8> = try source.tensor(.levels, stride: 1, capacity: capacity, rows: slotCount)
        let states = try NodeStates(capacity: capacity, source: source, slotCount: slotCount)
        let lifetimeHints = try LifetimeHints(capacity: capacity, source: source, slotCount: slotCount)
        self.parameters = parameters
        baseNeighbors = base
        upperNeighbors = upper
        firstUpperRow = firstRows
        self.levels = levels
        self.states = states
        self.lifetimeHints = lifetimeHints
        committed = Atomic(record.version.number)
        setEntryPoint(record.entryPoint, level: record.topLevel)
        self.slotCount = slotCount
        nodeCount = record.nodeCount
        upperRowCount = record.upperRowCount
    }

    /// Slots that the graph has ever used: nodes, duplicates, retired and free slots.
    package internal(set) var slotCount: Int {
        get { slots.load(ordering: .acquiring) }
        set { slots.store(newValue, ordering: .releasing) }
    }

    /// All slots that the graph has ever used.
    var allSlots: some Collection<Slot> { (0..<UInt32(slotCount)).lazy.map { Slot(bits: $0) } }

    /// Nodes of the graph.
    package internal(set) var nodeCount: Int {
        get { nodes.load(ordering: .relaxed) }
        set { nodes.store(newValue, ordering: .relaxed) }
    }

    /// Rows of the upper levels that belong to slots.
    var upperRowCount: Int {
        get { upperRows.load(ordering: .relaxed) }
        set { upperRows.store(newValue, ordering: .relaxed) }
    }

    /// The current version: the last that was committed.
    package var version: GraphVersion { GraphVersion(committed.load(ordering: .sequentiallyConsistent)) }

    /// Where every search begins, a node on the top level; nil in an empty graph.
    var entryPoint: Node? { Self.entry(entry.load(ordering: .acquiring))?.node }

    var topLevel: Int { Self.entry(entry.load(ordering: .acquiring))?.level ?? 0 }

    func setEntryPoint(_ node: Node?, level: Int) {
        entry.store(node.map { UInt64($0.rawValue) << 8 | UInt64(level) } ?? .max, ordering: .releasing)
    }

    private static func entry(_ stored: UInt64) -> (node: Node, level: Int)? {
        stored == .max ? nil : (Node(rawValue: UInt32(truncatingIfNeeded: stored >> 8)), Int(stored & 255))
    }

    /// What a search that begins now may see. The caller has announced the version, so that no slot of it is reused before the
    /// search ends.
    ///
    /// - Parameter filter: which vectors it may return; the caller holds it while the view is in use.
    package func view(at version: GraphVersion, filter: SlotFilter? = nil) -> GraphView {
        // In this order: the entry point's slot is among those counted.
        let entry = Self.entry(entry.load(ordering: .acquiring))
        var view = GraphView(
            version: version.short, entryPoint: entry?.node, topLevel: entry?.level ?? 0,
            slotLimit: Slot(index: slotCount), filter: filter.map { .passUnretained($0) })
        if let filter, filter.version == version { view.resultNodes = filter.nodes }
        return view
    }

    /// Makes a version current.
    func publish(_ version: GraphVersion) { committed.store(version.number, ordering: .sequentiallyConsistent) }

    /// Makes slots `0..<newCount` usable.
    func ensure(slotCount newCount: Int) throws(StorageError) {
        var upperRows = upperRowCount
        for index in slotCount..<max(newCount, slotCount) { upperRows += drawLevel(Slot(index: index)) }
        try baseNeighbors.ensure(rows: newCount)
        try upperNeighbors.ensure(rows: upperRows)
        try firstUpperRow.ensure(rows: newCount)
        try levels.ensure(rows: newCount)
        try states.ensure(rows: newCount)
        try lifetimeHints.ensure(rows: newCount)
    }

    /// Gives a slot that no search knows empty rows, and a lifetime that begins with a version.
    func clear(_ slot: Slot, born version: GraphVersion) {
        precondition(slot.row <= slotCount)
        let isNew = slot.row == slotCount
        let level = drawLevel(slot)
        if isNew {
            firstUpperRow.base[slot.row] = UInt32(upperRowCount)
            upperRowCount += level
            levels.base[slot.row] = UInt8(level)
        }
        for each in 0...level { layer(each).clear(layer(each).row(Node(slot))) }
        states.setNext(nil, of: slot)
        states.setLifetime(Lifetime(born: version.short, died: Lifetime.notDied), of: slot)
        lifetimeHints.insert(Node(slot))
        if isNew { slotCount += 1 }
    }

    /// Bytes that rows, levels and lifetimes use.
    var usedBytes: Int {
        let baseBytes =
            baseNeighbors.stride * MemoryLayout<Node>.stride + MemoryLayout<UInt32>.stride + 1
            + NodeStates.bytesPerSlot
        let upperBytes = upperNeighbors.stride * MemoryLayout<Node>.stride
        return slotCount * baseBytes + upperRowCount * upperBytes
    }

    /// Rows begin on cache lines: 16 neighbors each.
    private static func rowStride(_ maximumNeighbors: Int) -> Int { (maximumNeighbors + 15) / 16 * 16 }

    func layer(_ level: Int) -> Layer {
        level == 0
            ? Layer(
                rows: baseNeighbors.base, stride: baseNeighbors.stride, rowOffset: 0, firstRow: nil, lastRow: 0,
                maximumNeighbors: parameters.maximumNeighbors(level: 0))
            : Layer(
                rows: upperNeighbors.base, stride: upperNeighbors.stride, rowOffset: level - 1,
                firstRow: UnsafePointer(firstUpperRow.base), lastRow: upperRowCount - 1,
                maximumNeighbors: parameters.maximumNeighbors(level: level))
    }

    func level(of slot: Slot) -> Int { Int(levels.base[slot.row]) }

    func level(of node: Node) -> Int { level(of: node.slot) }

    /// The level of a new node, exponentially distributed with `mL = 1 / ln M` (section 4.1).
    func drawLevel(_ slot: Slot) -> Int {
        let random = Hashing.mix(parameters.seed, UInt64(slot.rawValue))
        // Halvings of the interval, one for each factor of M: floor(-ln(u) / ln M) without a logarithm, the same on
        // every machine.
        var level = 0
        let uniform = Double(random >> 11) * 0x1p-53
        var threshold = 1 / Double(parameters.m)
        while uniform < threshold, level < Self.maximumLevel {
            level += 1
            threshold /= Double(parameters.m)
        }
        return level
    }
}

/// What one search sees of a graph.
package struct GraphView {
    /// The short form of the version.
    let version: UInt32
    let entryPoint: Node?
    let topLevel: Int

    /// Slots from this one on are newer than the view.
    let slotLimit: Slot

    /// Which vectors it may return; nil for all. The caller holds the filter while the view is in use.
    package var filter: Unmanaged<SlotFilter>?

    /// The distance within which a search finds all vectors; nil if it finds a number of them.
    package var radius: Float?

    /// The nodes that the filter makes results, if it was made at this version: it then knows lifetimes too.
    var resultNodes: SlotBits?

    package var slotCount: Int { slotLimit.index }
}
