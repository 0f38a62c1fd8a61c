// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DistanceKernels

@Suite("A scalar quantizer")
struct ScalarQuantizerTests {
    private static func withSample<Result>(
        _ values: [Float], dimensions: Int, _ body: ([UnsafePointer<Float>]) throws -> Result
    ) rethrows -> Result {
        try values.withUnsafeBufferPointer { buffer in
            try body((0..<values.count / dimensions).map { buffer.baseAddress! + $0 * dimensions })
        }
    }

    private static func decoded(_ bytes: [UInt8], _ quantizer: ScalarQuantizer) -> [Float] {
        (0..<quantizer.dimensions).map { d in
            let code = quantizer.codes == .int4 ? bytes[d / 2] >> (d % 2 == 0 ? 0 : 4) & 15 : bytes[d]
            return quantizer.offsets[d] + quantizer.scale * Float(code)
        }
    }

    @Test(
        "A value in the range is off by half a scale at most, one beyond it gets the end",
        arguments: [VectorCodes.int8, .int4])
    func roundTrip(codes: VectorCodes) throws {
        for dimensions in [1, 2, 7, 64, 101] {
            var generator = SeededGenerator(seed: UInt64(dimensions))
            let values = generator.vectors(count: 500, dimensions: dimensions)
            let quantizer = Self.withSample(values, dimensions: dimensions) {
                ScalarQuantizer(codes, metric: .squaredEuclidean, dimensions: dimensions, sample: $0)
            }
            let byteCount = codes.byteCount(dimensions: dimensions)
            let levels = Float(codes.largestCode)
            for i in 0..<500 {
                let vector = Array(values[i * dimensions..<(i + 1) * dimensions]).map { i % 10 == 0 ? $0 * 10 : $0 }
                var bytes = [UInt8](repeating: 0xEE, count: byteCount + 1)
                quantizer.encode(vector, into: &bytes)
                #expect(bytes[byteCount] == 0xEE, "a byte too far")
                for (d, value) in Self.decoded(bytes, quantizer).enumerated() {
                    let low = quantizer.offsets[d]
                    let nearest = max(low, min(low + levels * quantizer.scale, vector[d]))
                    #expect(abs(value - nearest) <= quantizer.scale * 0.5001 + 1e-6)
                }
            }
        }
    }

    @Test(
        "The scale with the smallest error is taken: a long tail gets a wider range",
        arguments: [VectorCodes.int8, .int4])
    func scale(codes: VectorCodes) {
        var generator = SeededGenerator(seed: 2)
        let uniform = generator.vectors(count: 400, dimensions: 16)
        let tailed = uniform.map { $0 * $0 * $0 * $0 * $0 * $0 * $0 }
        for values in [uniform, tailed] {
            Self.withSample(values, dimensions: 16) { sample in
                let quantizer = ScalarQuantizer(codes, metric: .squaredEuclidean, dimensions: 16, sample: sample)
                let error = quantizer.error(of: sample)
                #expect(error == quantizer.error)
                // The error of a value that is not clipped is uniform in half a scale on either side.
                #expect(error / 16 < 3 * Double(quantizer.scale * quantizer.scale) / 12)
            }
        }
        let widths = [uniform, tailed].map { values in
            Self.withSample(values, dimensions: 16) { sample -> Float in
                let quantizer = ScalarQuantizer(codes, metric: .squaredEuclidean, dimensions: 16, sample: sample)
                return quantizer.scale * Float(codes.largestCode) / quantizer.typicalNorm
            }
        }
        #expect(widths[1] > widths[0])
    }

