// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

/// A snapshot with right checksums that holds what no index holds.
struct CraftedSnapshot: Sendable, CustomStringConvertible {
    let description: String
    let seed: SnapshotSeed
    let section: SnapshotSection

    /// What the refusal says.
    let reason: String
    let edit: @Sendable (inout [SnapshotImage.Part]) -> Void

    init(
        _ description: String, of seed: SnapshotSeed = .whole, _ section: SnapshotSection, _ reason: String,
        _ edit: @escaping @Sendable (inout [SnapshotImage.Part]) -> Void
    ) {
        self.description = description
        self.seed = seed
        self.section = section
        self.reason = reason
        self.edit = edit
    }

    /// A snapshot with one number changed.
    ///
    /// - Parameters:
    ///   - changed: where it is, if not in the section that is refused.
    ///   - place: the numbers before it that are as wide.
    init<Value: FixedWidthInteger & Sendable>(
        _ description: String, of seed: SnapshotSeed = .whole, _ section: SnapshotSection, _ reason: String,
        in changed: SnapshotSection? = nil, place: Int, _ value: Value
    ) {
        self.init(description, of: seed, section, reason) { $0.put(value, at: place, of: changed ?? section) }
    }
}

extension [SnapshotImage.Part] {
    subscript(section: SnapshotSection) -> [UInt8] {
        get { first { $0.number == section.rawValue }?.content ?? [] }
        set {
            removeAll { $0.number == section.rawValue && newValue.isEmpty }
            if let index = firstIndex(where: { $0.number == section.rawValue }) { self[index].content = newValue }
        }
    }

    func number<Value: FixedWidthInteger>(_ place: Int, of section: SnapshotSection) -> Value {
        self[section].withUnsafeBytes {
            Value(littleEndian: $0.loadUnaligned(fromByteOffset: place * MemoryLayout<Value>.size, as: Value.self))
        }
    }

    mutating func put<Value: FixedWidthInteger>(_ value: Value, at place: Int, of section: SnapshotSection) {
        let start = place * MemoryLayout<Value>.size
        Swift.withUnsafeBytes(of: value.littleEndian) {
            self[section].replaceSubrange(start..<start + MemoryLayout<Value>.size, with: $0)
        }
    }
}

// Of `whole`, slots 20 to 24 hold the vectors of 0 to 4; 3, 17, 20 and 21 are removed. A slot of `states` has three words.
extension CraftedSnapshot {
    private static let rowWords = 16

