// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

/// An index that stores vectors in half precision.
@Suite("An index of vectors in half precision")
struct HalfRowTests {
    private static let kinds: [VectorCodes] = [.float32, .int8, .int4, .automatic]

    private static func options(
        _ codes: VectorCodes, rows: VectorRows = .float16, keepsVectors: Bool = true, set: InstructionSet? = nil
    ) -> HNSWOptions {
        HNSWOptions(
            m: 8, efConstruction: 60, codes: codes, keepsVectors: keepsVectors, rows: rows, instructionSet: set)
    }

    /// Vectors of clusters, and queries of the same that are not stored.
    private static func data(
        count: Int, queries: Int = 20, dimensions: Int
    ) -> (vectors: [Float], queries: [[Float]]) {
        let all = GaussianClusters(count: count + queries, dimensions: dimensions, clusters: 25, seed: 451).vectors
        return (
            Array(all.prefix(count * dimensions)), (count..<count + queries).map { all.vector($0, dimensions) }
        )
    }

    private static func index(
        _ vectors: [Float], dimensions: Int, metric: Metric, _ options: HNSWOptions
    ) throws -> HNSWIndex {
        let index = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
        try index.insertAll(vectors, keys: 0..<UInt64(vectors.count / dimensions))
        return index
    }

    @Test(
        "It finds as many of the true nearest as one of floats does", arguments: [VectorCodes.float32, .int8],
        [
            Metric.squaredEuclidean, .cosine,
        ])
    func recall(codes: VectorCodes, metric: Metric) throws {
        let dimensions = 32
        let (vectors, queries) = Self.data(count: 3000, queries: 500, dimensions: dimensions)
        let exact = try ExactIndex(dimensions: dimensions, metric: metric)
        try exact.insertAll(vectors, keys: 0..<3000)
        let truth = try exact.answers(queries.flatMap { $0 }, k: 10).map { Set($0.map(\.key)) }
        let indexes = try VectorRows.allCases.map {
            try Self.index(vectors, dimensions: dimensions, metric: metric, Self.options(codes, rows: $0))
        }
        for ef in [16, 32, 64, 128] {
            let recalls = try indexes.map { index in
                let found = try index.search(each: queries.flatMap { $0 }, k: 10, effort: .candidates(ef))
                var hits = 0
                for (found, expected) in zip(found, truth) { hits += found.count { expected.contains($0.key) } }
                return Double(hits) / Double(10 * queries.count)
            }
            #expect(recalls[1] >= recalls[0] - 0.001, "ef \(ef): \(recalls[1]), with floats \(recalls[0])")
        }
    }

    @Test("Distances, vectors, exact search and batches agree", arguments: Metric.allCases, kinds)
    func agreement(metric: Metric, codes: VectorCodes) throws {
        let dimensions = 19
        let (vectors, queries) = Self.data(count: 1200, dimensions: dimensions)
        let index = try Self.index(vectors, dimensions: dimensions, metric: metric, Self.options(codes))
        try index.checkInvariants()
        #expect(index.options.rows == .float16 && (codes == .automatic || index.codesInUse == codes))
        for query in queries {
            let exact = try index.search(query, k: 10, effort: .recall(1))
            let approximate = try index.search(query, k: 10, effort: .candidates(300))
            #expect(Set(approximate.map(\.key)).intersection(exact.map(\.key)).count >= 9)
            for neighbor in approximate + exact {
                let stored = Array(try #require(try index.vector(for: neighbor.key)))
                let distance = try #require(try index.distance(from: query.span, to: neighbor.key))
                #expect(distance == neighbor.distance)
                let summed = metric == .cosine ? .innerProduct : metric
                let asked = metric == .cosine ? Self.unit(query) : query
                let expected = DistanceOracle.distance(asked, stored, summed) + (metric == .cosine ? 1 : 0)
                let tolerance = DistanceOracle.tolerance(asked, stored, summed) + 0x1p-21
                #expect(abs(Double(distance) - expected) <= tolerance)
            }
            let found = try index.search(query, k: 5, including: .vectors)
            #expect(try found == index.search(query, k: 5))
            for each in found { #expect(try each.vector == index.vector(for: each.key)) }
        }
        let all = queries.flatMap { $0 }
        for (k, effort) in [(1, .candidates(1)), (10, .candidates(30)), (100, .automatic)] as [(Int, SearchEffort)] {
            #expect(
                try index.search(each: all, k: k, effort: effort, threads: 3)
                    == queries.map { try index.search($0, k: k, effort: effort) })
        }
        #expect(
            try index.search(each: all, k: 7, effort: .recall(1))
                == queries.map { try index.search($0, k: 7, effort: .recall(1)) })
    }