    @Test("A few vectors far off do not spoil the codes of the others", arguments: [VectorCodes.int8, .int4])
    func outliers(codes: VectorCodes) {
        var generator = SeededGenerator(seed: 7)
        var values = generator.vectors(count: 400, dimensions: 16)
        let clean = Self.withSample(values, dimensions: 16) {
            ScalarQuantizer(codes, metric: .manhattan, dimensions: 16, sample: $0)
        }
        for i in stride(from: 0, to: 400, by: 100) { values[i * 16 + 5] = 1e8 }
        let spoiled = Self.withSample(values, dimensions: 16) {
            ScalarQuantizer(codes, metric: .manhattan, dimensions: 16, sample: $0)
        }
        #expect(abs(spoiled.scale - clean.scale) <= 0.3 * clean.scale)
    }

    @Test("Values that are never negative use the range of codes to one side", arguments: [VectorCodes.int8, .int4])
    func skewed(codes: VectorCodes) {
        var generator = SeededGenerator(seed: 8)
        let values = generator.vectors(count: 400, dimensions: 16).map { $0 < 0 ? 0 : $0 * $0 * 200 }
        Self.withSample(values, dimensions: 16) { sample in
            let quantizer = ScalarQuantizer(codes, metric: .squaredEuclidean, dimensions: 16, sample: sample)
            let low = quantizer.offsets.min() ?? 0
            let high = (quantizer.offsets.max() ?? 0) + quantizer.scale * Float(codes.largestCode)
            #expect(low > -0.7 * high, "from \(low) to \(high)")
        }
    }

    @Test("Distances of codes are those of what they stand for", arguments: [VectorCodes.int8, .int4], Metric.allCases)
    func codeDistances(codes: VectorCodes, metric: Metric) {
        let dimensions = 33
        var generator = SeededGenerator(seed: 3)
        let values = generator.vectors(count: 300, dimensions: dimensions)
        let quantizer = Self.withSample(values, dimensions: dimensions) {
            ScalarQuantizer(codes, metric: metric, dimensions: dimensions, sample: $0)
        }
        let stride = CodeKernel.rowStride(codes, dimensions: dimensions, metric: metric)
        let rows = UnsafeMutablePointer<UInt8>.allocate(capacity: 20 * stride)
        defer { rows.deallocate() }
        rows.initialize(repeating: 0, count: 20 * stride)
        for set in InstructionSet.supported {
            let kernel = CodeKernel(codes, metric: metric, rows: rows, dimensions: dimensions, instructionSet: set)
            var decoded: [[Float]] = []
            for i in 0..<20 {
                let vector = Array(values[i * dimensions..<(i + 1) * dimensions])
                kernel.encode(vector, by: quantizer, into: rows + i * stride)
                let bytes = Array(UnsafeBufferPointer(start: rows + i * stride, count: stride))
                decoded.append(Self.decoded(bytes, quantizer))
            }
            let slots = (0..<20).map { UInt32(19 - $0) }
            var gathered = [Float](repeating: 0, count: 20)
            kernel.gather(kernel.row(3), slots: slots, count: 20, into: &gathered)
            var scanned = [Float](repeating: 0, count: 20)
            kernel.scan(kernel.row(3), first: 0, count: 20, into: &scanned)
            #expect(gathered.reversed() == scanned)
            for i in 0..<20 {
                #expect(kernel.pair(kernel.row(3), kernel.row(UInt32(i))) == scanned[i])
                let scale = Double(quantizer.scale)
                let measured: Metric = metric == .cosine ? .squaredEuclidean : metric
                let expected = DistanceOracle.distance(decoded[3], decoded[i], measured)
                switch metric {
                case .manhattan: #expect(abs(Double(scanned[i]) * scale - expected) < 1e-3)
                case .squaredEuclidean, .cosine: #expect(abs(Double(scanned[i]) * scale * scale - expected) < 1e-3)
                case .innerProduct:
                    // But for the product of the offsets, and a bias that is rounded to an integer for each.
                    let constant = quantizer.offsets.reduce(0) { $0 + Double($1) * Double($1) }
                    #expect(abs(Double(scanned[i]) * scale * scale - constant - expected) < 1.5 * scale * scale)
                }
            }
        }
    }
}
