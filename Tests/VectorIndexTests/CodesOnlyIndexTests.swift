// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

/// An index that gives its vectors up for their codes.
@Suite("An index that keeps codes only")
struct CodesOnlyIndexTests {
    private static let kinds: [VectorCodes] = [.int8, .int4]
    private static let dimensions = 17

    /// Clustered vectors in an index, and queries of the same clusters that are not stored.
    private static func fixture(
        _ codes: VectorCodes, metric: Metric, count: Int = 4200, dimensions: Int = dimensions,
        keepsVectors: Bool = false
    ) throws -> (index: HNSWIndex, vectors: [Float], queries: [[Float]]) {
        var generator = SeededGenerator(seed: 71)
        let all = generator.clusteredVectors(count: count + 40, dimensions: dimensions, clusters: 30, spread: 0.8)
        let options = HNSWOptions(m: 8, efConstruction: 40, codes: codes, keepsVectors: keepsVectors)
        let index = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
        let vectors = Array(all.prefix(count * dimensions))
        try index.insertAll(vectors, keys: 0..<UInt64(count))
        return (index, vectors, (count..<count + 40).map { all.vector($0, dimensions) })
    }

    /// A vector as an index stores it.
    private static func stored(_ vector: [Float], _ metric: Metric) -> [Float] {
        guard metric == .cosine else { return vector }
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return vector.map { $0 / norm }
    }

    @Test("Most of what an index with vectors finds is found", arguments: kinds, Metric.allCases)
    func recallFloor(codes: VectorCodes, metric: Metric) throws {
        let (index, vectors, queries) = try Self.fixture(codes, metric: metric)
        #expect(index.vectors.isCodesOnly)
        try index.checkInvariants()
        let (whole, _, _) = try Self.fixture(codes, metric: metric, keepsVectors: true)
        #expect(!whole.vectors.isCodesOnly && whole.codesInUse == index.codesInUse)
        let found = try recall(of: index, vectors: vectors, queries: queries)
        let byVectors = try recall(of: whole, vectors: vectors, queries: queries)
        #expect(found > 0.9 && found > byVectors - 0.05, "\(found), with vectors \(byVectors)")
    }

