// SPDX-License-Identifier: Apache-2.0

/// Files whose bytes mostly repeat the one before, as snapshots of small indexes, in little space: over and over, a count (1 byte)
/// and so many bytes, then a count (2 bytes, little-endian) and the byte that comes so many times.
enum ByteRuns {
    /// Shorter runs take more space than their bytes.
    private static let leastRun = 5

    static func pack(_ bytes: [UInt8]) -> [UInt8] {
        var packed: [UInt8] = []
        var (first, place) = (0, 0)
        while place < bytes.count {
            var end = place + 1
            while end < bytes.count, bytes[end] == bytes[place], end - place < Int(UInt16.max) { end += 1 }
            if end - place >= leastRun {
                append(bytes[first..<place], run: place..<end, of: bytes[place], to: &packed)
                (first, place) = (end, end)
            } else {
                place += 1
                if place - first < Int(UInt8.max), place < bytes.count { continue }
                append(bytes[first..<place], run: place..<place, of: 0, to: &packed)
                first = place
            }
        }
        return packed
    }

    static func unpack(_ packed: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var place = 0
        while place < packed.count {
            let count = Int(packed[place])
            bytes += packed[place + 1..<place + 1 + count]
            place += 1 + count
            let runCount = Int(packed[place]) | Int(packed[place + 1]) << 8
            bytes += [UInt8](repeating: packed[place + 2], count: runCount)
            place += 3
        }
        return bytes
    }

    private static func append(_ bytes: ArraySlice<UInt8>, run: Range<Int>, of byte: UInt8, to packed: inout [UInt8]) {
        packed += [UInt8(bytes.count)] + bytes
        packed += [UInt8(run.count & 255), UInt8(run.count >> 8), byte]
    }
}