    static let graphs: [CraftedSnapshot] = [
        .init("A neighbor beyond the last slot", .baseNeighbors, "slot 0 leads to 25", place: 0, 25 as UInt32),
        .init(
            "A neighbor of all bits but one", .baseNeighbors, "leads to 4294967294", place: 1, 0xFFFF_FFFE as UInt32),
        .init("A node that is its own neighbor", .baseNeighbors, "slot 0 leads to 0", place: 0, 0 as UInt32),
        .init("A duplicate as a neighbor", .baseNeighbors, "slot 0 leads to 20", place: 0, 20 as UInt32),
        .init("A neighbor named twice", .baseNeighbors, "slot 0 leads to") {
            $0.put($0.number(0, of: .baseNeighbors) as UInt32, at: 1, of: .baseNeighbors)
        },
        .init("Neighbors behind the end", .baseNeighbors, "behind its last", place: 0, UInt32.max),
        .init("A neighbor that is not on the level", .upperNeighbors, "on level 1") { parts in
            let slot = parts[.levels].firstIndex(of: 0) ?? 0
            parts.put(UInt32(slot), at: 0, of: .upperNeighbors)
        },
        .init("A chain of duplicates that is a ring", .states, "hangs on slot 0", place: 3 * 20 + 2, 21 as UInt32),
        .init("A chain that leads back to its node", .states, "slot 0 hangs on slot 0", place: 3 * 20 + 2, 1 as UInt32),
        .init("A chain that leads out of the index", .states, "slot 25 hangs on", place: 3 * 20 + 2, 26 as UInt32),
        .init(
            "A duplicate of another node than its chain's", .states, "hangs on slot 0", place: 20 * 3 + 2, 25 as UInt32),
        .init("A node whose duplicates are not counted", .members, "those of slot 0", place: 1, 7 as UInt32),
        .init("Duplicates of a slot that is no node", .members, "slot 24 has some", place: 2 * 24, UInt32.max),
        .init("A duplicate that hangs on nothing", .owners, "slot 20 is a duplicate or not", place: 20, 0 as UInt32),
        .init("A level that the seed does not draw", .levels, "slot 0 is on level", place: 0, 30 as UInt8),
        .init("A level of all bits", .levels, "slot 24 is on level 255", place: 24, UInt8.max),
        .init("A first row behind all rows", .firstUpperRows, "those of slot 1", place: 1, UInt32.max),
        .init("First rows out of order", .firstUpperRows, "begin at", place: 24, 0 as UInt32),
        .init("Flags that there are not", .flags, "those of slot 7", place: 7, 32 as UInt8),
        .init("A duplicate that is free", .flags, "those of slot 24", place: 24, 22 as UInt8),
        .init("A dead node that is alive", .flags, "those of slot 7", place: 7, 1 as UInt8),
        .init(
            "A node that is not dead and hidden", .flags, "those of slot 7", in: .lifetimeHints, place: 0,
            UInt64(1) << 7 | 1 << 17),
        .init("A vector that is born later", .states, "slot 7 does not live", place: 3 * 7, 1_000_000 as UInt32),
        .init("A live vector that will die", .states, "slot 7 does not live", place: 3 * 7 + 1, 1_000_000 as UInt32),
        .init("A removed vector that lives", .states, "slot 17 does not live", place: 3 * 17 + 1, 0 as UInt32),
        .init("A removed vector that will live", .states, "slot 17 does not live", place: 3 * 17 + 1, UInt32(1) << 31),
        .init("An entry point that is no node", .graph, "slot 20 is no entry point", place: 8, 21 as UInt64),
        .init("An entry point that is no slot", .graph, "the entry point is 26", place: 8, 26 as UInt64),
        .init("An entry point of 64 bits", .graph, "the entry point is", place: 8, UInt64.max),
        .init("No entry point", .graph, "no entry point", place: 8, 0 as UInt64),
        .init("A top level that is not the entry point's", .graph, "is no entry point", place: 9, 30 as UInt64),
        .init("A top level that there is not", .graph, "the top level is 31", place: 9, 31 as UInt64),
        .init("More nodes than slots", .graph, "the number of nodes is 26", place: 1, 26 as UInt64),
        .init("Dead nodes that are not", .graph, "there are 20 and 1", place: 2, 2 as UInt64),
        .init(
            "More upper rows than there are", .upperNeighbors, "wanted 700 rows", in: .graph, place: 3, 700 as UInt64),
        .init("Fewer hashes than there are", .hashTable, "1 were counted", in: .graph, place: 5, 1 as UInt64),
        .init("A version before the first", .graph, "the version is 1", place: 6, 1 as UInt64),
        .init("A version that is passed over", .graph, "a version that there is not", place: 6, UInt64(1) << 32),
        .init("A version of 64 bits", .graph, "the version is", place: 6, UInt64.max),
        .init("Ages of a later version", .graph, "the version of ages is", place: 7, UInt64(1) << 40),
        .init("A sweep that unlinks no nodes", .graph, "without a sweep", place: 11, 9 as UInt64),
        .init("A list longer than its section", .graph, "a number of values is", place: 12, UInt64(1) << 62),
        .init("An outlier that is no node", .graph, "slot 20 is no outlier") {
            $0[.graph].replaceSubrange(96..<104, with: [1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0])
        },
        .init("A free slot that is not", .graph, "listed as free") {
            $0[.graph] = $0[.graph].dropLast(8) + [1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0]
        },
        .init("A slot that is free twice", of: .sweeping, .graph, "listed as free") {
            $0[.graph] = $0[.graph].dropLast(4) + $0[.graph].dropLast(4).suffix(4)
        },
        .init("An unlinking node with a duplicate", of: .sweeping, .flags, "are 13") { parts in
            let slot = parts[.flags].firstIndex(of: 13) ?? 0
            parts.put(1 as UInt32, at: 3 * slot + 2, of: .states)
        },
        .init("No entry point to nodes of one level", of: .coded, .graph, "no entry point") {
            $0.put(0 as UInt64, at: 8, of: .graph)
            $0.put(0 as UInt64, at: 9, of: .graph)
        },
        .init("A sweep that ends too soon", of: .sweeping, .baseNeighbors, "leads to") {
            $0.put($0.number(10, of: .graph) as UInt64, at: 11, of: .graph)
        },
        .init("A sweep that is further than it is", of: .sweeping, .baseNeighbors, "leads to") {
            $0.put($0.number(11, of: .graph) as UInt64, at: 10, of: .graph)
        },
        .init(
            "A sweep beyond the last slot", of: .sweeping, .graph, "the sweep's end is 101", place: 11, 101 as UInt64),
    ]

