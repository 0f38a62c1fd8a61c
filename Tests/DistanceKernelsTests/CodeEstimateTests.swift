// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

@testable import DistanceKernels

@Suite("Distances estimated by codes")
struct CodeEstimateTests {
    private static let kinds: [VectorCodes] = [.int8, .int4]

    /// No estimate is off by more deviations than this: of a normal distribution, one in two million is.
    private static let most = 5.0

    private static func vectors(
        count: Int, dimensions: Int, metric: Metric, using generator: inout SeededGenerator
    ) -> [[Float]] {
        (0..<count).map { i in
            // Half of them about a place that is not 0, the others a tenth as long.
            let vector = generator.vector(dimensions: dimensions).map { i % 2 == 0 ? $0 + 0.7 : 0.1 * $0 }
            return metric == .cosine ? vector.normalized : vector
        }
    }

    /// By how much the query's own rounding may shift all estimates alike, as a deviation.
    private static func commonDeviation(_ query: UnsafePointer<UInt8>, of coded: CodedVectors) -> Double {
        let head = UnsafeRawPointer(query).load(as: ck_code_query.self)
        switch coded.kernel.metric {
        case .manhattan: return 0
        // The scale counts twice, as the product does.
        case .squaredEuclidean, .cosine: return Double(head.scale) * 0.289 * Double(head.squared_norm).squareRoot()
        // It is small beside what the codes of the rows are off by, and a part of it is no shift.
        case .innerProduct:
            let longest = coded.vectors.indices.map { coded.remainder($0).reduce(0) { $0 + $1 * $1 } }.max() ?? 0
            return Double(head.scale) * 0.289 * longest.squareRoot()
        }
    }

