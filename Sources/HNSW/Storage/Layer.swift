// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The neighbors of a node on one level, which searches read while the writer changes them.
struct NeighborRow {
    private let places: UnsafeMutablePointer<Atomic<UInt32>>

    init(_ base: UnsafeMutablePointer<Node>) {
        // SAFETY: a node is its number, and an atomic has the layout of its value.
        places = UnsafeMutableRawPointer(base).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    var address: UnsafeRawPointer { UnsafeRawPointer(places) }

    /// Acquires and releases: a thread that reads an edge also sees what was written to the neighbor's slot before.
    subscript(place: Int) -> Node {
        get { Node(rawValue: places[place].load(ordering: .acquiring)) }
        nonmutating set { places[place].store(newValue.rawValue, ordering: .releasing) }
    }
}

/// One level's neighbor rows, as plain pointers for the loops over them.
struct Layer {
    let rows: UnsafeMutablePointer<Node>
    let stride: Int
    let rowOffset: Int
    let firstRow: UnsafePointer<UInt32>?

    /// The last row above level 0. An unverified file may name one behind it.
    let lastRow: Int
    let maximumNeighbors: Int

    func row(_ node: Node) -> NeighborRow {
        guard let firstRow else { return NeighborRow(rows + node.index &* stride) }
        return NeighborRow(rows + min(Int(firstRow[node.index]) &+ rowOffset, lastRow) &* stride)
    }

    /// Entries before the end of a row.
    func count(_ row: NeighborRow) -> Int {
        var count = 0
        while count < maximumNeighbors, row[count] != HNSWGraph.endOfRow { count += 1 }
        return count
    }

    /// Ends a row behind its first `count` neighbors: clears the places that held others.
    func endRow(_ row: NeighborRow, count: Int) {
        var place = count
        while place < maximumNeighbors, row[place] != HNSWGraph.endOfRow {
            row[place] = HNSWGraph.endOfRow
            place += 1
        }
    }

    /// Empties a row.
    func clear(_ row: NeighborRow) {
        for place in 0..<maximumNeighbors { row[place] = HNSWGraph.endOfRow }
    }

    /// Copies the neighbors of a node; returns how many there are.
    func copy(_ node: Node, to slots: UnsafeMutablePointer<UInt32>) -> Int {
        let row = row(node)
        var count = 0
        while count < maximumNeighbors, row[count] != HNSWGraph.endOfRow {
            slots[count] = row[count].rawValue
            count += 1
        }
        return count
    }
}

// Changes of rows, by the writer.
extension Layer {
    /// Replaces a node's neighbors.
    func write(_ neighbors: [NodeKey], to node: Node) {
        let row = row(node)
        for (i, neighbor) in neighbors.enumerated() { row[i] = neighbor.node }
        endRow(row, count: neighbors.count)
    }

    /// Whether a node has an edge to another.
    func contains(_ neighbor: Node, in node: Node) -> Bool {
        let row = row(node)
        return (0..<count(row)).contains { row[$0] == neighbor }
    }

    /// Adds an edge if there is a free place; returns whether the row holds it now.
    func append(_ neighbor: Node, to node: Node) -> Bool {
        if contains(neighbor, in: node) { return true }
        let row = row(node)
        let count = count(row)
        guard count < maximumNeighbors else { return false }
        row[count] = neighbor
        return true
    }
}
