// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import DistanceKernels

/// Vectors as rows of codes with their terms and remainders, and the kernel over them. Bytes that no row may look at are random.
final class CodedVectors {
    let vectors: [[Float]]
    let quantizer: RowQuantizer
    let layout: CodeRowLayout
    let kernel: CodeKernel

    private let codes: UnsafeMutablePointer<UInt8>
    private let terms: UnsafeMutablePointer<UInt8>
    private let remainders: UnsafeMutablePointer<UInt8>
    private let space: UnsafeMutablePointer<UInt8>

    init(_ vectors: [[Float]], by quantizer: RowQuantizer) {
        self.vectors = vectors
        self.quantizer = quantizer
        layout = CodeRowLayout(quantizer.codes, dimensions: quantizer.dimensions)
        let count = vectors.count
        codes = Self.garbage(count * layout.stride)
        let apart = Self.garbage(count * CodeRowLayout.termsBytes)
        if let offset = layout.termsOffset { terms = codes + offset } else { terms = apart }
        remainders = Self.garbage(count * (quantizer.remainderBytes + 1))
        kernel = CodeKernel(quantizer, codes: codes, terms: terms, layout: layout)
        space = Self.garbage(kernel.queryLength)
        owned = [codes, apart, remainders, space]
        for i in vectors.indices { encode(i) }
    }

    private let owned: [UnsafeMutablePointer<UInt8>]

    deinit { for memory in owned { memory.deallocate() } }

    private static func garbage(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        var generator = SeededGenerator(seed: 99)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 64), alignment: 64)
            .bindMemory(to: UInt8.self, capacity: max(count, 64))
        for i in 0..<max(count, 64) { (memory + i).initialize(to: UInt8.random(in: 0...255, using: &generator)) }
        return memory
    }

    /// Encodes a vector to its row again.
    func encode(_ index: Int) {
        quantizer.encode(vectors[index], into: codes + index * layout.stride, terms: terms + index * layout.termsStride)
        quantizer.encodeRemainders(of: vectors[index], row: row(index), into: remainderRow(index))
    }

    func row(_ index: Int) -> CodedRow { kernel.row(UInt32(index)) }

    func termsAddress(_ index: Int) -> UnsafeRawPointer { UnsafeRawPointer(terms + index * layout.termsStride) }

    private func remainderRow(_ index: Int) -> UnsafeMutablePointer<UInt8> {
        remainders + index * (quantizer.remainderBytes + 1)
    }

    /// The code of each value of a row.
    func codes(_ index: Int) -> [Int] {
        let (bytes, dimensions) = (row(index).codes, quantizer.dimensions)
        guard quantizer.codes == .int4 else { return (0..<dimensions).map { Int(bytes[$0]) } }
        let half = (dimensions + 1) / 2
        return (0..<dimensions).map { Int($0 < half ? bytes[$0] & 15 : bytes[$0 - half] >> 4) }
    }

    /// All bytes that a row has, its terms and remainders included.
    func bytes(_ index: Int) -> [UInt8] {
        let codeBytes = quantizer.codes.byteCount(dimensions: quantizer.dimensions)
        let termBytes = withUnsafeBytes(of: row(index).terms) { Array($0) }
        return Array(UnsafeBufferPointer(start: row(index).codes, count: codeBytes)) + termBytes
            + UnsafeBufferPointer(start: remainderRow(index), count: quantizer.remainderBytes)
    }

    /// The remainder `r = x - c` of a vector.
    func remainder(_ index: Int) -> [Double] {
        zip(vectors[index], quantizer.center).map { Double($0 - $1) }
    }

    /// `g`, what the codes alone say of the remainder.
    func coded(_ index: Int) -> [Double] {
        let terms = row(index).terms
        return codes(index).map { Double(terms.low) + Double(terms.step) * Double($0) }
    }

    /// The vector that a row and its remainders stand for; what lies behind its values.
    func decoded(_ index: Int) -> (vector: [Float], padding: [Float]) {
        let padded = (quantizer.dimensions + 15) / 16 * 16
        var vector = [Float](repeating: 0, count: padded)
        quantizer.decode(row(index), remainders: remainderRow(index), paddedDimensions: padded, into: &vector)
        return (Array(vector.prefix(quantizer.dimensions)), Array(vector.suffix(padded - quantizer.dimensions)))
    }

    /// A query by a vector.
    func query(of vector: [Float]) -> UnsafePointer<UInt8> { kernel.query(of: vector, space: space) }

    /// A query by a row.
    func query(ofRow index: Int) -> UnsafePointer<UInt8> { kernel.query(ofRow: UInt32(index), space: space) }

    /// The distances from a query to all rows, by `scan`.
    func scanned(_ query: UnsafePointer<UInt8>) -> [Float] {
        var distances = [Float](repeating: .nan, count: vectors.count)
        kernel.scan(query, first: 0, count: vectors.count, into: &distances)
        return distances
    }
}

extension RowQuantizer {
    /// What rounds vectors about their own center.
    init(_ codes: VectorCodes, metric: Metric, of vectors: [[Float]], set: InstructionSet = .portable) {
        let dimensions = vectors[0].count
        let center = vectors.flatMap { $0 }.withUnsafeBufferPointer { values in
            RowQuantizer.center(
                of: vectors.indices.map { values.baseAddress! + $0 * dimensions }, dimensions: dimensions)
        }
        self.init(codes, metric: metric, center: center, instructionSet: set)
    }
}

extension [Float] {
    /// The vector with length 1.
    var normalized: [Float] {
        let length = reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return map { Float(Double($0) / length) }
    }
}
