// SPDX-License-Identifier: Apache-2.0

import VectorIndex

/// A small index to be saved and damaged; together they have every kind of section and of slot.
public enum SnapshotSeed: UInt8, CaseIterable, Sendable {
    /// Whole vectors: some equal, some removed, on several levels.
    case whole

    /// Dead nodes, free slots, removed duplicates, and a sweep under way.
    case sweeping

    /// Whole vectors beside codes of 8 bits, and a calibration on the caller's queries.
    case calibrated

    /// Codes of 4 bits and their remainders, and a few vectors whole.
    case codesOnly

    /// Nothing.
    case empty

    /// Codes of 8 bits in rows that have no room for their terms, and a mean that edges leave out.
    case coded

    /// As ``whole``, in half precision.
    case rounded

    /// Values in every vector.
    public var dimensions: Int { self == .coded ? 50 : 3 }

    /// What is near.
    public var metric: Metric {
        switch self {
        case .whole, .empty, .rounded: .squaredEuclidean
        case .sweeping: .manhattan
        case .calibrated: .cosine
        case .codesOnly, .coded: .innerProduct
        }
    }

    private var options: HNSWOptions {
        let codes: VectorCodes =
            switch self {
            case .whole, .sweeping, .empty, .rounded: .float32
            case .calibrated, .coded: .int8
            case .codesOnly: .int4
            }
        return HNSWOptions(
            m: 2, efConstruction: 8, efSearch: 8, seed: 5, codes: codes, keepsVectors: self != .codesOnly,
            rows: self == .rounded ? .float16 : .float32)
    }

    /// Makes the index, always the same.
    public func make() throws(VectorIndexError) -> HNSWIndex {
        let index = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
        var generator = SeededGenerator(seed: 0xDA_3A6E)
        func vectors(_ count: Int) -> [Float] { generator.vectors(count: count, dimensions: dimensions) }
        func insert(_ values: [Float], _ keys: Range<UInt64>) throws(VectorIndexError) {
            try index.insert(contentsOf: values, keys: Array(keys), threads: 1)
        }
        switch self {
        case .whole, .rounded:
            let values = vectors(20)
            try insert(values, 0..<20)
            try insert(Array(values.prefix(5 * dimensions)), 100..<105)
            for key in [3, 100, 101, 17] as [UInt64] { try index.remove(key: key) }
        case .sweeping:
            let values = vectors(80)
            try insert(values, 0..<80)
            try insert(Array(values.prefix(20 * dimensions)), 100..<120)
            for key in 0..<10 as Range<UInt64> { try index.remove(key: 2 * key) }
            for key in 100..<104 as Range<UInt64> { try index.remove(key: key) }
            try index.compact()
            for key in 104..<112 as Range<UInt64> { try index.remove(key: key) }
            // The last of them begins the sweep.
            for key in 30..<42 as Range<UInt64> { try index.remove(key: key) }
        case .calibrated:
            try insert(vectors(1000), 0..<1000)
            try index.calibrate(queries: vectors(8), threads: 1)
        case .codesOnly:
            // Twelve of each: as many vectors as are needed to give them up, and few nodes.
            let few = vectors(342)
            try insert((0..<12).flatMap { _ in few }, 0..<4104)
            // So short that their remainders from the center say nothing of them.
            for _ in 0..<3 { try index.insert(vectors(1).map { $0 * 0x1p-12 }, key: UInt64(10_000 + index.count)) }
        case .empty: break
        case .coded: try insert(vectors(260).map { $0 + 1 }, 0..<260)
        }
        return index
    }

    /// Values of queries and new vectors.
    public var values: [Float] {
        var generator = SeededGenerator(seed: 0x9E37)
        return generator.vectors(count: 6, dimensions: dimensions)
    }
}
