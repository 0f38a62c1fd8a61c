// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DistanceKernels

@Suite("A row quantizer")
struct RowQuantizerTests {
    private static let kinds: [VectorCodes] = [.int8, .int4]

    /// Random vectors. Some hold one value far beyond the others, or lie far from all.
    private static func hostile(count: Int, dimensions: Int, metric: Metric, seed: UInt64) -> [[Float]] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { i in
            var vector = generator.vector(dimensions: dimensions)
            switch i % 5 {
            case 1: vector[i % dimensions] = 300
            case 2: vector = vector.map { $0 + 50 }
            case 3: vector = vector.map { $0 * $0 * $0 * $0 * $0 }
            default: break
            }
            return metric == .cosine ? vector.normalized : vector
        }
    }

    @Test("No value is clipped: each is off by half a step of its vector", arguments: kinds, Metric.allCases)
    func nothingIsClipped(codes: VectorCodes, metric: Metric) {
        for dimensions in testedDimensions {
            let vectors = Self.hostile(count: 40, dimensions: dimensions, metric: metric, seed: UInt64(dimensions))
            for set in InstructionSet.supported {
                let coded = CodedVectors(vectors, by: RowQuantizer(codes, metric: metric, of: vectors, set: set))
                for i in vectors.indices {
                    let (r, g) = (coded.remainder(i), coded.coded(i))
                    let (least, greatest) = (r.min() ?? 0, r.max() ?? 0)
                    let longest = max(abs(least), abs(greatest))
                    let step = (greatest - least) / (codes == .int4 ? 15 : 255)
                    // Of all but Manhattan, g is scaled.
                    let scale =
                        step > 0 ? Double(coded.row(i).terms.step) / step : Double(coded.row(i).terms.low) / least
                    if metric == .manhattan { #expect(abs(scale - 1) < 1e-5) }
                    for (a, b) in zip(r, g) {
                        let place: Comment = "\(set), vector \(i) of \(dimensions) dimensions"
                        #expect(
                            abs(a - b / (least == 0 && step == 0 ? 1 : scale)) <= 0.501 * step + 1e-6 * longest, place)
                    }
                }
            }
        }
    }

    @Test(
        "What the codes leave of a vector is at a right angle to it, and the terms have its length", arguments: kinds,
        Metric.allCases)
    func unbiased(codes: VectorCodes, metric: Metric) {
        for dimensions in testedDimensions {
            let vectors = Self.hostile(count: 40, dimensions: dimensions, metric: metric, seed: UInt64(dimensions + 1))
            for set in InstructionSet.supported {
                let coded = CodedVectors(vectors, by: RowQuantizer(codes, metric: metric, of: vectors, set: set))
                for i in vectors.indices {
                    let (r, g) = (coded.remainder(i), coded.coded(i))
                    let left = zip(r, g).map { $0 - $1 }
                    let squared = r.reduce(0) { $0 + $1 * $1 }
                    let error = left.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    let place: Comment = "\(set), vector \(i) of \(dimensions) dimensions"
                    #expect(
                        abs(Double(coded.row(i).terms.error) - error) <= 1e-3 * error + 1e-6 * squared.squareRoot(),
                        place)
                    if metric == .manhattan { continue }
                    #expect(abs(zip(r, left).reduce(0) { $0 + $1.0 * $1.1 }) <= 2e-6 * squared, place)
                }
            }
        }
    }

    @Test("Remainders leave a 28th of a step of what they reach, and are written to no byte behind")
    func remainders() {
        // CK_REMAINDER_WIDTH / 16 from one to the next, from 8 below to 7 above the code.
        let part = 1.125 / 16
        for dimensions in testedDimensions {
            let vectors = Self.hostile(count: 40, dimensions: dimensions, metric: .manhattan, seed: UInt64(dimensions))
            for metric in [Metric.manhattan, .squaredEuclidean] {
                for set in InstructionSet.supported {
                    let quantizer = RowQuantizer(.int4, metric: metric, of: vectors, set: set)
                    let coded = CodedVectors(vectors, by: quantizer)
                    for i in vectors.indices {
                        let (step, r, g) = (Double(coded.row(i).terms.step), coded.remainder(i), coded.coded(i))
                        let (decoded, padding) = coded.decoded(i)
                        #expect(padding.allSatisfy { $0.bitPattern == 0 })
                        for d in 0..<dimensions {
                            let beyond = max((r[d] - g[d]) - 7 * part * step, (g[d] - r[d]) - 8 * part * step, 0)
                            let rounding =
                                1e-6 * Double(max(abs(vectors[i][d]), abs(quantizer.center[d]))) + 1e-5 * step
                            let error = abs(Double(decoded[d]) - Double(vectors[i][d]))
                            #expect(
                                error <= max(beyond, 0.5 * part * step) + rounding + 1e-4 * step,
                                "\(set), vector \(i) of \(dimensions) dimensions")
                        }
                    }
                }
            }
        }
    }

    @Test("Equal vectors have equal rows, also in memory that was used before", arguments: kinds, Metric.allCases)
    func equalVectors(codes: VectorCodes, metric: Metric) {
        for dimensions in testedDimensions {
            let some = Self.hostile(count: 10, dimensions: dimensions, metric: metric, seed: UInt64(dimensions))
            let vectors = some + some.reversed()
            for set in InstructionSet.supported {
                let coded = CodedVectors(vectors, by: RowQuantizer(codes, metric: metric, of: vectors, set: set))
                for i in 0..<10 {
                    #expect(coded.bytes(i) == coded.bytes(19 - i), "\(set), \(dimensions) dimensions")
                    #expect(coded.row(i).hasRange(of: coded.row(19 - i)))
                    #expect(coded.decoded(i).vector == coded.decoded(19 - i).vector)
                }
            }
        }
    }

    @Test("Vectors of any length are given back finite, and near to what they were", arguments: kinds, Metric.allCases)
    func extremeLengths(codes: VectorCodes, metric: Metric) {
        let dimensions = 24
        var generator = SeededGenerator(seed: 7)
        // The longest vector that an index takes has a squared length of 2¹²⁵.
        let longest = Float(0x1p62) / Float(dimensions).squareRoot()
        let factors = [0, 0x1p-149, 0x1p-140, 0x1p-126, 0x1p-100, 0x1p-60, 1e-12, 1, 1e12, 0x1p50, longest]
        var vectors = factors.flatMap { factor in
            (0..<4).map { _ in generator.vector(dimensions: dimensions).map { $0 * factor } }
        }
        vectors += factors.map { [Float](repeating: $0, count: dimensions) }
        if metric == .cosine { vectors = vectors.filter { $0.contains { $0 != 0 } }.map(\.normalized) }
        for center in [[Float](repeating: 0, count: dimensions), generator.vector(dimensions: dimensions)] {
            for set in InstructionSet.supported {
                let quantizer = RowQuantizer(codes, metric: metric, center: center, instructionSet: set)
                let coded = CodedVectors(vectors, by: quantizer)
                for i in vectors.indices {
                    let terms = coded.row(i).terms
                    #expect(terms.low.isFinite && terms.step.isFinite && terms.error.isFinite && !terms.constant.isNaN)
                    let decoded = coded.decoded(i).vector
                    let r = coded.remainder(i)
                    let range = (r.max() ?? 0) - (r.min() ?? 0)
                    let length = r.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    let share = codes == .int4 ? 0.02 : 0.004
                    for (a, b) in zip(decoded, vectors[i]) {
                        // Ranges below 2⁻¹²⁰ are one value.
                        #expect(
                            abs(Double(a) - Double(b)) <= share * length + 0.01 * range + 0x1p-119,
                            "\(set), vector \(i): \(b) became \(a)")
                    }
                }
            }
        }
    }

    @Test("Under cosine a decoded vector has length 1", arguments: kinds, InstructionSet.supported)
    func unitLength(codes: VectorCodes, set: InstructionSet) {
        for dimensions in testedDimensions where dimensions > 1 {
            let vectors = Self.hostile(count: 50, dimensions: dimensions, metric: .cosine, seed: 8)
            let coded = CodedVectors(vectors, by: RowQuantizer(codes, metric: .cosine, of: vectors, set: set))
            for i in vectors.indices {
                let length = coded.decoded(i).vector.reduce(0.0) { $0 + Double($1) * Double($1) }
                #expect(abs(length - 1) < 1e-5, "\(dimensions) dimensions")
            }
        }
    }

    @Test("A few vectors far off do not move the center")
    func center() {
        let dimensions = 16
        var generator = SeededGenerator(seed: 9)
        var vectors = (0..<400).map { _ in generator.vector(dimensions: dimensions).map { $0 + 3 } }
        let clean = RowQuantizer(.int8, metric: .manhattan, of: vectors).center
        #expect(clean.allSatisfy { abs($0 - 3) < 0.1 })
        for i in stride(from: 0, to: 400, by: 100) { vectors[i] = vectors[i].map { $0 - 1e8 } }
        let spoiled = RowQuantizer(.int8, metric: .manhattan, of: vectors).center
        #expect(zip(clean, spoiled).allSatisfy { abs($0 - $1) < 0.05 })
        let one = [[0.5, -1, 2] as [Float]]
        #expect(RowQuantizer(.int4, metric: .manhattan, of: one).center == one[0])
    }

    @Test("A row whose vector is kept whole says where, keeps its range, and bounds its error")
    func kept() {
        let vectors = Self.hostile(count: 20, dimensions: 31, metric: .squaredEuclidean, seed: 10)
        for codes in Self.kinds {
            let coded = CodedVectors(vectors, by: RowQuantizer(codes, metric: .squaredEuclidean, of: vectors))
            for (i, place) in [0, 1, 0x7FFF_FFFF].enumerated() as EnumeratedSequence<[UInt32]> {
                let before = coded.row(i)
                let error = before.error(dimensions: 31)
                #expect(before.keptRow == nil && error == before.terms.error)
                CodedRow.setKept(
                    place, terms: UnsafeMutableRawPointer(mutating: coded.termsAddress(i)))
                #expect(coded.row(i).keptRow == place)
                #expect(coded.row(i).hasRange(of: before))
                #expect(coded.row(i).error(dimensions: 31) >= 0.99 * error)
            }
        }
    }

    @Test(
        "Terms lie in a row where its last cache line has room for them, else apart",
        arguments: [
            (VectorCodes.int8, 1, 64, true), (.int8, 48, 64, true), (.int8, 49, 64, false), (.int8, 64, 64, false),
            (.int8, 100, 128, true), (.int8, 128, 128, false), (.int4, 1, 64, true), (.int4, 96, 64, true),
            (.int4, 100, 64, false), (.int4, 128, 64, false), (.int4, 129, 128, true), (.int4, 769, 448, true),
        ])
    func layout(codes: VectorCodes, dimensions: Int, stride: Int, isInRow: Bool) {
        let layout = CodeRowLayout(codes, dimensions: dimensions)
        #expect(layout.stride == stride && layout.termsAreInRows == isInRow)
        #expect(layout.termsStride == (isInRow ? stride : 16) && layout.termsOffset == (isInRow ? stride - 16 : nil))
    }
}