    @Test(
        "An estimate is within a few deviations of the distance, and a scan's is that of a gather to the bit",
        arguments: kinds, Metric.allCases)
    func withinDeviation(codes: VectorCodes, metric: Metric) {
        for dimensions in testedDimensions + [96, 100] {
            var generator = SeededGenerator(seed: UInt64(dimensions))
            let rows = Self.vectors(count: 37, dimensions: dimensions, metric: metric, using: &generator)
            let queries = Self.vectors(count: 6, dimensions: dimensions, metric: metric, using: &generator)
            for set in InstructionSet.supported {
                let coded = CodedVectors(rows, by: RowQuantizer(codes, metric: metric, of: rows, set: set))
                var squares: [Double] = []
                // Among the queries are vectors that are there.
                for query in queries + [rows[3], rows[4]] {
                    let encoded = coded.query(of: query)
                    let estimates = coded.scanned(encoded)
                    let slots = rows.indices.reversed().map { UInt32($0) }
                    var gathered = [Float](repeating: .nan, count: rows.count)
                    coded.kernel.gather(encoded, slots: slots, count: rows.count, into: &gathered)
                    #expect(gathered.reversed() == estimates, "\(set), \(dimensions) dimensions")
                    let common = Self.commonDeviation(encoded, of: coded)
                    for (i, estimate) in estimates.enumerated() {
                        let distance = DistanceOracle.distance(query, rows[i], metric)
                        let deviation = Double(
                            coded.kernel.deviation(of: UInt32(i), at: Float(distance), from: encoded))
                        // From a vector to its own row all terms of the Manhattan distance err to one side.
                        if metric == .manhattan, distance == 0 {
                            #expect(Double(estimate) <= deviation * Double(dimensions).squareRoot() * 1.001)
                            continue
                        }
                        let error = abs(Double(estimate) - distance)
                        let rounding = DistanceOracle.tolerance(query, rows[i], metric) + 1e-6
                        #expect(
                            error <= Self.most * (deviation + common) + rounding,
                            "\(set), \(dimensions) dimensions, row \(i): off by \(error), deviation \(deviation)")
                        if deviation > 10 * rounding {
                            squares.append(error * error / (deviation * deviation + common * common))
                        }
                    }
                }
                // Not only within it, but about as large: a deviation that is too large would cost time.
                guard dimensions >= 15, squares.count >= 100 else { continue }
                let mean = squares.reduce(0, +) / Double(squares.count)
                #expect((0.1...2).contains(mean), "\(set), \(dimensions) dimensions: \(mean) of the expected variance")
            }
        }
    }

    @Test(
        "A row that asks is answered as the vector that it stands for", arguments: kinds,
        [Metric.squaredEuclidean, .innerProduct, .cosine, .manhattan])
    func rowsAsQueries(codes: VectorCodes, metric: Metric) {
        for dimensions in testedDimensions {
            var generator = SeededGenerator(seed: UInt64(dimensions + 100))
            let rows = Self.vectors(count: 21, dimensions: dimensions, metric: metric, using: &generator)
            let share = 1 / Double(dimensions).squareRoot()
            for set in InstructionSet.supported {
                let coded = CodedVectors(rows, by: RowQuantizer(codes, metric: metric, of: rows, set: set))
                func length(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
                for asking in [0, 1, 20] {
                    let query = coded.query(ofRow: asking)
                    let common = Self.commonDeviation(query, of: coded)
                    let askingError = Double(coded.row(asking).terms.error)
                    for (i, estimate) in coded.scanned(query).enumerated() where i != asking {
                        let distance = DistanceOracle.distance(rows[asking], rows[i], metric)
                        let byRow = Double(coded.kernel.deviation(of: UInt32(i), at: Float(distance), from: query))
                        let error = Double(coded.row(i).terms.error)
                        // What is not known of the row that asks.
                        let byQuery =
                            switch metric {
                            case .manhattan: askingError
                            case .innerProduct: (length(coded.remainder(i)) + error) * askingError * share
                            case .squaredEuclidean: 2 * (distance.squareRoot() + error) * askingError * share
                            case .cosine: ((2 * distance).squareRoot() + error) * askingError * share
                            }
                        let rounding = DistanceOracle.tolerance(rows[asking], rows[i], metric) + 2e-6
                        let off = abs(Double(estimate) - distance)
                        #expect(
                            off <= Self.most * (byRow + byQuery + common) + rounding,
                            "\(set), \(dimensions) dimensions, rows \(asking) and \(i): off by \(off)")
                    }
                }
            }
        }
    }

    @Test("Of rows near to a query the nearer is estimated nearer, wherever they lie", arguments: kinds)
    func orderFarFromCenter(codes: VectorCodes) {
        let dimensions = 128
        var generator = SeededGenerator(seed: 41)
        let place = generator.vector(dimensions: dimensions).map { $0 * 5 }
        let direction = generator.vector(dimensions: dimensions).normalized
        // 2, 4, ... from the place.
        let rows = (1...10).map { step in zip(place, direction).map { $0 + 2 * Float(step) * $1 } }
        let center = [Float](repeating: 0, count: dimensions)
        for set in InstructionSet.supported {
            let quantizer = RowQuantizer(codes, metric: .squaredEuclidean, center: center, instructionSet: set)
            let coded = CodedVectors(rows, by: quantizer)
            let estimates = coded.scanned(coded.query(of: place))
            #expect(estimates == estimates.sorted(), "\(set)")
        }
    }

    @Test("Distances that overflow, and those of rows that hold no numbers, are the largest there is", arguments: kinds)
    func overflow(codes: VectorCodes) {
        let dimensions = 20
        for metric in Metric.allCases where metric != .manhattan {
            for set in InstructionSet.supported {
                let center = [Float](repeating: 0, count: dimensions)
                let quantizer = RowQuantizer(codes, metric: metric, center: center, instructionSet: set)
                let coded = CodedVectors(
                    (0..<7).map { _ in [Float](repeating: 1, count: dimensions) }, by: quantizer)
                // A term of any four rows that are computed together, and of one alone.
                for row in [1, 6] {
                    UnsafeMutableRawPointer(mutating: coded.termsAddress(row))
                        .storeBytes(of: .nan, toByteOffset: 4, as: Float.self)
                }
                let estimates = coded.scanned(coded.query(of: [Float](repeating: 1, count: dimensions)))
                for (i, estimate) in estimates.enumerated() {
                    #expect(
                        i % 5 == 1 ? estimate == .greatestFiniteMagnitude : abs(estimate) < 100, "\(set), \(metric)")
                }
            }
        }
    }
}
