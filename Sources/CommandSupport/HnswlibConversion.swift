// SPDX-License-Identifier: Apache-2.0

import Nearest
import VectorFiles

extension HnswlibGraph {
    /// The graph of an index's vectors. Keys become labels. The index is compacted.
    ///
    /// - Parameter path: the index's name in errors.
    /// - Throws: ``CommandFailure``: hnswlib lacks the metric, or the index was opened from a damaged file.
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

    /// Refuses a metric that hnswlib lacks.
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

    /// The labels of the elements that are not deleted, in ascending order, and their vectors in the same order.
    package func contents() -> (labels: [UInt64], vectors: [Float]) {
        let elements = liveElements.sorted { labels[$0] < labels[$1] }
        return (elements.map { labels[$0] }, vectors(of: elements))
    }

    /// Makes an index with the file's M and `ef_construction`. It inserts the elements that are not deleted, in the order of the
    /// file. Labels become keys.
    ///
    /// - Throws: ``CommandFailure``, which names the file: a parameter is outside the range of an index, or the vector of a label
    ///   cannot be stored.
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
