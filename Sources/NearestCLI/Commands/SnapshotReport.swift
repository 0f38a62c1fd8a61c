// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Foundation
import Nearest

/// What `nearest info` says of a saved index. The properties are the keys of its JSON.
struct SnapshotReport: Encodable {
    struct Section: Encodable {
        var name: String
        var offset: Int
        var length: Int

        /// CRC-32C, eight hexadecimal digits.
        var checksum: String
    }

    var formatVersion: Int
    var count: Int
    var dimensions: Int
    var metric: String
    var m: Int
    var efConstruction: Int
    var efSearch: Int
    var seed: UInt64
    var codesAskedFor: String
    var codes: String

    /// What vectors are stored as.
    var rows: String

    /// Whether the index was asked to keep vectors beside codes.
    var keepsVectors: Bool

    /// Whether it holds codes only.
    var isCodesOnly: Bool
    var bytes: Int
    var sections: [Section]

    init(_ info: SnapshotInfo) {
        formatVersion = info.formatVersion
        count = info.count
        dimensions = info.dimensions
        metric = MetricOption(info.metric).rawValue
        m = info.options.m
        efConstruction = info.options.efConstruction
        efSearch = info.options.efSearch
        seed = info.options.seed
        codesAskedFor = CodesOption(info.options.codes).rawValue
        codes = CodesOption(info.codesInUse).rawValue
        rows = RowsOption(info.options.rows).rawValue
        keepsVectors = info.options.keepsVectors
        isCodesOnly = info.isCodesOnly
        bytes = info.fileBytes
        sections = info.sections.map { section in
            let digits = String(section.checksum, radix: 16)
            return Section(
                name: section.name, offset: section.offset, length: section.length,
                checksum: String(repeating: "0", count: 8 - digits.count) + digits)
        }
    }

    func text() -> String {
        let kept =
            switch (keepsVectors, isCodesOnly) {
            case (_, true): "codes only"
            case (true, false): "whole vectors"
            case (false, false): "whole vectors, until there are codes that can stand for them"
            }
        var lines = [
            "format:   version \(formatVersion)",
            "vectors:  \(count) x \(dimensions), \(metric)",
            "graph:    M \(m), efConstruction \(efConstruction), efSearch \(efSearch), seed \(seed)",
            "codes:    \(codes); asked for \(codesAskedFor)",
            "rows:     \(rows)",
            "kept:     \(kept)",
            "length:   \(bytes) bytes",
            "section              offset        length  CRC-32C",
        ]
        for section in sections {
            let name = section.name.padding(toLength: 16, withPad: " ", startingAt: 0)
            lines.append(name + String(format: "%11ld%14ld  ", section.offset, section.length) + section.checksum)
        }
        return lines.joined(separator: "\n")
    }
}
