// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Nearest
import VectorFiles

extension ConvertCommand {
    /// Converts. Returns the line to print.
    func convert() throws -> String {
        switch try conversion() {
        case .vectorsToVectors:
            let table = try VectorTable(path: source)
            return try write(table.floats(), rows: table.rows, columns: table.columns)
        case .indexToVectors:
            let index = try IndexFile(path: source).open()
            let contents = try index.contents()
            return try write(contents.vectors, keys: contents.keys, columns: index.dimensions)
        case .hnswlibToVectors:
            let file = try hnswlibFile()
            let contents = file.contents()
            return try write(contents.vectors, keys: contents.labels, columns: file.dimensions)
        case .indexToHnswlib: return try exportIndex()
        case .hnswlibToIndex: return try importIndex()
        }
    }

    private func hnswlibFile() throws(CommandFailure) -> HnswlibFile {
        try orCommandFailure(HnswlibFile(path: source, dimensions: dimensions ?? 0))
    }

    private func exportIndex() throws -> String {
        let file = IndexFile(path: source)
        // Checked before the whole index is read.
        try HnswlibGraph.check(try file.info().metric, path: source)
        try IndexFile(path: target).checkFolder()
        let index = try file.open()
        try HnswlibFile.write(try HnswlibGraph(index, path: source), to: target)
        return "\(target): \(index.count) vectors x \(index.dimensions) for hnswlib, "
            + "space \(MetricOption(index.metric).rawValue)"
    }

    private func importIndex() throws -> String {
        let target = IndexFile(path: target)
        try target.checkFolder()
        let file = try hnswlibFile()
        let index = try file.makeIndex(
            metric: (metric ?? .l2).metric, codes: codes ?? .auto, threads: buildThreads ?? Processors.count)
        let bytes = try target.save(index)
        return "\(target.path): \(index.count) vectors x \(index.dimensions), \(MetricOption(index.metric).rawValue), "
            + "\(bytes) bytes"
    }

    /// Writes vectors, and their keys if `--keys-out` is given.
    private func write(_ values: [Float], keys: [UInt64], columns: Int) throws -> String {
        // Checked before anything is written: a key may be beyond what the format holds.
        let ids = keysOut == nil ? [] : try idColumn(keys)
        if let keysOut, let large = ids.first(where: { Int32(exactly: $0) == nil }),
            !keysOut.lowercased().hasSuffix(".npy")
        {
            throw CommandFailure(.keyOutOfRange(path: keysOut, key: large))
        }
        let text = try write(values, rows: keys.count, columns: columns)
        if let keysOut { try VectorTable.write(ids: ids, rows: keys.count, columns: 1, to: keysOut) }
        return text
    }

    private func write(_ values: [Float], rows: Int, columns: Int) throws -> String {
        try VectorTable.write(values, rows: rows, columns: columns, to: target)
        return "\(target): \(rows) vectors x \(columns)"
    }
}
