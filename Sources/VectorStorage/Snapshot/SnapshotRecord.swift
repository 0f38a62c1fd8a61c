// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Puts numbers one after the other, little-endian and without gaps.
package struct RecordWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ value: Float) { append(value.bitPattern) }

    package mutating func append(_ value: Double) { append(value.bitPattern) }

    package mutating func append(bytes other: [UInt8]) { bytes.append(contentsOf: other) }

    /// Appends the number of values (8 bytes) and the values.
    package mutating func append(_ values: [some FixedWidthInteger]) {
        append(UInt64(values.count))
        values.map { $0.littleEndian }.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ values: [Float]) { append(values.map(\.bitPattern)) }
}

/// Reads what a ``RecordWriter`` has put, and nothing beyond its end.
package struct RecordReader {
    private let content: [UInt8]
    private let section: String
    private var position = 0

    package init(_ content: [UInt8], section: String) {
        self.content = content
        self.section = section
    }

    /// An error that names the section.
    package func malformed(_ reason: String) -> SnapshotError { .malformed(section: section, reason: reason) }

    package mutating func bytes(count: Int) throws(SnapshotError) -> ArraySlice<UInt8> {
        guard count <= content.count - position else { throw malformed("it ends too soon") }
        defer { position += count }
        return content[position..<position + count]
    }

    package mutating func next<Value: FixedWidthInteger>(_ type: Value.Type) throws(SnapshotError) -> Value {
        let bytes = try bytes(count: MemoryLayout<Value>.size)
        return bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(as: Value.self)) }
    }

    /// A number of a range; `name` is what a refusal calls it.
    package mutating func next(_ name: String, in range: ClosedRange<Int>) throws(SnapshotError) -> Int {
        let stored = try next(UInt64.self)
        guard let value = Int(exactly: stored), range.contains(value) else {
            throw malformed("\(name) is \(stored); it must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A finite number.
    package mutating func next(_ name: String, _ type: Float.Type = Float.self) throws(SnapshotError) -> Float {
        let value = Float(bitPattern: try next(UInt32.self))
        guard value.isFinite else { throw malformed("\(name) is not a finite number") }
        return value
    }

    /// A finite number.
    package mutating func next(_ name: String, _ type: Double.Type) throws(SnapshotError) -> Double {
        let value = Double(bitPattern: try next(UInt64.self))
        guard value.isFinite else { throw malformed("\(name) is not a finite number") }
        return value
    }

    /// Values with their number before them.
    package mutating func array<Value: FixedWidthInteger>(_ type: Value.Type) throws(SnapshotError) -> [Value] {
        let size = MemoryLayout<Value>.size
        let count = try next("a number of values", in: 0...(content.count - position) / size)
        let bytes = try bytes(count: count * size)
        return bytes.withUnsafeBytes { bytes in
            (0..<count).map { Value(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * size, as: Value.self)) }
        }
    }

    /// Finite numbers with their number before them.
    package mutating func floats(_ name: String) throws(SnapshotError) -> [Float] {
        let values = try array(UInt32.self).map { Float(bitPattern: $0) }
        guard values.allSatisfy(\.isFinite) else { throw malformed("\(name) holds what is not a finite number") }
        return values
    }

    /// Throws unless everything has been read.
    package func finish() throws(SnapshotError) {
        guard position == content.count else {
            throw malformed("\(content.count - position) bytes behind what it should hold")
        }
    }
}

extension Checksum {
    /// The CRC-32C of some bytes.
    static func value(of bytes: [UInt8]) -> UInt32 {
        var checksum = Checksum()
        bytes.withUnsafeBytes { checksum.update($0) }
        return checksum.value
    }
}
