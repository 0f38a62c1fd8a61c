// SPDX-License-Identifier: Apache-2.0

import Nearest

/// Stored vectors and queries read from `.npy` files.
struct SearchInputs {
    /// The most neighbours that the commands ask for: what they write has so many places for each query.
    static let maximumK = 100_000

    let dimensions: Int
    let base: [Float]
    let queries: [Float]

    var baseCount: Int { base.count / dimensions }
    var queryCount: Int { queries.count / dimensions }

    init(base basePath: String, queries queriesPath: String, limit: Int?, queryLimit: Int?) throws(CommandFailure) {
        let baseFile = try NumPyFile(path: basePath)
        let queriesFile = try NumPyFile(path: queriesPath)
        guard baseFile.columns == queriesFile.columns else {
            throw CommandFailure(
                "\(queriesPath): vectors of \(queriesFile.columns) dimensions; those of \(basePath) have "
                    + "\(baseFile.columns)")
        }
        guard baseFile.columns > 0, queriesFile.rows > 0 else {
            throw CommandFailure("\(baseFile.columns > 0 ? queriesPath : basePath): holds no values")
        }
        dimensions = baseFile.columns
        base = try baseFile.floats(limit: limit)
        queries = try queriesFile.floats(limit: queryLimit)
    }

    /// The values of one query in `queries`.
    func queryRange(_ index: Int) -> Range<Int> { index * dimensions..<(index + 1) * dimensions }

    /// Keys of the stored vectors: their row numbers.
    var keys: [UInt64] { (0..<baseCount).map(UInt64.init) }

    /// The `k` nearest rows of each query, by comparing with every row.
    func exactNeighbors(metric: Metric, k: Int, threads: Int) throws -> [[Neighbor]] {
        let index = try ExactIndex(dimensions: dimensions, metric: metric)
        try index.insertBatch(base, keys: keys)
        let progress = ProgressBar("exact search", total: queryCount)
        defer { progress.finish() }
        return try index.searchBatch(queries, k: k, threads: threads) { progress.update($0) }
    }
}

/// Results as rows of ids, -1 where there are fewer than `k`.
func idRows(_ results: [[Neighbor]], k: Int) -> [Int32] {
    var ids = [Int32](repeating: -1, count: results.count * k)
    for (row, neighbors) in results.enumerated() {
        for (i, neighbor) in neighbors.prefix(k).enumerated() { ids[row * k + i] = Int32(neighbor.key) }
    }
    return ids
}
