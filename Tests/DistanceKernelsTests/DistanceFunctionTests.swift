// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import Testing

@Suite("A distance function")
struct DistanceFunctionTests {
    private static let dimensions = [1, 7, 8, 9, 15, 16, 17, 31, 128, 769]

    private static func vectors(_ count: Int, _ dimensions: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return generator.vectors(count: count, dimensions: dimensions)
    }

    @Test("One query's distances are those of the definition", arguments: Metric.allCases, InstructionSet.supported)
    func oneQuery(metric: Metric, instructionSet: InstructionSet) throws {
        let function = try DistanceFunction(metric, instructionSet: instructionSet)
        for dimensions in Self.dimensions {
            let rows = Self.vectors(67, dimensions, seed: 11)
            let query = Self.vectors(1, dimensions, seed: 12)
            let distances = try function.distances(from: query.span, to: rows.span)
            #expect(distances.count == 67)
            for (i, distance) in distances.enumerated() {
                let row = rows[i * dimensions..<(i + 1) * dimensions]
                let wanted = DistanceOracle.distance(query, row, metric)
                #expect(abs(Double(distance) - wanted) <= DistanceOracle.tolerance(query, row, metric))
                let alone = Array(row)
                #expect(try function.distance(from: query.span, to: alone.span) == distance)
            }
        }
    }

    @Test(
        "A matrix's distances are off by no more than is stated", arguments: Metric.allCases, InstructionSet.supported)
    func matrix(metric: Metric, instructionSet: InstructionSet) throws {
        let function = try DistanceFunction(metric, instructionSet: instructionSet)
        for dimensions in Self.dimensions {
            let rows = Self.vectors(130, dimensions, seed: 13)
            let queries = Self.vectors(9, dimensions, seed: 14)
            let distances = try function.distances(fromEach: queries.span, to: rows.span, dimensions: dimensions)
            #expect(distances.count == 9 * 130)
            for q in 0..<9 {
                let query = queries[q * dimensions..<(q + 1) * dimensions]
                for i in 0..<130 {
                    let row = rows[i * dimensions..<(i + 1) * dimensions]
                    let length = { (v: ArraySlice<Float>) in v.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
                    let lengths = metric == .cosine ? 2 : length(query) + length(row)
                    let stated = Double(dimensions + 8) * 0x1p-24 * lengths * lengths
                    let wanted = DistanceOracle.distance(query, row, metric)
                    let bound = stated + DistanceOracle.tolerance(query, row, metric)
                    #expect(abs(Double(distances[q * 130 + i]) - wanted) <= bound)
                }
            }
        }
    }

    @Test("The nearest are those by exact distances, also where batched ones cancel", arguments: Metric.allCases)
    func nearest(metric: Metric) throws {
        let function = try DistanceFunction(metric)
        let dimensions = 24
        // Far from the origin and near one another: the error of a batched distance is larger than most distances.
        for (offset, spread, k) in [(0, 1, 10), (100, 1, 1), (1000, 0.001, 100)] as [(Float, Float, Int)] {
            let rows = Self.vectors(3000, dimensions, seed: 15).map { offset + spread * $0 }
            let queries = Self.vectors(70, dimensions, seed: 16).map { offset + spread * $0 }
            let found = try function.nearest(k, toEach: queries.span, among: rows.span, dimensions: dimensions)
            #expect(found.count == 70)
            for (q, found) in found.enumerated() {
                let query = Array(queries[q * dimensions..<(q + 1) * dimensions])
                let all = try function.distances(from: query.span, to: rows.span).enumerated()
                    .map { RankedRow(index: $0, distance: $1) }
                #expect(found == Array(all.sorted().prefix(k)))
            }
        }
    }

    @Test("Equal rows come in their order, and no more than there are")
    func equalRows() throws {
        let function = try DistanceFunction(.squaredEuclidean)
        let rows = [Float](repeating: 1, count: 2 * 1500)
        let query = [1, 2] as [Float]
        let found = try function.nearest(7, toEach: query.span, among: rows.span, dimensions: 2)
        #expect(found == [(0..<7).map { RankedRow(index: $0, distance: 1) }])
        #expect(try function.nearest(.max, toEach: query.span, among: rows.span, dimensions: 2)[0].count == 1500)
    }

    @Test("Nothing asked, or nothing there, gives nothing")
    func nothing() throws {
        let none = [] as [Float]
        let two = [1, 2] as [Float]
        for metric in Metric.allCases {
            let function = try DistanceFunction(metric)
            #expect(try function.distances(from: two.span, to: none.span) == [])
            #expect(try function.distances(fromEach: none.span, to: two.span, dimensions: 2) == [])
            #expect(try function.distances(fromEach: two.span, to: none.span, dimensions: 2) == [])
            #expect(try function.nearest(3, toEach: none.span, among: two.span, dimensions: 2) == [])
            #expect(try function.nearest(3, toEach: two.span, among: none.span, dimensions: 2) == [[]])
            #expect(try function.nearest(0, toEach: two.span, among: two.span, dimensions: 2) == [[]])
            #expect(try function.nearest(-1, toEach: two.span, among: two.span, dimensions: 2) == [[]])
        }
    }

    @Test("Values beyond what squares can hold give an order all the same")
    func hugeValues() throws {
        let rows = [3e38, -3e38, 1e38, 0, 2e38, 0] as [Float]
        let query = [3e38, -3e38] as [Float]
        for metric in Metric.allCases where metric != .cosine {
            let function = try DistanceFunction(metric)
            let found = try function.nearest(3, toEach: query.span, among: rows.span, dimensions: 2)
            #expect(found[0].map(\.index) == [0, 1, 2] || metric != .manhattan)
            #expect(Set(found[0].map(\.index)) == [0, 1, 2])
            #expect(found[0].allSatisfy { !$0.distance.isNaN })
        }
    }

    @Test("Bad input is refused, and what is wrong is named")
    func badInput() throws {
        let function = try DistanceFunction(.cosine)
        let none = [] as [Float]
        let one = [1] as [Float]
        let three = [1, 2, 3] as [Float]
        let zero = [0, 0, 0] as [Float]
        let second = [1, 2, 3, 4, .nan, 6] as [Float]
        let endless = [1, 2, 3, -.infinity, 5, 6] as [Float]
        #expect(throws: DistanceError.noDimensions) { try function.distance(from: none.span, to: none.span) }
        #expect(throws: DistanceError.noDimensions) {
            try function.nearest(1, toEach: one.span, among: one.span, dimensions: 0)
        }
        #expect(throws: DistanceError.noDimensions) {
            try function.distances(fromEach: one.span, to: one.span, dimensions: -3)
        }
        #expect(throws: DistanceError.dimensionMismatch(expected: 3, found: 1)) {
            try function.distance(from: three.span, to: one.span)
        }
        #expect(throws: DistanceError.dimensionMismatch(expected: 3, found: 6)) {
            try function.distance(from: three.span, to: second.span)
        }
        #expect(throws: DistanceError.zeroVector(index: 0)) { try function.distance(from: three.span, to: zero.span) }
        for bad in [second, endless] {
            for metric in Metric.allCases {
                #expect(throws: DistanceError.notFinite(index: 1)) {
                    try DistanceFunction(metric).nearest(1, toEach: three.span, among: bad.span, dimensions: 3)
                }
            }
        }
    }
}
