// SPDX-License-Identifier: Apache-2.0

/// A graph to write as a file of hnswlib. Elements are numbered from 0 in the order of the arrays.
package struct HnswlibGraph {
    package var dimensions: Int

    /// The most neighbors of an element on a level above 0. Level 0 has twice as many.
    package var m: Int
    package var efConstruction: Int

    /// An element of the highest level. Nil without elements.
    package var entryPoint: Int?

    /// The labels of the elements. No two are equal.
    package var labels: [UInt64]

    /// The vectors, one after the other. Normalized for cosine.
    package var vectors: [Float]

    /// The neighbors of each element on each of its levels, from 0 on. An element with n lists is of level n - 1.
    package var neighbors: [[[UInt32]]]

    /// Whether each element is marked as deleted. Searches pass through it and do not return it.
    package var isDeleted: [Bool]

    /// Makes a graph. Without `isDeleted`, no element is deleted.
    package init(
        dimensions: Int, m: Int, efConstruction: Int, entryPoint: Int?, labels: [UInt64], vectors: [Float],
        neighbors: [[[UInt32]]], isDeleted: [Bool]? = nil
    ) {
        self.dimensions = dimensions
        self.m = m
        self.efConstruction = efConstruction
        self.entryPoint = entryPoint
        self.labels = labels
        self.vectors = vectors
        self.neighbors = neighbors
        self.isDeleted = isDeleted ?? [Bool](repeating: false, count: labels.count)
    }

    /// The file's header.
    ///
    /// - Precondition: the parameters are in hnswlib's ranges. The arrays fit each other. The entry point is of the highest level.
    ///   Each neighbor exists on the level of its list, and no list is longer than its places.
    fileprivate func checkedHeader() -> HnswlibHeader {
        let count = labels.count
        precondition(VectorTable.dimensionsRange.contains(dimensions) && HnswlibFile.mRange.contains(m))
        precondition((0..<1 << 32).contains(efConstruction) && count < 1 << 32)
        precondition(vectors.count == count * dimensions && neighbors.count == count && isDeleted.count == count)
        let maximumLevel = neighbors.reduce(0) { max($0, $1.count) } - 1
        precondition((entryPoint == nil) == (count == 0))
        if let entryPoint { precondition(neighbors[entryPoint].count == maximumLevel + 1) }
        let header = HnswlibHeader(
            dimensions: dimensions, m: m, efConstruction: max(efConstruction, m), capacity: count, count: count,
            maximumLevel: maximumLevel, entryPoint: entryPoint)
        for lists in neighbors {
            precondition(!lists.isEmpty)
            for (level, list) in lists.enumerated() {
                precondition(list.count <= header.maximumNeighbors(onLevel: level))
                precondition(list.allSatisfy { $0 < count && neighbors[Int($0)].count > level })
            }
        }
        return header
    }
}

extension HnswlibFile {
    /// Writes an index that hnswlib loads and searches. An `efConstruction` below M is written as M, as hnswlib does.
    ///
    /// - Throws: ``VectorFileError/cannotWrite(path:reason:)``.
    /// - Precondition: the graph is as ``HnswlibGraph`` describes it.
    package static func write(_ graph: HnswlibGraph, to path: String) throws(VectorFileError) {
        let header = graph.checkedHeader()
        var words = header.words
        words.reserveCapacity(header.offset(ofElement: header.count) / 4 + 2 * header.count)
        for element in 0..<header.count {
            words.append(
                list: graph.neighbors[element][0], places: 2 * graph.m, isDeleted: graph.isDeleted[element])
            let start = element * graph.dimensions
            for value in graph.vectors[start..<start + graph.dimensions] { words.append(value.bitPattern) }
            words.append(long: graph.labels[element])
        }
        for lists in graph.neighbors {
            words.append(UInt32((lists.count - 1) * header.upperListBytes))
            for list in lists.dropFirst() { words.append(list: list, places: graph.m) }
        }
        try FileBytes.write(words: words, to: path)
    }
}

extension [UInt32] {
    /// Appends a list of neighbors with room for `places`.
    fileprivate mutating func append(list: [UInt32], places: Int, isDeleted: Bool = false) {
        append(UInt32(list.count) | (isDeleted ? 1 << 16 : 0))
        append(contentsOf: list)
        append(contentsOf: repeatElement(0, count: places - list.count))
    }
}
