// SPDX-License-Identifier: Apache-2.0

import Nearest
import VectorFiles

/// Stored vectors and queries from files that ``VectorTable`` reads.
package struct SearchInputs {
    /// The most neighbors that a query of the commands asks for. What they write has so many places for each query.
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
    ///
    /// - Parameter allowsNoQueries: whether a file of no queries is read. There is nothing to measure then.
    /// - Throws: ``CommandFailure``, which names the file: it cannot be read, is malformed, or holds no values, or the two have
    ///   vectors of different dimensions.
    package init(
        base basePath: String, queries queriesPath: String, limit: Int?, queryLimit: Int?, allowsNoQueries: Bool = false
    ) throws(CommandFailure) {
        let baseFile = try orCommandFailure(VectorTable(path: basePath))
        let queriesFile = try orCommandFailure(VectorTable(path: queriesPath))
        guard baseFile.columns == queriesFile.columns else {
            throw CommandFailure(
                "\(queriesPath): vectors of \(queriesFile.columns) dimensions; those of \(basePath) have "
                    + "\(baseFile.columns)")
        }
        guard baseFile.columns > 0 else { throw CommandFailure("\(basePath): holds no values") }
        guard allowsNoQueries || queriesFile.rows > 0 else { throw CommandFailure("\(queriesPath): holds no values") }
        dimensions = baseFile.columns
        base = try orCommandFailure(baseFile.floats(limit: limit))
        queries = try orCommandFailure(queriesFile.floats(limit: queryLimit))
    }

    /// Reads the first vectors of a file, to be stored.
    ///
    /// - Throws: ``CommandFailure``, which names the file: it cannot be read, is malformed, or has rows of no values.
    package init(base path: String, limit: Int?) throws(CommandFailure) {
        let file = try orCommandFailure(VectorTable(path: path))
        guard file.columns > 0 else { throw CommandFailure("\(path): holds no values") }
        self.init(dimensions: file.columns, base: try orCommandFailure(file.floats(limit: limit)), queries: [])
    }

    /// Reads the first queries of a file, for an index of so many dimensions.
    ///
    /// - Parameter allowsNoQueries: whether a file of no queries is read. There is nothing to measure then.
    /// - Throws: ``CommandFailure``, which names the file: it cannot be read, is malformed, or holds no values, or vectors of other
    ///   dimensions.
    package init(
        queries path: String, dimensions: Int, queryLimit: Int?, allowsNoQueries: Bool = false
    ) throws(CommandFailure) {
        let file = try orCommandFailure(VectorTable(path: path))
        guard file.columns == dimensions else {
            throw CommandFailure(
                "\(path): vectors of \(file.columns) dimensions; those of the index have \(dimensions)")
        }
        guard allowsNoQueries || file.rows > 0 else { throw CommandFailure("\(path): holds no values") }
        self.init(
            dimensions: dimensions, base: [], queries: try orCommandFailure(file.floats(limit: queryLimit)))
    }

    /// The values of one query in `queries`.
    package func queryRange(_ index: Int) -> Range<Int> { index * dimensions..<(index + 1) * dimensions }

    /// Keys of the stored vectors: their row numbers.
    package var keys: [UInt64] { (0..<baseCount).map(UInt64.init) }

    /// The distances from a query to the rows of its results, in double precision. An index may know those to its codes only.
    package func trueDistances(of results: [Neighbor], query: Int, metric: Metric) -> [Float] {
        results.map { distance(from: query, to: Int($0.key), metric: metric) }
    }

    /// The distance from a query to a row, in double precision.
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

    /// The `k` nearest rows of each query. Each query is compared with every row.
    package func exactNeighbors(metric: Metric, k: Int, threads: Int) throws -> [[Neighbor]] {
        let index = try ExactIndex(dimensions: dimensions, metric: metric)
        try index.insert(contentsOf: base, keys: keys)
        let progress = ProgressBar("exact search", total: queryCount)
        defer { progress.finish() }
        return try index.search(each: queries, k: k, threads: threads) { progress.update($0) }
    }
}
