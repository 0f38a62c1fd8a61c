// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An index of float32 vectors as hnswlib saves it (`saveIndex`, `save_index`), mapped into memory.
///
/// Everything is little-endian; `size_t` has 8 bytes. With `M` from the header and `d` dimensions:
///
/// | bytes | content                                                                                              |
/// |-------|------------------------------------------------------------------------------------------------------|
/// | 0-7   | `offsetLevel0`: 0                                                                                    |
/// | 8-15  | `max_elements`: for how many there was room                                                          |
/// | 16-23 | `cur_element_count`: the elements, with those marked as deleted                                      |
/// | 24-31 | `size_data_per_element`: `label_offset` + 8                                                          |
/// | 32-39 | `label_offset`: `offsetData` + 4 d                                                                   |
/// | 40-47 | `offsetData`: 4 + 8 M                                                                                |
/// | 48-51 | `maxlevel`, int32: of the highest element; -1 without elements                                       |
/// | 52-55 | `enterpoint_node`, uint32: an element of that level; 2³² - 1 without elements                         |
/// | 56-63 | `maxM`: M                                                                                            |
/// | 64-71 | `maxM0`: 2 M                                                                                         |
/// | 72-79 | `M`                                                                                                  |
/// | 80-87 | `mult`, float64: 1 / ln M                                                                            |
/// | 88-95 | `ef_construction`: M or more                                                                         |
/// | then  | of each element: its list on level 0, with 2 M places; d × float32; uint64: the label                |
/// | then  | of each element: uint32, the bytes of its other lists; its lists on levels 1, 2, ..., with M places   |
///
/// | bytes of a list  | content                                                                        |
/// |------------------|--------------------------------------------------------------------------------|
/// | 0-1              | uint16: the neighbors                                                         |
/// | 2                | on level 0, bit 0: the element is marked as deleted; otherwise 0               |
/// | 3                | 0                                                                              |
/// | the rest         | uint32 each: elements, then any bits in places that are not used                |
///
/// The file says neither what it is, nor its metric, nor its dimensions. Under cosine, hnswlib's Python package stores normalized
/// vectors under the inner product.
///
/// Every field is checked against the others and against the length of the file. No two elements that are not deleted may share a
/// label. Vectors may hold any values. Files that hnswlib itself would search out of bounds are refused.
///
/// Source: hnswlib 0.8.0, `hnswlib/hnswalg.h`.
package struct HnswlibFile {
    /// At least 2: 1 / ln 1 is no level multiplier. At most 32,767: the count of a list of 2 M neighbors has 16 bits.
    package static let mRange = 2...32_767

    package let path: String
    package let labels: [UInt64]

    /// Whether each element is marked as deleted. Searches pass through it and do not return it.
    package let isDeleted: [Bool]

    /// The highest level of each element.
    package let levels: [Int]

    private let header: HnswlibHeader
    private let data: Data

    /// The offset of each element's list on level 1, or where it would begin.
    private let upperLists: [Int]

    package var count: Int { header.count }
    package var capacity: Int { header.capacity }
    package var dimensions: Int { header.dimensions }
    package var m: Int { header.m }
    package var efConstruction: Int { header.efConstruction }

    /// The element that a search begins at. Nil without elements.
    package var entryPoint: Int? { header.entryPoint }

    /// Maps a file and checks all of it but the values of the vectors.
    ///
    /// - Throws: ``VectorFileError/cannotRead(path:reason:)``.
    ///   ``VectorFileError/malformed(path:reason:)``, which names the field or the element: the dimensions are others, the parts
    ///   contradict each other, or two elements that are not deleted have one label.
    package init(path: String, dimensions: Int) throws(VectorFileError) {
        try self.init(FileBytes.map(path), path: path, dimensions: dimensions)
    }

    init(_ data: Data, path: String, dimensions: Int) throws(VectorFileError) {
        self.path = path
        self.data = data
        do throws(Malformed) {
            header = try HnswlibHeader(data, dimensions: dimensions)
            (levels, upperLists) = try Self.levels(data.bytes, header)
            isDeleted = try Self.checkedLists(data.bytes, header, levels: levels, upperLists: upperLists)
            labels = try Self.checkedLabels(data.bytes, header, isDeleted: isDeleted)
        } catch {
            throw error.error(path: path)
        }
    }

    /// All vectors, one after the other, those of deleted elements too.
    package func vectors() -> [Float] {
        let start = header.offset(ofElement: 0) + header.vectorOffset
        return data.bytes.integers(
            UInt32.self, runs: count, length: dimensions, stride: header.elementBytes, at: start
        ).map { Float(bitPattern: $0) }
    }

    /// The neighbors of an element on a level from 0 to the element's own.
    package func neighbors(of element: Int, onLevel level: Int) -> [UInt32] {
        precondition(level <= levels[element])
        let bytes = data.bytes
        let list = Self.list(of: element, onLevel: level, header, upperLists)
        return (0..<Int(bytes.integer(UInt16.self, at: list))).map { bytes.integer(UInt32.self, at: list + 4 + 4 * $0) }
    }

    private static func list(
        of element: Int, onLevel level: Int, _ header: HnswlibHeader, _ upperLists: [Int]
    ) -> Int {
        level == 0 ? header.offset(ofElement: element) : upperLists[element] + (level - 1) * header.upperListBytes
    }
}

