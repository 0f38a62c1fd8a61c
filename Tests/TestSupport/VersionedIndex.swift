// SPDX-License-Identifier: Apache-2.0

import VectorIndex

/// An index whose content says which version of it is there: 8 of its vectors hold the version's number. One that holds
/// parts of two versions is noticed.
public struct VersionedIndex: Sendable {
    /// The index.
    public let index: HNSWIndex

    private static let dimensions = 16
    private static let markedKeys = 0..<8 as Range<UInt64>
    private static let otherKeys = 1000..<1100 as Range<UInt64>

    /// Why an index is not one of the versions.
    public struct Mixture: Error {
        /// What is wrong with it.
        public let description: String

        /// Says it.
        public init(description: String) { self.description = description }
    }

    /// Makes version 0.
    public init() throws(VectorIndexError) {
        index = try HNSWIndex(
            dimensions: Self.dimensions, metric: .squaredEuclidean,
            options: HNSWOptions(m: 6, efConstruction: 20, codes: VectorCodes.float32))
        var generator = SeededGenerator(seed: 611)
        try index.insert(
            contentsOf: generator.vectors(count: Self.otherKeys.count, dimensions: Self.dimensions),
            keys: Array(Self.otherKeys))
        try change(to: 0)
    }

    /// Opens a file, and verifies all of it unless the options say otherwise.
    public init(contentsOf path: String, options: SnapshotOptions = SnapshotOptions()) throws(VectorIndexError) {
        index = try HNSWIndex(contentsOf: path, options: options)
    }

    private static func vector(_ key: UInt64, version: Int) -> [Float] {
        [Float(version), Float(key)] + [Float](repeating: 0, count: dimensions - 2)
    }

    /// Makes it another version.
    public func change(to version: Int) throws(VectorIndexError) {
        for key in Self.markedKeys {
            try index.remove(key: key)
            try index.insert(Self.vector(key, version: version), key: key)
        }
    }

    /// The version that it is, wholly.
    public func version() throws -> Int {
        guard let first = try index.vector(for: Self.markedKeys.lowerBound)?.first else {
            throw Mixture(description: "no version")
        }
        let version = Int(first)
        for key in Self.markedKeys {
            let found = try index.search(Self.vector(key, version: version), k: .max)
            guard found.first == Neighbor(key: key, distance: 0) else {
                throw Mixture(description: "\(found.prefix(1)) instead of key \(key) of version \(version)")
            }
            guard found.count == index.count, found.count == Self.markedKeys.count + Self.otherKeys.count else {
                throw Mixture(description: "\(found.count) of \(index.count) vectors")
            }
        }
        return version
    }
}