    @Test("Distances, vectors and exact search agree", arguments: kinds, Metric.allCases)
    func agreement(codes: VectorCodes, metric: Metric) throws {
        let (index, vectors, queries) = try Self.fixture(codes, metric: metric)
        for key in stride(from: 0, to: 4200 as UInt64, by: 300) {
            let decoded = try #require(try index.vector(for: key))
            let original = Self.stored(vectors.vector(Int(key), Self.dimensions), metric)
            #expect(DistanceOracle.distance(Array(decoded), original, .squaredEuclidean) < 0.1)
        }
        for query in queries.prefix(5) {
            let found = try index.search(query, k: 10, effort: .recall(1))
            for neighbor in found {
                let decoded = Array(try #require(try index.vector(for: neighbor.key)))
                let oracle = DistanceOracle.distance(query, decoded, metric)
                let tolerance = DistanceOracle.tolerance(query, decoded, metric)
                #expect(abs(Double(neighbor.distance) - oracle) <= tolerance)
                let distance = try #require(try index.distance(from: query.span, to: neighbor.key))
                #expect(abs(Double(distance) - oracle) <= tolerance)
            }
            let approximate = try index.search(query, k: 10, effort: .candidates(400))
            #expect(Set(approximate.map(\.key)).intersection(found.map(\.key)).count >= 9)
            for neighbor in approximate {
                if let exact = found.first(where: { $0.key == neighbor.key }) { #expect(neighbor == exact) }
            }
        }
    }

    @Test("A batch gives what single searches give, to the bit", arguments: kinds, Metric.allCases)
    func batchEqualsSearch(codes: VectorCodes, metric: Metric) throws {
        let (index, _, queries) = try Self.fixture(codes, metric: metric)
        for key in stride(from: 0, to: 4200 as UInt64, by: 7) { #expect(try index.remove(key: key)) }
        for (k, effort) in [(1, .candidates(1)), (10, .candidates(30)), (100, .automatic)] as [(Int, SearchEffort)] {
            let expected = try queries.map { try index.search($0, k: k, effort: effort) }
            #expect(expected.allSatisfy { $0.allSatisfy { $0.key % 7 != 0 } })
            for threads in [3] {
                #expect(
                    try index.search(each: queries.flatMap { $0 }, k: k, effort: effort, threads: threads) == expected)
            }
        }
    }

    @Test("An index of 384 dimensions takes less than 600 bytes a vector, and the memory is really given back")
    func memory() throws {
        var generator = SeededGenerator(seed: 72)
        let vectors = generator.clusteredVectors(count: 5000, dimensions: 384, clusters: 40, spread: 0.8)
        let options = HNSWOptions(efConstruction: 40, codes: .int4, keepsVectors: false)
        let index = try HNSWIndex(dimensions: 384, metric: .cosine, options: options)
        try index.insertAll(Array(vectors.prefix(4000 * 384)), keys: 0..<4000)
        #expect(!index.vectors.isCodesOnly && index.memoryBytes / 4000 > 1800)
        let committed = index.vectors.committedBytes
        let held = try #require(try index.vector(for: 3))
        let values = Array(held)
        try index.insertAll(Array(vectors.dropFirst(4000 * 384)), keys: 4000..<5000)
        #expect(index.vectors.isCodesOnly && index.memoryBytes / 5000 <= 590, "\(index.memoryBytes / 5000)")
        #expect(index.vectors.committedBytes < committed / 4)
        #expect(Array(held) == values, "a vector that is held stays")
    }

    @Test(
        "Vectors that are inserted, equal or removed after the others were given up are found or not", arguments: kinds)
    func lifeAfterwards(codes: VectorCodes) throws {
        let (index, vectors, _) = try Self.fixture(codes, metric: .squaredEuclidean)
        var generator = SeededGenerator(seed: 73)
        var all = vectors
        for key in 4200..<4400 as Range<UInt64> {
            // Every fourth equals a vector that is there.
            let fresh = generator.clusteredVectors(count: 1, dimensions: Self.dimensions, clusters: 1)
            let vector = key % 4 == 0 ? vectors.vector(Int(key - 4200), Self.dimensions) : fresh
            try index.insert(vector, key: key)
            all += vector
        }
        try index.insertAll(Array(vectors.prefix(600 * Self.dimensions)), keys: 4400..<5000)
        try index.checkInvariants()
        #expect(index.graph.nodeCount == 4200 + 150 && index.count == 5000)
        for key in 4200..<4400 as Range<UInt64> {
            let found = try index.search(all.vector(Int(key), Self.dimensions), k: 4, effort: .candidates(200)).map(
                \.key)
            #expect(found.contains(key), "key \(key)")
            if key % 4 == 0 { #expect(found.contains(key - 4200)) }
            #expect(try index.remove(key: key))
            #expect(try index.vector(for: key) == nil)
            let without = try index.search(all.vector(Int(key), Self.dimensions), k: 4, effort: .candidates(200)).map(
                \.key)
            #expect(!without.contains(key))
        }
        try index.checkInvariants()
    }

    @Test("A wanted recall is measured and delivered, of what is stored", arguments: kinds)
    func calibration(codes: VectorCodes) throws {
        let (index, _, queries) = try Self.fixture(codes, metric: .cosine)
        #expect(index.calibration?.source == .heldOutVectors)
        try index.calibrate()
        #expect(index.calibration?.source == .storedVectors)
        try index.calibrate(queries: queries.flatMap { $0 })
        #expect(index.calibration?.curves.first?.points.last.map { $0.recall > 0.95 } == true)
        var hits = 0
        for query in queries {
            let expected = Set(try index.search(query, k: 10, effort: .recall(1)).map(\.key))
            hits += try index.search(query, k: 10, effort: .recall(0.9)).count { expected.contains($0.key) }
        }
        #expect(Double(hits) / Double(10 * queries.count) > 0.85)
    }

    @Test(
        "New vectors that lie elsewhere are found, and read as near to what they were as others",
        arguments: [1, 40, 900])
    func drift(batch: Int) throws {
        for codes in [batch == 40 ? VectorCodes.automatic : .int4] {
            let (index, vectors, _) = try Self.fixture(codes, metric: .squaredEuclidean)
            let first = try #require(index.codes)
            var generator = SeededGenerator(seed: 74)
            let new = generator.vectors(count: 900, dimensions: Self.dimensions).map { $0 * 3 + 4 }
            for start in stride(from: 0, to: 900, by: batch) {
                let end = min(start + batch, 900)
                let part = Array(new[start * Self.dimensions..<end * Self.dimensions])
                try index.insertAll(part, keys: UInt64(4200 + start)..<UInt64(4200 + end))
            }
            try index.checkInvariants()
            #expect(index.codes === first && index.vectors.isCodesOnly)
            var found = 0
            for row in stride(from: 4200, to: 5100, by: 50) {
                let query = new.vector(row - 4200, Self.dimensions)
                found += try index.search(query, k: 10, effort: .candidates(300)).count { $0.key == UInt64(row) }
                let decoded = try #require(try index.vector(for: UInt64(row)))
                let length = query.reduce(0) { $0 + $1 * $1 }
                #expect(DistanceOracle.distance(Array(decoded), query, .squaredEuclidean) <= 0.0004 * Double(length))
            }
            #expect(found == 18)
            for row in stride(from: 0, to: 4200, by: 250) {
                let query = vectors.vector(row, Self.dimensions)
                #expect(try index.search(query, k: 2, effort: .candidates(300)).map(\.key).contains(UInt64(row)))
            }
        }
    }

    @Test("Where no codes suit, vectors stay whole")
    func unsuited() throws {
        var generator = SeededGenerator(seed: 75)
        let narrow = generator.clusteredVectors(count: 4200, dimensions: 32, clusters: 12, spread: 0.0005)
        let options = HNSWOptions(m: 8, efConstruction: 40, keepsVectors: false)
        let index = try HNSWIndex(dimensions: 32, metric: .squaredEuclidean, options: options)
        try index.insertAll(narrow, keys: 0..<4200)
        #expect(index.codesInUse == .float32 && !index.vectors.isCodesOnly)
        #expect(Array(try #require(try index.vector(for: 7))) == narrow.vector(7, 32))
    }

    @Test("Vectors that come later, and that codes cannot tell apart, are kept whole and found")
    func laterUnsuited() throws {
        var generator = SeededGenerator(seed: 75)
        let options = HNSWOptions(m: 8, efConstruction: 40, keepsVectors: false)
        let other = try HNSWIndex(dimensions: 32, metric: .squaredEuclidean, options: options)
        let uniform = generator.vectors(count: 4200, dimensions: 32)
        try other.insertAll(uniform, keys: 0..<4200)
        #expect(other.vectors.isCodesOnly)
        let place = generator.vector(dimensions: 32)
        let narrow = (0..<900).flatMap { _ in
            zip(place, generator.vector(dimensions: 32)).map { $0 + 0.001 * $1 }
        }
        try other.insertAll(narrow, keys: 4200..<5100)
        #expect(other.vectors.isCodesOnly)
        try other.checkInvariants()
        #expect(other.vectors.keptCount >= 800)
        for row in stride(from: 0, to: 900, by: 30) {
            let found = try other.search(narrow.vector(row, 32), k: 1, effort: .candidates(200))
            #expect(found == [Neighbor(key: UInt64(4200 + row), distance: 0)])
            #expect(
                try other.search(uniform.vector(row, 32), k: 1, effort: .candidates(200)).map(\.key) == [UInt64(row)])
        }
    }

    @Test("Whole vectors of an opened index that are replaced over and over take no more room", arguments: kinds)
    func replacedAfterOpening(codes: VectorCodes) throws {
        let folder = try TemporaryFolder()
        var (index, _, _) = try Self.fixture(codes, metric: .squaredEuclidean)
        let count = index.vectors.keptCount
        var generator = SeededGenerator(seed: 77)
        // So short that codes about the center of the others do not reproduce them.
        func short() -> [Float] { generator.vectors(count: 40, dimensions: Self.dimensions).map { $0 * 0x1p-12 } }
        try index.insertAll(short(), keys: 5000..<5040)
        #expect(index.vectors.keptCount == count + 40)
        for round in 0..<6 {
            if round % 2 == 0 {
                try index.save(to: folder.path("saved"))
                index = try HNSWIndex(contentsOf: folder.path("saved"))
            }
            for key in 5000..<5040 as Range<UInt64> { #expect(try index.remove(key: key)) }
            try index.compact()
            let vectors = short()
            try index.insertAll(vectors, keys: 5000..<5040)
            #expect(index.vectors.isCodesOnly && index.vectors.keptCount == count + 40, "round \(round)")
            for i in 0..<40 {
                #expect(try index.vector(for: 5000 + UInt64(i)).map(Array.init) == vectors.vector(i, Self.dimensions))
            }
        }
        try index.checkInvariants()
    }

    @Test("Keeping neither vectors nor codes is refused")
    func refused() {
        #expect(throws: VectorIndexError.nothingKept) {
            try HNSWIndex(
                dimensions: 4, metric: .cosine, options: HNSWOptions(codes: VectorCodes.float32, keepsVectors: false))
        }
    }

    @Test("Data without variance, with outliers, equal or tiny is found", arguments: [VectorCodes.int8, .int4])
    func hostileData(codes: VectorCodes) throws {
        let dimensions = 15
        var generator = SeededGenerator(seed: 76)
        let random = generator.vectors(count: 4200, dimensions: dimensions)
        var constant = random
        var outliers = random
        for i in 0..<4200 {
            constant[i * dimensions + 3] = 0.25
            if i % 500 == 0 { outliers[i * dimensions + 5] = 1e8 }
        }
        let data: [String: [Float]] = [
            "constant dimension": constant, "outliers": outliers,
            "equal": [Float](repeating: 0.5, count: 4200 * dimensions), "denormal": random.map { $0 * 0x1p-135 },
            "huge": random.map { $0 * 1e16 },
        ]
        for (name, vectors) in data {
            let options = HNSWOptions(m: 8, efConstruction: 40, codes: codes, keepsVectors: false)
            let index = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean, options: options)
            try index.insertAll(vectors, keys: 0..<4200)
            try index.checkInvariants()
            #expect(index.vectors.isCodesOnly, "\(name)")
            for i in stride(from: 1, to: 4200, by: 301) {
                let found = try index.search(vectors.vector(i, dimensions), k: 10, effort: .candidates(100))
                #expect(found.count == 10 && found.allSatisfy { $0.distance.isFinite }, "\(name)")
                if name == "huge" || name.hasPrefix("constant") {
                    #expect(found.map(\.key).contains(UInt64(i)), "\(name)")
                }
            }
        }
    }
}