// MARK: - Checks

extension HnswlibFile {
    /// The level of each element, and the offset of its lists above level 0. The last list must end where the file ends.
    private static func levels(
        _ bytes: borrowing RawSpan, _ header: HnswlibHeader
    ) throws(Malformed) -> (levels: [Int], upperLists: [Int]) {
        var levels: [Int] = []
        var upperLists: [Int] = []
        levels.reserveCapacity(header.count)
        upperLists.reserveCapacity(header.count)
        var offset = header.offset(ofElement: header.count)
        for element in 0..<header.count {
            guard offset + 4 <= bytes.byteCount else {
                throw Malformed("the lists of element \(element) of \(header.count) are cut off")
            }
            let length = Int(bytes.integer(UInt32.self, at: offset))
            offset += 4
            let (level, rest) = length.quotientAndRemainder(dividingBy: header.upperListBytes)
            guard rest == 0, level <= header.maximumLevel else {
                throw Malformed(
                    "element \(element) has \(length) bytes of lists; wanted up to \(header.maximumLevel) lists of "
                        + "\(header.upperListBytes)")
            }
            guard length <= bytes.byteCount - offset else {
                throw Malformed("the lists of element \(element) of \(header.count) are cut off")
            }
            levels.append(level)
            upperLists.append(offset)
            offset += length
        }
        guard offset == bytes.byteCount else {
            throw Malformed("\(bytes.byteCount - offset) bytes behind the last element")
        }
        if let entryPoint = header.entryPoint, levels[entryPoint] != header.maximumLevel {
            throw Malformed(
                "entry point \(entryPoint) is on level \(levels[entryPoint]); the header says \(header.maximumLevel)")
        }
        return (levels, upperLists)
    }

    /// Whether each element is deleted. Checks all lists: each neighbor must exist on the list's level.
    private static func checkedLists(
        _ bytes: borrowing RawSpan, _ header: HnswlibHeader, levels: [Int], upperLists: [Int]
    ) throws(Malformed) -> [Bool] {
        var isDeleted: [Bool] = []
        isDeleted.reserveCapacity(header.count)
        for element in 0..<header.count {
            for level in 0...levels[element] {
                let list = list(of: element, onLevel: level, header, upperLists)
                let head = bytes.integer(UInt32.self, at: list)
                let (count, marks) = (Int(head & 0xFFFF), head >> 16)
                guard count <= header.maximumNeighbors(onLevel: level) else {
                    throw Malformed(
                        "element \(element) has \(count) neighbors on level \(level); at most "
                            + "\(header.maximumNeighbors(onLevel: level)) fit")
                }
                guard marks <= (level == 0 ? 1 : 0) else {
                    throw Malformed("element \(element) has unknown marks \(marks) on level \(level)")
                }
                if level == 0 { isDeleted.append(marks == 1) }
                for i in 0..<count {
                    let neighbor = Int(bytes.integer(UInt32.self, at: list + 4 + 4 * i))
                    guard neighbor < header.count, levels[neighbor] >= level else {
                        throw Malformed(
                            "element \(element) has neighbor \(neighbor) on level \(level), which is not there")
                    }
                }
            }
        }
        return isDeleted
    }

    /// The label of each element. Checks that no two elements that are not deleted share one.
    private static func checkedLabels(
        _ bytes: borrowing RawSpan, _ header: HnswlibHeader, isDeleted: [Bool]
    ) throws(Malformed) -> [UInt64] {
        var labels: [UInt64] = []
        labels.reserveCapacity(header.count)
        var known = Set<UInt64>(minimumCapacity: header.count)
        for element in 0..<header.count {
            let label = bytes.integer(UInt64.self, at: header.offset(ofElement: element) + header.labelOffset)
            guard isDeleted[element] || known.insert(label).inserted else {
                throw Malformed("element \(element) has label \(label), as another one has")
            }
            labels.append(label)
        }
        return labels
    }
}
