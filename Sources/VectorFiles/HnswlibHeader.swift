// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The first 96 bytes of a file of hnswlib, and the offsets that follow from them. ``HnswlibFile`` has the table.
struct HnswlibHeader {
    static let byteCount = 96

    let dimensions: Int
    let m: Int
    let efConstruction: Int
    let capacity: Int
    let count: Int

    /// The level of the entry point. -1 without elements.
    let maximumLevel: Int
    let entryPoint: Int?

    /// A list of neighbors on level 0: its count and mark, and places for `2 m` elements.
    var level0ListBytes: Int { 4 + 4 * 2 * m }

    /// A list of neighbors on any other level.
    var upperListBytes: Int { 4 + 4 * m }

    var vectorOffset: Int { level0ListBytes }
    var labelOffset: Int { vectorOffset + 4 * dimensions }
    var elementBytes: Int { labelOffset + 8 }

    /// The most neighbors of an element on a level.
    func maximumNeighbors(onLevel level: Int) -> Int { level == 0 ? 2 * m : m }

    /// The offset of an element's neighbors on level 0; its vector and its label follow.
    func offset(ofElement element: Int) -> Int { Self.byteCount + element * elementBytes }
}

// MARK: - Reading

extension HnswlibHeader {
    /// The sizes and counts that a header may have. Element numbers have 32 bits.
    private static let countRange = 0...UInt64(UInt32.max)

    /// Reads a header, and checks its fields against each other and against the length of the file.
    ///
    /// No product of accepted numbers overflows: there are at most 2³² elements of at most 4 × 65,536 + 8 × 32,767 + 12 bytes.
    init(_ data: Data, dimensions: Int) throws(Malformed) {
        guard VectorTable.dimensionsRange.contains(dimensions) else {
            throw Malformed("vectors of \(dimensions) dimensions are not read")
        }
        guard data.count >= Self.byteCount else {
            throw Malformed("\(data.count) bytes; the header of an hnswlib index takes \(Self.byteCount)")
        }
        self.dimensions = dimensions
        let bytes = data.bytes
        m = try Self.connections(bytes)
        capacity = try Self.number("max_elements", in: bytes, at: 8)
        count = try Self.number("cur_element_count", in: bytes, at: 16)
        efConstruction = try Self.number("ef_construction", in: bytes, at: 88)
        maximumLevel = Int(bytes.integer(Int32.self, at: 48))
        let entryPoint = bytes.integer(UInt32.self, at: 52)
        self.entryPoint = count > 0 ? Int(entryPoint) : nil

        guard count <= capacity else { throw Malformed("\(count) elements; max_elements is \(capacity)") }
        guard efConstruction >= m else { throw Malformed("ef_construction is \(efConstruction), less than M, \(m)") }
        guard count > 0 ? maximumLevel >= 0 && Int(entryPoint) < count : maximumLevel == -1 && entryPoint == .max else {
            throw Malformed(
                "entry point \(entryPoint) on level \(maximumLevel) does not fit \(count) elements")
        }
        try checkLayout(bytes)
        guard offset(ofElement: count) <= data.count else {
            throw Malformed("\(data.count) bytes; the header says \(count) elements of \(elementBytes) bytes")
        }
    }

    /// M. The header gives it in four fields, which must agree.
    private static func connections(_ bytes: borrowing RawSpan) throws(Malformed) -> Int {
        let m = bytes.integer(UInt64.self, at: 72)
        guard let connections = Int(exactly: m), HnswlibFile.mRange.contains(connections) else {
            throw Malformed("M is \(m); an hnswlib index has \(HnswlibFile.mRange)")
        }
        let (upper, level0) = (bytes.integer(UInt64.self, at: 56), bytes.integer(UInt64.self, at: 64))
        guard upper == m, level0 == 2 * m else {
            throw Malformed("M is \(m), maxM \(upper) and maxM0 \(level0); wanted M, M and 2 M")
        }
        let multiplier = Double(bitPattern: bytes.integer(UInt64.self, at: 80))
        // Logarithms of different libraries differ in the last bit.
        guard abs(multiplier * log(Double(m)) - 1) < 1e-9 else {
            throw Malformed("mult is \(multiplier); 1 / ln M is \(levelMultiplier(m: connections))")
        }
        return connections
    }

    private static func number(
        _ name: String, in bytes: borrowing RawSpan, at offset: Int
    ) throws(Malformed) -> Int {
        let value = bytes.integer(UInt64.self, at: offset)
        guard countRange.contains(value) else {
            throw Malformed("\(name) is \(value); at most \(countRange.upperBound) is read")
        }
        return Int(value)
    }

    /// Checks that an element consists of the parts that follow from M and the dimensions.
    private func checkLayout(_ bytes: borrowing RawSpan) throws(Malformed) {
        let start = bytes.integer(UInt64.self, at: 0)
        guard start == 0 else { throw Malformed("offsetLevel0 is \(start); wanted 0") }
        let foundVector = bytes.integer(UInt64.self, at: 40)
        guard foundVector == UInt64(vectorOffset) else {
            throw Malformed("offsetData is \(foundVector); with M \(m) it is \(vectorOffset)")
        }
        let foundLabel = bytes.integer(UInt64.self, at: 32)
        guard foundLabel == UInt64(labelOffset) else {
            guard foundLabel > foundVector else {
                throw Malformed("label_offset is \(foundLabel); wanted \(labelOffset)")
            }
            throw Malformed(
                "vectors of \(foundLabel - foundVector) bytes; \(dimensions) dimensions take \(4 * dimensions)")
        }
        let foundSize = bytes.integer(UInt64.self, at: 24)
        guard foundSize == UInt64(elementBytes) else {
            throw Malformed("size_data_per_element is \(foundSize); wanted \(elementBytes)")
        }
    }

    /// The paper's mL, by which levels are drawn.
    private static func levelMultiplier(m: Int) -> Double { 1 / log(Double(m)) }
}

// MARK: - Writing

extension HnswlibHeader {
    /// The header as 32-bit words.
    var words: [UInt32] {
        var words: [UInt32] = []
        for size in [0, capacity, count, elementBytes, labelOffset, vectorOffset] { words.append(long: UInt64(size)) }
        words.append(UInt32(bitPattern: Int32(maximumLevel)))
        words.append(entryPoint.map { UInt32($0) } ?? .max)
        for size in [m, 2 * m, m] { words.append(long: UInt64(size)) }
        words.append(long: Self.levelMultiplier(m: m).bitPattern)
        words.append(long: UInt64(efConstruction))
        return words
    }
}

extension [UInt32] {
    /// Appends 64 bits as two words, the lower one first.
    mutating func append(long value: UInt64) {
        append(UInt32(truncatingIfNeeded: value))
        append(UInt32(truncatingIfNeeded: value >> 32))
    }
}