    static let keys: [CraftedSnapshot] = [
        .init("A key table that is full", .keyTable, "at place") {
            $0[.keyTable] = (0..<$0[.keyTable].count / 4).flatMap { [UInt8($0 % 25) + 1, 0, 0, 0] }
        },
        .init("A full key table of slots that there are not", .keyTable, "slot 4294967294 at place 0") {
            $0[.keyTable] = $0[.keyTable].map { _ in 0xFF }
        },
        .init("A key table of 65 places", .keyTable, "in a table of 65 places") { $0[.keyTable] += [0, 0, 0, 0] },
        .init("A key table of eight places", .keyTable, "in a table of 8 places") {
            $0[.keyTable].removeLast($0[.keyTable].count - 32)
        },
        .init("A key table of half a place", .keyTable, "in a table of") { $0[.keyTable] += [0, 0] },
        .init("A key table that is too full", .keyTable, "25 of 25 slots in a table of 32 places") {
            $0[.keyTable].removeLast($0[.keyTable].count - 128)
            $0.put(25 as UInt64, at: 10, of: .index)
        },
        .init("A key in the table twice", .keyTable, "at place") { parts in
            let table = parts[.keyTable]
            let place = (0..<table.count / 4).first { table[4 * $0] == 0 } ?? 0
            parts.put(1 as UInt32, at: place, of: .keyTable)
        },
        .init("Two slots with one key", .keyTable, "at place") {
            $0.put($0.number(5, of: .keys) as UInt64, at: 6, of: .keys)
        },
        .init("A key that is not in the table", .keyTable, "20 slots; 21 were counted") { parts in
            let table = parts[.keyTable]
            parts.put(0 as UInt32, at: (0..<table.count / 4).last { table[4 * $0] != 0 } ?? 0, of: .keyTable)
        },
        .init("A hash table with a slot that is no node", .hashTable, "slot 24 at place") { parts in
            let table = parts[.hashTable]
            parts.put(25 as UInt32, at: (0..<table.count / 4).first { table[4 * $0] != 0 } ?? 0, of: .hashTable)
        },
        .init("More vectors than slots", .index, "the number of vectors is 26", place: 10, 26 as UInt64),
        .init("More slots than there are rows", .vectors, "wanted 26 rows of 64", in: .index, place: 9, 26 as UInt64),
        .init("Fewer slots than there are rows", .vectors, "wanted 24 rows of 64", in: .index, place: 9, 24 as UInt64),
        .init("2^31 slots", .index, "the number of slots is 2147483648", place: 9, UInt64(1) << 31),
        .init("2^30 slots", .vectors, "wanted 1073741824 rows", in: .index, place: 9, UInt64(1) << 30),
        .init("A graph of fewer slots", .graph, "the number of slots is 24", place: 0, 24 as UInt64),
    ]

