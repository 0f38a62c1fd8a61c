// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VectorFiles

@Suite("Files of hnswlib whose parts contradict each other")
struct HnswlibRefusalTests {
    private let bytes: [UInt8]
    private let file: HnswlibFile

    init() throws {
        bytes = try HnswlibFixture.bytes()
        file = try HnswlibFixture.read(bytes)
    }

    /// Integers to be put over a file's bytes.
    private struct Patch {
        var offset: Int
        var bytes: [UInt8]

        init(_ offset: Int, _ value: some FixedWidthInteger) {
            self.offset = offset
            bytes = littleEndianBytes(value)
        }
    }

    private func patched(_ patches: [Patch]) -> [UInt8] {
        var bytes = bytes
        for patch in patches {
            bytes.replaceSubrange(patch.offset..<patch.offset + patch.bytes.count, with: patch.bytes)
        }
        return bytes
    }

    private func expectRefused(
        _ patches: Patch..., because reason: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectRefusal(of: HnswlibFixture.name, because: reason, sourceLocation: sourceLocation) {
            _ = try HnswlibFixture.read(patched(patches))
        }
    }

    private static let extremes: [UInt64] = [1 << 32, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 95, .max]

    @Test("Sizes and offsets other than those that follow from M and the dimensions are refused")
    func layout() {
        for value in [0, 1, 47, 49] + Self.extremes {
            expectRefused(Patch(0, value == 0 ? 4 : value), because: "offsetLevel0")
            expectRefused(Patch(24, value), because: "size_data_per_element is \(value); wanted 48")
            expectRefused(Patch(32, value), because: value > 28 ? "3 dimensions take 12" : "label_offset is \(value)")
            expectRefused(Patch(40, value), because: "offsetData is \(value)")
            expectRefused(Patch(56, value), because: "maxM \(value)")
            expectRefused(Patch(64, value), because: "maxM0 \(value)")
            expectRefused(Patch(72, value), because: "M is \(value)")
        }
    }

    @Test("M out of range is refused though everything follows from it")
    func connections() {
        for m in [0, 1, 32_768, 1 << 62, 1 << 63] as [UInt64] {
            expectRefused(Patch(56, m), Patch(64, 2 &* m), Patch(72, m), because: "M is \(m)")
        }
    }

    @Test("Another M that everything follows from does not fit the length")
    func consistentConnections() {
        for m in [2, 4, 32_767] as [UInt64] {
            let vector = 4 + 8 * m
            expectRefused(
                Patch(24, vector + 20), Patch(32, vector + 12), Patch(40, vector), Patch(56, m), Patch(64, 2 * m),
                Patch(72, m), Patch(80, (1 / log(Double(m))).bitPattern), Patch(88, UInt64(1 << 20)),
                because: m > 4 ? "24 elements of" : "bytes of lists")
        }
    }

    @Test("A level multiplier that does not follow from M is refused")
    func levelMultiplier() {
        for value in [0, -0.9102392266268373, 0.92, 1, .infinity, .nan] {
            expectRefused(Patch(80, value.bitPattern), because: "mult is")
        }
    }

    @Test("Counts beyond the file, the capacity or 32 bits are refused")
    func counts() {
        for value in Self.extremes {
            expectRefused(Patch(8, value), because: "max_elements is \(value)")
            expectRefused(Patch(16, value), because: "cur_element_count is \(value)")
            expectRefused(Patch(88, value), because: "ef_construction is \(value)")
        }
        expectRefused(Patch(8, UInt64(23)), because: "24 elements; max_elements is 23")
        expectRefused(Patch(16, UInt64(31)), because: "31 elements; max_elements is 30")
        expectRefused(Patch(88, UInt64(2)), because: "less than M")
        for count in [30, 1 << 20, 1 << 32 - 1] as [UInt64] {
            expectRefused(Patch(8, count), Patch(16, count), because: "\(count) elements of 48 bytes")
        }
        for count in 12..<24 as Range<UInt64> { expectRefused(Patch(16, count), because: "element") }
    }

    @Test("An entry point that is not there, or not of the highest level, is refused")
    func entryPoint() {
        for element in [24, 1 << 31, .max] as [UInt32] {
            expectRefused(Patch(52, element), because: "entry point \(element)")
        }
        expectRefused(Patch(52, UInt32(0)), because: "entry point 0 is on level 1")
        expectRefused(Patch(48, Int32(3)), because: "entry point 11 is on level 2")
        expectRefused(Patch(48, Int32(1)), because: "element 11 has 32 bytes of lists; wanted up to 1")
        for level in [-1, .min] as [Int32] { expectRefused(Patch(48, level), because: "on level \(level)") }
        expectRefused(Patch(16, UInt64(0)), because: "does not fit 0 elements")
    }

    @Test("Lists above level 0 of another length are refused")
    func listLengths() {
        let upper = 96 + 24 * 48
        for length in [1, 4, 15, 17, 31, .max] as [UInt32] {
            expectRefused(Patch(upper, length), because: "element 0 has \(length) bytes of lists")
        }
        // The last element says one list more than there is.
        expectRefused(Patch(bytes.count - 4, UInt32(16)), because: "element 23 of 24 are cut off")
    }

    @Test("Too many neighbors, marks that are not known, and neighbors that are not there are refused")
    func lists() throws {
        let (level0, level1) = (96, 96 + 24 * 48 + 4)
        #expect(file.levels[0] == 1)
        for count in [7, 255, .max] as [UInt16] {
            expectRefused(Patch(level0, count), because: "element 0 has \(count) neighbors on level 0; at most 6")
        }
        for count in [4, 6, .max] as [UInt16] {
            expectRefused(Patch(level1, count), because: "element 0 has \(count) neighbors on level 1; at most 3")
        }
        expectRefused(Patch(level0 + 2, UInt8(2)), because: "marks 2 on level 0")
        expectRefused(Patch(level0 + 3, UInt8(1)), because: "marks 256 on level 0")
        expectRefused(Patch(level1 + 2, UInt8(1)), because: "marks 1 on level 1")
        for neighbor in [24, 1 << 31, .max] as [UInt32] {
            expectRefused(Patch(level0 + 4, neighbor), because: "neighbor \(neighbor) on level 0")
            expectRefused(Patch(level1 + 4, neighbor), because: "neighbor \(neighbor) on level 1")
        }
        #expect(file.levels[1] == 0)
        expectRefused(Patch(level1 + 4, UInt32(1)), because: "neighbor 1 on level 1")
    }

    @Test("Two elements of one label are refused unless one of them is deleted")
    func labels() throws {
        func label(_ element: Int) -> Int { 96 + 48 * element + 40 }
        expectRefused(Patch(label(3), HnswlibFixture.labels[9]), because: "has label \(HnswlibFixture.labels[9])")
        let read = try HnswlibFixture.read(patched([Patch(label(5), HnswlibFixture.labels[9])]))
        #expect(read.labels[5] == read.labels[9])
    }
}
