// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

@testable import DistanceKernels

@Suite("A vector decoder")
struct VectorDecoderTests {
    private static let kinds: [VectorCodes] = [.int8, .int4]

    /// Decodes what it has encoded.
    private struct Fixture {
        let quantizer: ScalarQuantizer
        let decoder: VectorDecoder

        init(
            _ codes: VectorCodes, metric: Metric = .squaredEuclidean, values: [Float], dimensions: Int,
            set: InstructionSet = .portable
        ) {
            (quantizer, decoder) = values.withUnsafeBufferPointer { buffer in
                let sample = (0..<values.count / dimensions).map { buffer.baseAddress! + $0 * dimensions }
                let quantizer = ScalarQuantizer(codes, metric: metric, dimensions: dimensions, sample: sample)
                return (quantizer, VectorDecoder(quantizer, metric: metric, instructionSet: set))
            }
        }

        func roundTrip(_ vector: [Float]) -> [Float] {
            let dimensions = quantizer.dimensions
            var codes = [UInt8](repeating: 0, count: quantizer.codes.byteCount(dimensions: dimensions))
            var residuals = [UInt8](repeating: 0xEE, count: decoder.residualBytes + 1)
            quantizer.encode(vector, into: &codes)
            decoder.encodeResiduals(of: vector, codes: codes, into: &residuals)
            #expect(residuals.last == 0xEE, "a byte too far")
            var decoded = [Float](repeating: 0, count: (dimensions + 15) / 16 * 16)
            decoder.decode(codes: codes, residuals: residuals, paddedDimensions: decoded.count, into: &decoded)
            #expect(decoded.dropFirst(dimensions).allSatisfy { $0.bitPattern == 0 }, "a value too far")
            return Array(decoded.prefix(dimensions))
        }

        /// How far the decoded value may be off, in units of the scale.
        func bound(_ value: Float, _ d: Int) -> Float {
            let steps = (value - quantizer.offsets[d]) / quantizer.scale
            let levels = Float(quantizer.codes.largestCode)
            guard quantizer.codes == .int4 else { return max(0.5, -steps, steps - levels) + 1e-3 }
            let width = VectorDecoder.endWidth
            if (0.5 + 1e-3..<levels - 0.5 - 1e-3).contains(steps) { return 1 / 32 + 1e-3 }
            return max(width / 32, 0.5 - width - steps, steps - (levels - 0.5 + width)) + width / 32 + 1e-3
        }
    }

    @Test("A decoded value is off by a 32nd of a step, at the ends of the range a little more", arguments: kinds)
    func errorBound(codes: VectorCodes) {
        for dimensions in [1, 2, 7, 8, 9, 15, 16, 17, 31, 128, 769] {
            var generator = SeededGenerator(seed: UInt64(dimensions))
            let values = generator.vectors(count: 200, dimensions: dimensions).map { $0 * abs($0) }
            let fixture = Fixture(codes, values: values, dimensions: dimensions)
            for i in 0..<200 {
                let factor: Float = i % 10 == 0 ? 3 : 1
                let vector = values[i * dimensions..<(i + 1) * dimensions].map { $0 * factor }
                for (d, value) in fixture.roundTrip(vector).enumerated() {
                    let error = abs(value - vector[d]) / fixture.quantizer.scale
                    let bound = fixture.bound(vector[d], d)
                    #expect(error <= bound, "dimension \(d) of \(dimensions): \(vector[d]) became \(value)")
                }
            }
        }
    }

    @Test("Two planes of 4 bits lose little of what one loses, of long tails too")
    func residuals() {
        var generator = SeededGenerator(seed: 3)
        let dimensions = 64
        let uniform = generator.vectors(count: 500, dimensions: dimensions)
        for (name, values) in ["uniform": uniform, "tailed": uniform.map { $0 * $0 * $0 * $0 * $0 }] {
            let fixture = Fixture(.int4, values: values, dimensions: dimensions)
            var errors: [Double] = []
            for i in 0..<500 {
                let vector = Array(values[i * dimensions..<(i + 1) * dimensions])
                errors.append(DistanceOracle.distance(vector, fixture.roundTrip(vector), .squaredEuclidean))
            }
            let median = errors.sorted()[250]
            #expect(median < fixture.quantizer.error / 20, "\(name): \(median) of \(fixture.quantizer.error)")
        }
    }

