// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VectorFiles

/// A file that hnswlib 0.8.0 wrote (`Fixtures/make_hnswlib.py`): 24 elements of 3 dimensions on three levels, M 3,
/// `ef_construction` 20, `max_elements` 30, elements 5 and 17 marked as deleted.
enum HnswlibFixture {
    static let count = 24
    static let dimensions = 3
    static let deleted: Set<Int> = [5, 17]

    static let labels = (0..<count).map { UInt64(1) << 40 + 5 * UInt64($0) }

    static let vectors: [Float] = (0..<count * dimensions).map { place in
        let (i, j) = place.quotientAndRemainder(dividingBy: dimensions)
        let quarters = (7 * i + 11 * j + i * j) % 32
        return Float(quarters) / 4 - 4
    }

    static func bytes() throws -> [UInt8] {
        let url = try #require(Bundle.module.url(forResource: "small", withExtension: "hnsw", subdirectory: "Fixtures"))
        return [UInt8](try Data(contentsOf: url))
    }

    /// Reads bytes as a file of this name would be.
    static func read(_ bytes: [UInt8], dimensions: Int = dimensions) throws(VectorFileError) -> HnswlibFile {
        try HnswlibFile(Data(bytes), path: name, dimensions: dimensions)
    }

    static let name = "x.hnsw"
}

/// All that a file of hnswlib is read as.
struct HnswlibReading: Equatable {
    var capacity: Int
    var m: Int
    var efConstruction: Int
    var entryPoint: Int?
    var labels: [UInt64]
    var isDeleted: [Bool]
    var vectorBits: [UInt32]
    var neighbors: [[[UInt32]]]

    init(_ file: HnswlibFile) {
        capacity = file.capacity
        m = file.m
        efConstruction = file.efConstruction
        entryPoint = file.entryPoint
        labels = file.labels
        isDeleted = file.isDeleted
        vectorBits = file.vectors().map(\.bitPattern)
        neighbors = (0..<file.count).map { element in
            (0...file.levels[element]).map { file.neighbors(of: element, onLevel: $0) }
        }
    }

    /// What a file written of the graph is read as.
    init(_ graph: HnswlibGraph) {
        capacity = graph.labels.count
        m = graph.m
        efConstruction = graph.efConstruction
        entryPoint = graph.entryPoint
        labels = graph.labels
        isDeleted = graph.isDeleted
        vectorBits = graph.vectors.map(\.bitPattern)
        neighbors = graph.neighbors
    }
}
