// SPDX-License-Identifier: Apache-2.0

import Nearest
import VectorFiles

extension HnswlibGraph {
    /// The graph of an index's vectors: keys become labels. The index is compacted.
    ///
    /// - Parameter path: what a failure calls the index.
    /// - Throws: ``CommandFailure``: hnswlib has no such metric, or the index was opened from a damaged file.
    package init(_ index: HNSWIndex, path: String) throws(CommandFailure) {
        try Self.check(index.metric, path: path)
        let graph: ExportedGraph
        do throws(VectorIndexError) { graph = try index.exportedGraph() } catch {
            throw IndexFile(path: path).failure(error)
        }
        self.init(
            dimensions: index.dimensions, m: index.options.m, efConstruction: index.options.efConstruction,
            entryPoint: graph.entryPoint, labels: graph.keys, vectors: graph.vectors, neighbors: graph.neighbors)
    }

    /// Refuses a metric that hnswlib does not have.
    package static func check(_ metric: Metric, path: String) throws(CommandFailure) {
        guard metric != .manhattan else {
            throw CommandFailure("\(path): its metric is l1; hnswlib has l2, ip and cosine")
        }
    }
}

extension HnswlibFile {
    /// The elements that are not marked as deleted, in the order of the file.
    private var liveElements: [Int] { (0..<count).filter { !isDeleted[$0] } }

    private func vectors(of elements: [Int]) -> [Float] {
        let all = vectors()
        return elements.flatMap { all[$0 * dimensions..<($0 + 1) * dimensions] }
    }

    /// The labels of elements that are not deleted in ascending order, and their vectors in the same order.
    package func contents() -> (labels: [UInt64], vectors: [Float]) {
        let elements = liveElements.sorted { labels[$0] < labels[$1] }
        return (elements.map { labels[$0] }, vectors(of: elements))
    }

    /// An index of the elements that are not deleted, inserted again in the order of the file, with the file's M and number of
    /// candidates. Labels become keys.
    ///
    /// - Throws: ``CommandFailure``, naming the file: a parameter is outside the range of an index, or a vector cannot be stored,
    ///   which is named by its label.
    package func makeIndex(metric: Metric, codes: CodesOption, threads: Int) throws(CommandFailure) -> HNSWIndex {
        for (name, value, range) in [
            ("M", m, HNSWOptions.mRange),
            ("ef_construction", efConstruction, HNSWOptions.efConstructionRange),
        ] where !range.contains(value) {
            throw CommandFailure(
                "\(path): \(name) is \(value); an index has from \(range.lowerBound) to \(range.upperBound)")
        }
        let elements = liveElements
        let keys = elements.map { labels[$0] }
        let options = HNSWOptions(m: m, efConstruction: efConstruction, codes: codes.codes)
        let progress = ProgressBar("build", total: keys.count)
        defer { progress.finish() }
        do throws(VectorIndexError) {
            let index = try HNSWIndex(dimensions: dimensions, metric: metric, options: options)
            try index.insert(contentsOf: vectors(of: elements), keys: keys, threads: threads) { progress.update($0) }
            return index
        } catch .batchVector(let position, let reason) {
            throw CommandFailure("\(path): the vector of label \(keys[position]): \(reason)")
        } catch {
            throw CommandFailure("\(path): \(error)")
        }
    }
}