    static let vectors: [CraftedSnapshot] = [
        .init("No dimensions", .index, "the number of dimensions is 0", place: 0, 0 as UInt64),
        .init("65,537 dimensions", .index, "the number of dimensions is 65537", place: 0, 65_537 as UInt64),
        .init("Other dimensions than the rows'", .vectors, "wanted 25 rows of 128", in: .index, place: 0, 17 as UInt64),
        .init("A metric that there is not", .index, "the metric is 4", place: 1, 4 as UInt64),
        .init("M of 513", .index, "M is 513", place: 2, 513 as UInt64),
        .init("M of other rows", .baseNeighbors, "wanted 25 rows of 128", in: .index, place: 2, 16 as UInt64),
        .init("efConstruction of 0", .index, "efConstruction is 0", place: 3, 0 as UInt64),
        .init("efSearch of 2^63", .index, "efSearch is 9223372036854775808", place: 4, UInt64(1) << 63),
        .init("Another seed", .levels, "is on level", in: .index, place: 5, 6 as UInt64),
        .init("Codes that there are not", .index, "the kind of codes is 4", place: 6, 4 as UInt64),
        .init("Neither vectors nor codes", .index, "neither vectors nor codes", place: 7, 0 as UInt64),
        .init("Whole vectors that are codes only", .index, "should not be there", place: 8, 1 as UInt64),
        .init("Whole vectors and codes", of: .coded, .quantizer, "another kind", in: .index, place: 6, 1 as UInt64),
        .init("4 bits asked for, 8 there", of: .coded, .quantizer, "another kind", in: .index, place: 6, 3 as UInt64),
        .init("More ever inserted than can be counted", .index, "ever inserted is", place: 11, UInt64(1) << 62),
        .init("Fewer ever inserted than there are", .index, "ever inserted is 20", place: 11, 20 as UInt64),
        .init("NaN in a vector", .vectors, "slot 5 has no length", place: 5 * rowWords, Float.nan.bitPattern),
        .init("An infinity in a vector", .vectors, "slot 24", place: 24 * rowWords + 2, (-Float.infinity).bitPattern),
        .init("NaN behind a vector", .vectors, "slot 5", place: 5 * rowWords + 15, Float.nan.bitPattern),
        .init("A vector that is too long", .vectors, "slot 5", place: 5 * rowWords, Float(0x1p63).bitPattern),
        .init("Half precision in version 2", .index, "the kind of rows is 1", place: 13, 1 as UInt64),
        .init("Rows of no kind", of: .rounded, .index, "the kind of rows is 2", place: 13, 2 as UInt64),
        .init("Rows of 64 bits", of: .rounded, .index, "the kind of rows is", place: 13, UInt64.max),
        .init("Rows of another kind", of: .rounded, .vectors, "wanted 25 rows", in: .index, place: 13, 0 as UInt64),
        .init(
            "An infinity in a rounded vector", of: .rounded, .halfVectors, "slot 24", place: 24 * 32 + 2,
            0xFC00 as UInt16),
        .init(
            "NaN behind a rounded vector", of: .rounded, .halfVectors, "slot 5", place: 5 * 32 + 15, 0x7E00 as UInt16),
        .init("Fewer rounded vectors than there are", of: .rounded, .halfVectors, "wanted 25 rows of 64") {
            $0[.halfVectors].removeLast(64)
        },
        .init("A vector to be kept whole that there is not", .index, "to be kept whole that there is not") {
            $0.put(1 as UInt64, at: 14, of: .index)
            $0[.index] += [25, 0, 0, 0]
        },
    ]

    /// `coded` keeps terms in a section of their own, `codesOnly` in the rows of codes.
    /// The last slots of `codesOnly` keep whole vectors.
    static let codes: [CraftedSnapshot] = [
        .init("A center of NaN", of: .coded, .quantizer, "the center holds", place: 4, Float.nan.bitPattern),
        .init(
            "An infinite center", of: .codesOnly, .quantizer, "the center holds", place: 4, Float.infinity.bitPattern),
        .init("A center of 1e38", of: .coded, .quantizer, "a center of 50 values", place: 4, Float(1e38).bitPattern),
        .init("A center of fewer values than dimensions", of: .coded, .quantizer, "a center of 49 values") {
            $0[.quantizer].removeLast(4)
            $0.put(49 as UInt64, at: 1, of: .quantizer)
        },
        .init("A center of more values than dimensions", of: .coded, .quantizer, "a center of 51 values") {
            $0[.quantizer] += [0, 0, 0, 0]
            $0.put(51 as UInt64, at: 1, of: .quantizer)
        },
        .init("Scaled codes without a balance", of: .coded, .balance, "it is missing") { parts in
            parts.removeAll { $0.number == SnapshotSection.balance.rawValue }
        },
        .init("A balance of fewer values than dimensions", of: .coded, .balance, "49 values and 50 weights") {
            $0[.balance].removeSubrange(8..<12)
            $0.put(49 as UInt64, at: 0, of: .balance)
        },
        .init("A balance of no weights", of: .coded, .balance, "it ends too soon") { $0[.balance].removeLast(208) },
        .init("A balance that is not all", of: .coded, .balance, "4 bytes behind") { $0[.balance] += [0, 0, 0, 0] },
        .init("A mean of NaN", of: .coded, .balance, "the center holds", place: 3, Float.nan.bitPattern),
        .init("A weight of 0", of: .coded, .balance, "50 values and 50 weights", place: 55, Float(0).bitPattern),
        .init("A weight above 1", of: .coded, .balance, "50 values and 50 weights", place: 55, Float(1.5).bitPattern),
        .init("A weight of NaN", of: .coded, .balance, "the weights holds", place: 55, Float.nan.bitPattern),
        .init("More than a center", of: .coded, .quantizer, "4 bytes behind") { $0[.quantizer] += [0, 0, 0, 0] },
        .init("No center", of: .codesOnly, .quantizer, "it ends too soon") { $0[.quantizer].removeLast(20) },
        .init("A step of NaN", of: .coded, .codeTerms, "slot 7 has no range", place: 4 * 7 + 2, Float.nan.bitPattern),
        .init(
            "An infinite least value", of: .coded, .codeTerms, "slot 0 has no range", place: 1,
            Float.infinity.bitPattern),
        .init("A constant of NaN", of: .coded, .codeTerms, "slot 9 has no range", place: 36, Float.nan.bitPattern),
        .init("An error of NaN", of: .coded, .codeTerms, "slot 259 has no range", place: 1039, Float.nan.bitPattern),
        .init(
            "A step of NaN in a row", of: .codesOnly, .codes, "slot 1 has no range", place: 16 + 14,
            Float.nan.bitPattern),
        .init("Terms of fewer rows than there are", of: .coded, .codeTerms, "wanted 260 rows of 16") {
            $0[.codeTerms].removeLast(16)
        },
        .init("Fewer rows of codes than there are", of: .coded, .codes, "wanted 260 rows of 64") {
            $0[.codes].removeLast(64)
        },
        .init("Fewer remainders than there are", of: .codesOnly, .remainders, "wanted 4107 rows of 2") {
            $0[.remainders].removeLast(2)
        },
        .init("A whole vector that there is not", of: .codesOnly, .codes, "slot 5 has whole vector 99 of") {
            $0.put(1 << 31 | 99 as UInt32, at: 16 * 5 + 15, of: .codes)
        },
        .init("A whole vector of the largest number", of: .codesOnly, .codes, "slot 0 has whole vector 2147483647") {
            $0.put(UInt32.max, at: 15, of: .codes)
        },
        .init("A whole vector of two slots", of: .codesOnly, .codes, "slot 6 has whole vector 0 that another slot has")
        {
            for slot in [5, 6] { $0.put(1 << 31 as UInt32, at: 16 * slot + 15, of: .codes) }
        },
        .init("Fewer whole vectors than there are", of: .codesOnly, .codes, "has whole vector") {
            $0[.keptVectors].removeLast(64)
        },
        .init("Half a whole vector", of: .codesOnly, .keptVectors, "rows of 64") {
            $0[.keptVectors].removeLast(32)
        },
        .init("NaN in a whole vector", of: .codesOnly, .keptVectors, "has no length", place: 1, Float.nan.bitPattern),
        .init(
            "A whole vector that is too long", of: .codesOnly, .keptVectors, "no length", place: 32,
            Float(0x1p63).bitPattern),
        .init(
            "An infinity behind a whole vector", of: .codesOnly, .keptVectors, "has no length", place: 15,
            Float.infinity.bitPattern),
    ]

