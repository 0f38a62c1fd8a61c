// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// A hierarchical navigable small-world graph over the rows of a matrix (Malkov & Yashunin, "Efficient and robust approximate
/// nearest neighbor search using Hierarchical Navigable Small World graphs", 2016).
///
/// Departures from the paper:
/// 1. Levels come from a hash of (seed, slot), so that they do not depend on the order of arrival.
/// 2. A batch is linked in two phases, which any number of threads carry out with the same result (``HNSWGraph+Insert``).
/// 3. Equal vectors share one node: an equal vector's slot hangs on the node and is never linked (``DuplicateSets``).
/// 4. Nodes that no path reaches are attached again (``HNSWGraph+Repair``).
/// 5. A removed vector's node still routes and is never a result.
///
/// Rows of neighbours are slots in no particular order, ended by ``endOfRow`` where they are not full.
package struct HNSWGraph: ~Copyable {
    package let parameters: HNSWParameters

    /// Slots that the graph knows, nodes and duplicates.
    package internal(set) var slotCount = 0

    /// Nodes of the graph.
    package internal(set) var nodeCount = 0

    /// Nodes without a live vector.
    package internal(set) var deadNodeCount = 0

    /// Where every search begins: a node on the top level.
    var entryPoint: Slot?
    var topLevel = 0

    var duplicates = DuplicateSets()

    /// Level 0: a row a slot.
    var baseNeighbors: Tensor<UInt32>

    /// Levels 1 and up: the rows of one node follow one another, level 1 first.
    var upperNeighbors: Tensor<UInt32>
    var upperRowCount = 0

    /// The node's first row in `upperNeighbors`; meaningless on level 0.
    var firstUpperRow: Tensor<UInt32>

    /// The highest level of each node.
    var levels: Tensor<UInt8>
    var flags: Tensor<NodeFlags>

    /// Nodes linked since reachability was last proved.
    var linkedSinceRepair = 0

    static var endOfRow: UInt32 { .max }

    /// Of 2^30 nodes with M = 2, about one would be drawn on this level or above: no level above it is needed.
    static var maximumLevel: Int { 30 }

    /// - Parameter capacity: the most slots there can be.
    package init(parameters: HNSWParameters, capacity: Int) throws(StorageError) {
        // Made before any is stored: one that fails leaves nothing half initialised.
        let base = try Tensor<UInt32>(stride: Self.rowStride(parameters.maximumNeighbors(level: 0)), rows: capacity)
        let upper = try Tensor<UInt32>(stride: Self.rowStride(parameters.maximumNeighbors(level: 1)), rows: capacity)
        let firstRows = try Tensor<UInt32>(stride: 1, rows: capacity)
        let levels = try Tensor<UInt8>(stride: 1, rows: capacity)
        let flags = try Tensor<NodeFlags>(stride: 1, rows: capacity)
        self.parameters = parameters
        baseNeighbors = base
        upperNeighbors = upper
        firstUpperRow = firstRows
        self.levels = levels
        self.flags = flags
    }

    /// Bytes that rows, levels, flags and duplicates use.
    package var usedBytes: Int {
        let baseBytes = baseNeighbors.stride * MemoryLayout<UInt32>.stride + MemoryLayout<UInt32>.stride + 2
        let upperBytes = upperNeighbors.stride * MemoryLayout<UInt32>.stride
        return slotCount * baseBytes + upperRowCount * upperBytes + duplicates.approximateBytes
    }

    /// Rows begin on cache lines: 16 slots each.
    private static func rowStride(_ maximumNeighbors: Int) -> Int { (maximumNeighbors + 15) / 16 * 16 }

    func layer(_ level: Int) -> Layer {
        level == 0
            ? Layer(
                rows: baseNeighbors.base, stride: baseNeighbors.stride, rowOffset: 0, firstRow: nil,
                maximumNeighbors: parameters.maximumNeighbors(level: 0))
            : Layer(
                rows: upperNeighbors.base, stride: upperNeighbors.stride, rowOffset: level - 1,
                firstRow: UnsafePointer(firstUpperRow.base), maximumNeighbors: parameters.maximumNeighbors(level: level)
            )
    }

    func level(of slot: UInt32) -> Int { Int(levels.base[Int(slot)]) }

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

/// What a slot is, beside its neighbours.
struct NodeFlags: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    /// No live vector is here: the node routes and is no result.
    static let dead = NodeFlags(rawValue: 1)

    /// Other slots hold the same vector and hang on this node.
    static let hasDuplicates = NodeFlags(rawValue: 2)

    /// The slot hangs on another slot's node and is not linked.
    static let duplicate = NodeFlags(rawValue: 4)

    /// The slot's own vector is removed.
    static let removed = NodeFlags(rawValue: 8)
}

/// One level's neighbour rows, as plain pointers for the loops over them.
struct Layer {
    let rows: UnsafeMutablePointer<UInt32>
    let stride: Int
    let rowOffset: Int
    let firstRow: UnsafePointer<UInt32>?
    let maximumNeighbors: Int

    func row(_ slot: UInt32) -> UnsafeMutablePointer<UInt32> {
        guard let firstRow else { return rows + Int(slot) &* stride }
        return rows + (Int(firstRow[Int(slot)]) &+ rowOffset) &* stride
    }

    /// Entries before the end of a row.
    func count(_ row: UnsafeMutablePointer<UInt32>) -> Int {
        var count = 0
        while count < maximumNeighbors, row[count] != HNSWGraph.endOfRow { count += 1 }
        return count
    }
}
