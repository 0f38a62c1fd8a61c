// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// The rows of older nodes as they were before a batch changed them.
struct UndoLog {
    private var entries: [Node] = []

    /// Level and node of each row, and where its neighbors begin in `entries`.
    private var rows: [(level: Int, node: Node, start: Int)] = []

    mutating func save(_ node: Node, level: Int, in layer: Layer) {
        rows.append((level, node, entries.count))
        let row = layer.row(node)
        for place in 0..<layer.maximumNeighbors { entries.append(row[place]) }
    }

    func restore(to graph: HNSWGraph) {
        for saved in rows {
            let layer = graph.layer(saved.level)
            let row = layer.row(saved.node)
            for place in 0..<layer.maximumNeighbors { row[place] = entries[saved.start + place] }
        }
    }

    mutating func removeAll() {
        entries = []
        rows = []
    }
}

/// One mark a row of a graph. Only the thread that may change a row touches its mark.
final class RowMarks {
    private let base: AlignedBuffer<UInt8>
    private let upper: AlignedBuffer<UInt8>

    init(slotCount: Int, upperRowCount: Int) {
        base = AlignedBuffer(capacity: slotCount, zero: 0)
        upper = AlignedBuffer(capacity: upperRowCount, zero: 0)
    }

    /// Marks a row of level 0 or of the levels above it; returns whether it was not marked.
    func mark(_ row: Int, level: Int) -> Bool {
        let marks = level == 0 ? base.base : upper.base
        defer { marks[row] = 1 }
        return marks[row] == 0
    }
}