    static let calibrations: [CraftedSnapshot] = [
        .init("Queries of no kind", of: .calibrated, .calibration, "the kind of queries is 3", place: 0, 3 as UInt64),
        .init(
            "A calibration without vectors", of: .calibrated, .calibration, "the number of vectors", place: 1,
            0 as UInt64),
        .init("17 curves", of: .calibrated, .calibration, "the number of curves is 17", place: 3, 17 as UInt64),
        .init("Curves out of order", of: .calibrated, .calibration, "curves out of order", place: 4, 10 as UInt64),
        .init("A curve of no results", of: .calibrated, .calibration, "k is 0", place: 4, 0 as UInt64),
        .init("1,001 points", of: .calibrated, .calibration, "the number of points is 1001", place: 6, 1001 as UInt64),
        .init("Points out of order", of: .calibrated, .calibration, "points out of order") {
            // The first point twice.
            let point = Array($0[.calibration][56..<88])
            $0.put($0.number(6, of: .calibration) + 1 as UInt64, at: 6, of: .calibration)
            $0[.calibration].insert(contentsOf: point, at: 88)
        },
        .init("A recall of NaN", of: .calibrated, .calibration, "the recall is not", place: 8, Double.nan.bitPattern),
        .init("A recall of 2", of: .calibrated, .calibration, "points out of order", place: 8, Double(2).bitPattern),
        .init(
            "An infinite error", of: .calibrated, .calibration, "the standard error is not", place: 9,
            Double.infinity.bitPattern),
        .init("Queries of NaN", of: .calibrated, .calibration, "holds what is not") {
            // Behind the values come 8 lengths with their number before them.
            $0.put(Float.nan.bitPattern, at: ($0[.calibration].count - 40) / 4 - 1, of: .calibration)
        },
        .init("Fewer lengths than queries", of: .calibrated, .calibration, "are not 7 queries") {
            $0.put(7 as UInt64, at: ($0[.calibration].count - 40) / 8, of: .calibration)
            $0[.calibration].removeLast(4)
        },
    ]
}