    private static func unit(_ vector: [Float]) -> [Float] {
        let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return vector.map { Float(Double($0) / length) }
    }

    @Test("Stored values are off by 2⁻¹¹ of their magnitude, small ones by 2⁻²⁵", arguments: Metric.allCases)
    func precision(metric: Metric) throws {
        var generator = SeededGenerator(seed: 452)
        let index = try HNSWIndex(dimensions: 40, metric: metric, options: Self.options(VectorCodes.float32))
        for scale in [1, 30_000, 1e-4, 1e-7, 1e-20] as [Float] {
            let vector = generator.vector(dimensions: 40).map { $0 * scale }
            let key = UInt64(index.count)
            try index.insert(vector, key: key)
            let kept = metric == .cosine ? Self.unit(vector) : vector
            let stored = try #require(try index.vector(for: key))
            for (value, rounded) in zip(kept, stored) {
                let limit = max(value.magnitude * 0x1.01p-11, 0x1.01p-25)
                #expect(abs(value - rounded) <= limit, "\(value) is stored as \(rounded)")
            }
        }
        try index.checkInvariants()
    }

    @Test("A value beyond half precision is refused, and nothing changes", arguments: Metric.allCases)
    func outOfRange(metric: Metric) throws {
        let (vectors, queries) = Self.data(count: 40, dimensions: 5)
        let index = try Self.index(vectors, dimensions: 5, metric: metric, Self.options(VectorCodes.float32))
        let before = try Observation(index)
        for large in [65_520, -65_520, 1e6] as [Float] {
            let bad = [0, 1, 2, large, 1]
            if metric == .cosine {
                // Of length 1 when it is rounded.
                try index.insert(bad, key: 60)
                try index.remove(key: 60)
                try index.compact()
                continue
            }
            #expect(throws: VectorIndexError.valueOutOfRange(position: 3)) { try index.insert(bad, key: 60) }
            #expect(throws: VectorIndexError.batchVector(position: 2, reason: .valueOutOfRange(position: 3))) {
                try index.insertAll(queries[0] + queries[1] + bad + queries[2], keys: 60..<64)
            }
            #expect(throws: VectorIndexError.valueOutOfRange(position: 3)) {
                try index.replace(7, with: bad.span, key: 60)
            }
            // A query is not stored.
            #expect(try index.search(bad, k: 3).count == 3)
        }
        #expect(try Observation(index) == before)
        try index.checkInvariants()
        // The largest that rounds to a half.
        try index.insert([65_519.99, 0, 0, 0, 0], key: 60)
        if metric != .cosine { #expect(try index.vector(for: 60)?.first == 65_504) }
        // A float index takes what a half one does not.
        let floats = try HNSWIndex(dimensions: 1, metric: .manhattan)
        try floats.insert([65_520], key: 1)
    }

    @Test("Vectors that become equal share a node, and negative ones that vanish are zeros", arguments: kinds)
    func duplicates(codes: VectorCodes) throws {
        let (vectors, _) = Self.data(count: 300, dimensions: 16)
        let index = try Self.index(vectors, dimensions: 16, metric: .squaredEuclidean, Self.options(codes))
        let nodes = index.graph.nodeCount
        // As given, as stored, and off by less than half a step.
        try index.insertAll(vectors, keys: 1000..<1300)
        let stored = try (0..<300 as Range<UInt64>).flatMap { Array(try #require(try index.vector(for: $0))) }
        try index.insertAll(stored, keys: 2000..<2300)
        try index.insertAll(stored.map { $0 * (1 + 0x1p-13) }, keys: 3000..<3300)
        #expect(index.graph.nodeCount == nodes && index.count == 1200)
        let tiny = [Float](repeating: 1e-9, count: 16)
        try index.insertAll(tiny + tiny.map(-) + tiny.map { _ in 0 } + tiny.map { _ in -0.0 }, keys: 4000..<4004)
        #expect(index.graph.nodeCount == nodes + 1)
        let found = try index.search(tiny.map { _ in 0 }, k: 4)
        #expect(found.map(\.key).sorted() == [4000, 4001, 4002, 4003] && found.allSatisfy { $0.distance == 0 })
        #expect(try index.vector(for: 4001)?.allSatisfy { $0.bitPattern == 0 } == true)
        for key in 1000..<1300 as Range<UInt64> { try index.remove(key: key) }
        try index.compact()
        try index.checkInvariants()
        #expect(try Set(index.search(Array(stored.prefix(16)), k: 3).map(\.key)) == [0, 2000, 3000])
    }

    @Test("The graph is the same for 1 and 2 threads", arguments: Metric.allCases, [VectorCodes.float32, .int4])
    func threads(metric: Metric, codes: VectorCodes) throws {
        let (vectors, _) = Self.data(count: 1500, dimensions: 24)
        let rows = try [1, 2].map { threads in
            let index = try HNSWIndex(dimensions: 24, metric: metric, options: Self.options(codes))
            try index.insert(contentsOf: Array(vectors.prefix(1200 * 24)), keys: Array(0..<1200), threads: threads)
            for key in 0..<200 as Range<UInt64> { try index.remove(key: 3 * key) }
            try index.insert(contentsOf: Array(vectors.suffix(300 * 24)), keys: Array(2000..<2300), threads: threads)
            try index.checkInvariants()
            return index.allRows
        }
        #expect(rows[0] == rows[1])
    }

    @Test("Every instruction set finds the same neighbors", arguments: Metric.allCases, [VectorCodes.float32, .int8])
    func instructionSets(metric: Metric, codes: VectorCodes) throws {
        let (vectors, queries) = Self.data(count: 600, dimensions: 21)
        let found = try InstructionSet.supported.map { set in
            let index = try Self.index(vectors, dimensions: 21, metric: metric, Self.options(codes, set: set))
            #expect(index.instructionSet == set)
            return try queries.map { try index.search($0, k: 10, effort: .candidates(200)).map(\.key) }
        }
        for other in found.dropFirst() { #expect(other == found[0]) }
    }

    @Test("Removed vectors are not found, their memory is used again, and a held vector stays", arguments: kinds)
    func removal(codes: VectorCodes) throws {
        let (vectors, queries) = Self.data(count: 800, dimensions: 12)
        let index = try Self.index(vectors, dimensions: 12, metric: .cosine, Self.options(codes))
        let held = try #require(try index.vector(for: 5))
        let values = Array(held)
        for round in 0..<3 as Range<UInt64> {
            for key in 0..<400 as Range<UInt64> { #expect(try index.remove(key: round * 1000 + key)) }
            try index.compact()
            try index.insertAll(Array(vectors.prefix(400 * 12)), keys: (round + 1) * 1000..<(round + 1) * 1000 + 400)
            #expect(index.vectors.count == 800 && index.count == 800)
            try index.checkInvariants()
            for query in queries {
                let found = try index.search(query, k: 20, effort: .candidates(100)).map(\.key)
                #expect(found.allSatisfy { $0 >= (round + 1) * 1000 || (400..<800).contains($0) })
            }
        }
        #expect(Array(held) == values)
        for i in stride(from: 0, to: 400, by: 20) {
            let vector = vectors.vector(i, 12)
            #expect(try index.search(vector, k: 1, effort: .candidates(100)).map(\.key) == [3000 + UInt64(i)])
        }
    }

    @Test("A batch that is cancelled leaves the index as it was", arguments: [VectorCodes.float32, .int8])
    func cancellation(codes: VectorCodes) throws {
        let (vectors, _) = Self.data(count: 1000, dimensions: 12)
        let index = try Self.index(
            Array(vectors.prefix(400 * 12)), dimensions: 12, metric: .squaredEuclidean, Self.options(codes))
        let before = try Observation(index)
        #expect(throws: VectorIndexError.cancelled) {
            try index.insert(contentsOf: Array(vectors.suffix(600 * 12)), keys: Array(400..<1000)) {
                (linked) throws(CancellationError) in
                if linked > 100 { throw CancellationError() }
            }
        }
        #expect(try Observation(index) == before)
        try index.checkInvariants()
        #expect(index.vectors.count == 400)
    }

    @Test("A wanted recall is measured and delivered", arguments: Metric.allCases, [VectorCodes.float32, .int8])
    func calibration(metric: Metric, codes: VectorCodes) throws {
        let (vectors, queries) = Self.data(count: 2500, queries: 60, dimensions: 16)
        let index = try Self.index(vectors, dimensions: 16, metric: metric, Self.options(codes))
        #expect(index.calibration?.source == .heldOutVectors)
        try index.calibrate()
        #expect(index.calibration?.curves.first?.points.last.map { $0.recall > 0.95 } == true)
        var hits = 0
        for query in queries {
            let expected = Set(try index.search(query, k: 10, effort: .recall(1)).map(\.key))
            hits += try index.search(query, k: 10, effort: .recall(0.9)).count { expected.contains($0.key) }
        }
        #expect(Double(hits) / Double(10 * queries.count) > 0.86)
    }

    @Test("Rows take half the memory, with codes and without", arguments: [VectorCodes.float32, .int4])
    func memory(codes: VectorCodes) throws {
        let (vectors, _) = Self.data(count: 500, dimensions: 384)
        let bytes = try VectorRows.allCases.map {
            try Self.index(vectors, dimensions: 384, metric: .cosine, Self.options(codes, rows: $0)).memoryBytes
        }
        #expect(bytes[0] - bytes[1] == 500 * 768)
        let constants = try Self.index(vectors, dimensions: 384, metric: .cosine, Self.options(codes)).searchConstants
        #expect(constants.rowBytes == (codes == .float32 ? 768 : 192))
    }

    @Test("Vectors are given up for codes as floats are, and those kept whole have rounded values")
    func compact() throws {
        let (vectors, queries) = Self.data(count: 4200, dimensions: 17)
        let options = Self.options(.int4, keepsVectors: false)
        let index = try Self.index(vectors, dimensions: 17, metric: .squaredEuclidean, options)
        #expect(index.vectors.isCodesOnly)
        try index.checkInvariants()
        #expect(throws: VectorIndexError.valueOutOfRange(position: 0)) {
            try index.insert([Float](repeating: 1e5, count: 17), key: 5000)
        }
        // So short that codes about the center of the others do not reproduce it.
        let short = (0..<17).map { Float($0) * 0x1.2345p-14 }
        try index.insert(short, key: 5001)
        #expect(index.vectors.keptCount >= 1)
        let kept = try #require(try index.vector(for: 5001))
        #expect(zip(kept, short).allSatisfy { abs($0 - $1) <= max(0x1p-25, $1 * 0x1p-11) } && Array(kept) != short)
        let folder = try TemporaryFolder()
        try index.save(to: folder.path("a"))
        let opened = try HNSWIndex(contentsOf: folder.path("a"))
        #expect(opened.options.rows == .float16 && opened.vectors.isCodesOnly)
        for query in queries { #expect(try opened.search(query, k: 10) == index.search(query, k: 10)) }
    }

    @Test("Without rows in half precision nothing is rounded")
    func floats() throws {
        #expect(HNSWOptions().rows == .float32)
        let (vectors, _) = Self.data(count: 30, dimensions: 9)
        let index = try Self.index(
            vectors, dimensions: 9, metric: .innerProduct, Self.options(VectorCodes.float32, rows: .float32))
        for i in 0..<30 { #expect(try index.vector(for: UInt64(i)).map(Array.init) == vectors.vector(i, 9)) }
    }
}
