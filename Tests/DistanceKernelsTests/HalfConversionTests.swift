// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import TestSupport
import Testing

/// The half nearest to a float, the even one of two, by the definition: halves of one sign sort as their bits do.
private func half(nearestTo value: Float) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let magnitude = Double(value.magnitude)
    guard magnitude < 65_536 else { return sign | 0x7C00 }
    func double(_ bits: UInt16) -> Double { bits == 0x7C00 ? 65_536 : Double(float(fromHalf: bits)) }
    var (below, above) = (0 as UInt16, 0x7C00 as UInt16)
    while above - below > 1 {
        let middle = (below + above) / 2
        if double(middle) <= magnitude { below = middle } else { above = middle }
    }
    let (down, up) = (magnitude - double(below), double(above) - magnitude)
    return sign | (down < up || down == up && below % 2 == 0 ? below : above)
}

@Suite("Conversion to half precision")
struct HalfConversionTests {
    private static func narrowed(_ values: [Float], _ table: String) throws -> [UInt16] {
        let table = try #require(ck_half_table_named(table)).pointee
        var row = [UInt16](repeating: 0x1234, count: values.count)
        table.narrow(values, &row, values.count)
        return row
    }

    @Test("Every half is widened to its value and narrowed to itself", arguments: supportedHalfTables)
    func allHalves(name: String) throws {
        let table = try #require(ck_half_table_named(name)).pointee
        let halves = (0...UInt16.max).filter { $0 & 0x7FFF <= 0x7C00 }
        var widened = [Float](repeating: .nan, count: halves.count)
        table.widen(halves, &widened, halves.count)
        #expect(try Self.narrowed(widened, name) == halves)
        #expect(zip(halves, widened).allSatisfy { half(nearestTo: $1) == $0 })
        #expect(widened.max() == .infinity && widened.filter(\.isFinite).max() == 65_504)
    }

    @Test("A float becomes the nearest half, the even one of two", arguments: supportedHalfTables)
    func nearest(table: String) throws {
        var generator = SeededGenerator(seed: 411)
        var values: [Float] = [
            0, -0.0, 65_504, 65_519.996, 65_520, -65_520, 65_536, 1e30, .infinity, -.infinity, 0x1p-14,
            Float(0x1p-14).nextDown, 0x1p-24, 0x1p-25, Float(0x1p-25).nextUp, 0x1.8p-24, 0x1.4p-23, 1e-30,
            .leastNonzeroMagnitude, .leastNormalMagnitude,
        ]
        // Halfway between two halves, and beside that.
        for bits in stride(from: 0, to: 0x7BFF as UInt16, by: 7) {
            let (low, high) = (float(fromHalf: bits), float(fromHalf: bits + 1))
            let middle = (low + high) / 2
            values += [middle, middle.nextUp, -middle.nextDown]
        }
        for _ in 0..<20_000 {
            values.append(Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator)))
            values.append(Float.random(in: -2..<2, using: &generator))
        }
        values.removeAll(where: \.isNaN)
        let wrong = zip(values, try Self.narrowed(values, table)).first { half(nearestTo: $0) != $1 }
        #expect(wrong == nil)
    }

    @Test("NaN stays NaN, and every table gives the same bits")
    func sameOnEveryTable() throws {
        var generator = SeededGenerator(seed: 412)
        let values = (0..<50_003).map { _ in Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator)) }
        let expected = try Self.narrowed(values, "portable")
        #expect(zip(values, expected).allSatisfy { !$0.isNaN || $1 & 0x7FFF > 0x7C00 })
        for table in supportedHalfTables { #expect(try Self.narrowed(values, table) == expected, "\(table)") }
    }

    @Test("Nothing is read or written beyond the values", arguments: supportedHalfTables)
    func bounds(name: String) throws {
        let table = try #require(ck_half_table_named(name)).pointee
        for n in boundaryDimensions {
            var generator = SeededGenerator(seed: UInt64(n))
            let values = generator.vector(dimensions: n)
            let vector = try GuardedArray(values)
            var row = [UInt16](repeating: 0x7777, count: n + 1)
            table.narrow(vector.base, &row, n)
            #expect(row.prefix(n).elementsEqual(values.map(half(nearestTo:))) && row[n] == 0x7777, "n \(n)")
            let halves = try GuardedArray(Array(row.prefix(n)))
            var widened = [Float](repeating: 7, count: n + 1)
            table.widen(halves.base, &widened, n)
            #expect(widened.prefix(n).map(half(nearestTo:)).elementsEqual(row.prefix(n)) && widened[n] == 7, "n \(n)")
        }
    }

    @Test(
        "A kernel measures from floats to rows in half precision", arguments: InstructionSet.supported, Metric.allCases)
    func kernel(set: InstructionSet, metric: Metric) throws {
        for dimensions in testedDimensions {
            var generator = SeededGenerator(seed: UInt64(dimensions))
            let padded = (dimensions + 15) / 16 * 16
            let stride = (dimensions + 31) / 32 * 32
            let precision = HalfPrecision(instructionSet: set)
            var rows = [UInt16](repeating: 0, count: 20 * stride)
            let vectors = (0..<20).map { _ in generator.vector(dimensions: dimensions) }
            for (i, vector) in vectors.enumerated() {
                rows.withUnsafeMutableBufferPointer {
                    precision.narrow(vector, count: dimensions, into: $0.baseAddress! + i * stride)
                }
            }
            let query = generator.vector(dimensions: dimensions)
            let paddedQuery = query + [Float](repeating: 0, count: padded - dimensions)
            rows.withUnsafeBufferPointer { rows in
                let kernel = Float16Kernel(
                    metric: metric, rows: rows.baseAddress!, paddedDimensions: padded, stride: stride,
                    precision: precision)
                var scanned = [Float](repeating: .nan, count: 20)
                kernel.scan(paddedQuery, first: 0, count: 20, into: &scanned)
                var gathered = scanned
                kernel.gather(paddedQuery, slots: (0..<20).reversed(), count: 20, into: &gathered)
                #expect(gathered.reversed() == scanned)
                var space = [Float](repeating: 0, count: kernel.queryLength)
                for (i, vector) in vectors.enumerated() {
                    space.withUnsafeMutableBufferPointer {
                        _ = kernel.query(ofRow: UInt32(i), space: $0.baseAddress!)
                    }
                    let stored = Array(space.prefix(dimensions))
                    #expect(stored == vector.map { float(fromHalf: half(nearestTo: $0)) })
                    // Rows are not of length 1.
                    let summed = metric == .cosine ? .innerProduct : metric
                    let expected = DistanceOracle.distance(query, stored, summed) + (metric == .cosine ? 1 : 0)
                    let tolerance = DistanceOracle.tolerance(query, stored, summed) + 0x1p-23
                    #expect(abs(Double(scanned[i]) - expected) <= tolerance)
                }
            }
        }
    }
}
