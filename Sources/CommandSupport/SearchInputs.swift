// SPDX-License-Identifier: Apache-2.0

import Nearest
import VectorFiles

/// Stored vectors and queries, as files hold them that ``VectorTable`` reads.
package struct SearchInputs {
    /// The most neighbors that the commands ask for: what they write has so many places for each query.
    package static let maximumK = 100_000

    package let dimensions: Int
    package let base: [Float]
    package let queries: [Float]

    package var baseCount: Int { base.count / dimensions }
    package var queryCount: Int { queries.count / dimensions }

    /// Takes vectors that lie one after the other.
    package init(dimensions: Int, base: [Float], queries: [Float]) {
        precondition(base.count % dimensions == 0 && queries.count % dimensions == 0)
        self.dimensions = dimensions
        self.base = base
        self.queries = queries
    }

    /// Reads the first vectors and queries of two files.
    package init(
        base basePath: String, queries queriesPath: String, limit: Int?, queryLimit: Int?
    ) throws(CommandFailure) {
        let baseFile = try orCommandFailure(VectorTable(path: basePath))
        let queriesFile = try orCommandFailure(VectorTable(path: queriesPath))
        guard baseFile.columns == queriesFile.columns else {
            throw CommandFailure(
                "\(queriesPath): vectors of \(queriesFile.columns) dimensions; those of \(basePath) have "
                    + "\(baseFile.columns)")
        }
        guard baseFile.columns > 0, queriesFile.rows > 0 else {
            throw CommandFailure("\(baseFile.columns > 0 ? queriesPath : basePath): holds no values")
        }
        dimensions = baseFile.columns
        base = try orCommandFailure(baseFile.floats(limit: limit))
        queries = try orCommandFailure(queriesFile.floats(limit: queryLimit))
    }

    /// Reads the first vectors of a file, to be stored.
    package init(base path: String, limit: Int?) throws(CommandFailure) {
        let file = try orCommandFailure(VectorTable(path: path))
        guard file.columns > 0 else { throw CommandFailure("\(path): holds no values") }
        self.init(dimensions: file.columns, base: try orCommandFailure(file.floats(limit: limit)), queries: [])
    }

    /// Reads the first queries of a file, to be asked of an index of so many dimensions.
    package init(queries path: String, dimensions: Int, queryLimit: Int?) throws(CommandFailure) {
        let file = try orCommandFailure(VectorTable(path: path))
        guard file.columns == dimensions else {
            throw CommandFailure(
                "\(path): vectors of \(file.columns) dimensions; those of the index have \(dimensions)")
        }
        guard file.rows > 0 else { throw CommandFailure("\(path): holds no values") }
        self.init(dimensions: dimensions, base: [], queries: try orCommandFailure(file.floats(limit: queryLimit)))
    }

    /// The values of one query in `queries`.
    package func queryRange(_ index: Int) -> Range<Int> { index * dimensions..<(index + 1) * dimensions }

    /// Keys of the stored vectors: their row numbers.
    package var keys: [UInt64] { (0..<baseCount).map(UInt64.init) }

    /// The distances of a query's results to the rows themselves, also if codes found them.
    package func trueDistances(of results: [Neighbor], query: Int, metric: Metric) -> [Float] {
        results.map { distance(from: query, to: Int($0.key), metric: metric) }
    }

    /// The metric's value of a query and a row, in double precision.
    private func distance(from query: Int, to row: Int, metric: Metric) -> Float {
        var (difference, squares, product, squaredLengths) = (0.0, 0.0, 0.0, (0.0, 0.0))
        for d in 0..<dimensions {
            let (q, x) = (Double(queries[query * dimensions + d]), Double(base[row * dimensions + d]))
            difference += abs(q - x)
            squares += (q - x) * (q - x)
            product += q * x
            squaredLengths.0 += q * q
            squaredLengths.1 += x * x
        }
        return switch metric {
        case .manhattan: Float(difference)
        case .squaredEuclidean: Float(squares)
        case .innerProduct: Float(-product)
        case .cosine: Float(1 - product / (squaredLengths.0 * squaredLengths.1).squareRoot())
        }
    }

    /// The `k` nearest rows of each query, by comparing with every row.
    package func exactNeighbors(metric: Metric, k: Int, threads: Int) throws -> [[Neighbor]] {
        let index = try ExactIndex(dimensions: dimensions, metric: metric)
        try index.insert(contentsOf: base, keys: keys)
        let progress = ProgressBar("exact search", total: queryCount)
        defer { progress.finish() }
        return try index.search(each: queries, k: k, threads: threads) { progress.update($0) }
    }
}