    @Test("Data that is constant, far off, equal or tiny is decoded to finite values beside it", arguments: kinds)
    func hostileData(codes: VectorCodes) {
        let dimensions = 17
        var generator = SeededGenerator(seed: 5)
        let random = generator.vectors(count: 300, dimensions: dimensions)
        var constant = random
        var outliers = random
        for i in 0..<300 {
            constant[i * dimensions + 3] = 0.25
            if i % 100 == 0 { outliers[i * dimensions + 5] = 1e8 }
        }
        let data: [String: [Float]] = [
            "constant dimension": constant, "outliers": outliers,
            "equal": [Float](repeating: 0.5, count: 300 * dimensions), "one": Array(random.prefix(dimensions)),
            "zeros": [Float](repeating: 0, count: 300 * dimensions), "denormal": random.map { $0 * 0x1p-135 },
            "huge": random.map { $0 * 1e16 },
        ]
        for (name, values) in data {
            let fixture = Fixture(codes, values: values, dimensions: dimensions)
            for i in stride(from: 1, to: values.count / dimensions, by: 7) {
                let vector = Array(values[i * dimensions..<(i + 1) * dimensions])
                for (d, value) in fixture.roundTrip(vector).enumerated() {
                    let bound = fixture.bound(vector[d], d) * fixture.quantizer.scale + abs(vector[d]) * 1e-6
                    #expect(
                        value.isFinite && (vector[d] > 1e7 || abs(value - vector[d]) <= bound), "\(name), \(i), \(d)")
                }
            }
        }
    }

    @Test("Under cosine a decoded vector has length 1", arguments: kinds, InstructionSet.supported)
    func unitLength(codes: VectorCodes, set: InstructionSet) {
        let dimensions = 33
        var generator = SeededGenerator(seed: 6)
        let values = (0..<200).flatMap { _ -> [Float] in
            let vector = generator.vector(dimensions: dimensions)
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / norm }
        }
        let fixture = Fixture(codes, metric: .cosine, values: values, dimensions: dimensions, set: set)
        for i in 0..<200 {
            let decoded = fixture.roundTrip(Array(values[i * dimensions..<(i + 1) * dimensions]))
            #expect(abs(decoded.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        }
    }

    @Test("Every table decodes to the same bits, and touches no byte behind the codes or the values")
    func tables() throws {
        for n in Array(1...40) + [63, 65, 127, 128, 129, 769] {
            var generator = SeededGenerator(seed: UInt64(n))
            let bytes = (n + 1) / 2
            let nibbles = try GuardedArray((0..<bytes).map { _ in UInt8.random(in: 0...255, using: &generator) })
            let residuals = try GuardedArray((0..<bytes).map { _ in UInt8.random(in: 0...255, using: &generator) })
            let codes = try GuardedArray((0..<n).map { _ in UInt8.random(in: 0...127, using: &generator) })
            let offsets = try GuardedArray(generator.vector(dimensions: n))
            let values = try GuardedArray([Float](repeating: .nan, count: n))
            var expected: [[UInt32]] = []
            for i in (0..<ck_code_table_count()).reversed() {
                let table = try #require(ck_code_table_at(i)).pointee
                guard table.required_features & ~ck_features() == 0 else { continue }
                var decoded: [[UInt32]] = []
                table.decode_nibbles(nibbles.base, residuals.base, n, offsets.base, 0.37, 5, values.base)
                decoded.append((0..<n).map { values.base[$0].bitPattern })
                table.decode_bytes(codes.base, n, offsets.base, 0.37, values.base)
                decoded.append((0..<n).map { values.base[$0].bitPattern })
                if expected.isEmpty { expected = decoded }
                #expect(decoded == expected, "\(String(cString: table.name)), n \(n)")
            }
            // What is decoded is encoded to the same codes.
            let table = try #require(ck_code_table_named("portable")).pointee
            table.decode_nibbles(nibbles.base, residuals.base, n, offsets.base, 0.37, 5, values.base)
            let codesAgain = try GuardedArray([UInt8](repeating: 0, count: bytes))
            let residualsAgain = try GuardedArray([UInt8](repeating: 0, count: bytes))
            ck_encode_nibbles(values.base, n, offsets.base, 1 / 0.37, codesAgain.base)
            ck_encode_residuals(values.base, n, offsets.base, 1 / 0.37, 5, codesAgain.base, residualsAgain.base)
            for d in 0..<n {
                let shift = UInt8(d % 2 * 4)
                #expect(codesAgain.base[d / 2] >> shift & 15 == nibbles.base[d / 2] >> shift & 15)
                #expect(residualsAgain.base[d / 2] >> shift & 15 == residuals.base[d / 2] >> shift & 15)
            }
        }
    }
}
