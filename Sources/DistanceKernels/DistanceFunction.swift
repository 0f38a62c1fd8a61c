// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Computes distances between vectors of 32-bit floats under one metric, by the kernels of one instruction set.
///
/// Vectors lie in spans: a matrix is its rows, one after the other, without gaps. Any number of dimensions is fast; multiples of
/// 16 are fastest.
///
/// ```swift
/// let cosine = try DistanceFunction(.cosine)
/// let distance = try cosine.distance(from: a.span, to: b.span)
/// let nearest = try cosine.nearest(10, toEach: queries.span, among: rows.span, dimensions: 384)
/// ```
public struct DistanceFunction: Sendable {
    /// What is near.
    public let metric: Metric

    /// The instructions that distances are computed with.
    public let instructionSet: InstructionSet

    /// - Parameters:
    ///   - metric: what is near.
    ///   - instructionSet: the set to use; nil takes the fastest that the machine supports, or the one that `NEAREST_ISA` names.
    /// - Throws: ``InstructionSetError`` if the set is unknown or the machine does not support it.
    public init(_ metric: Metric, instructionSet: InstructionSet? = nil) throws(InstructionSetError) {
        self.metric = metric
        self.instructionSet = try InstructionSet.resolve(instructionSet)
    }

    /// Returns the distance of two vectors.
    ///
    /// - Complexity: O(dimensions).
    /// - Throws: ``DistanceError`` if their lengths differ or are 0, a value is NaN or infinite, or a vector of zeros has no
    ///   direction under ``Metric/cosine``.
    public func distance(from a: Span<Float>, to b: Span<Float>) throws(DistanceError) -> Float {
        guard a.count == b.count else { throw .dimensionMismatch(expected: a.count, found: b.count) }
        return try distances(from: a, to: b)[0]
    }

    /// Returns the distances from a query to each row.
    ///
    /// - Parameters:
    ///   - query: one vector.
    ///   - rows: any number of vectors of as many dimensions.
    /// - Returns: a distance for each row, in their order. One that is larger than the largest float is infinite.
    /// - Complexity: O(rows · dimensions).
    /// - Throws: ``DistanceError``; see ``distance(from:to:)``.
    public func distances(from query: Span<Float>, to rows: Span<Float>) throws(DistanceError) -> [Float] {
        let query = try CheckedRows(query, dimensions: query.count, metric: metric, instructionSet: instructionSet)
        let rows = try CheckedRows(rows, dimensions: query.dimensions, metric: metric, instructionSet: instructionSet)
        return [Float](unsafeUninitializedCapacity: rows.count) { distances, count in
            count = rows.count
            guard let base = distances.baseAddress else { return }
            rows.scan(query.row(0), first: 0, count: count, into: base)
        }
    }

    /// Returns the distances from each query to each row: inner products by OpenBLAS where it is linked.
    ///
    /// Squared Euclidean distances are computed as `Σ q² + Σ x² - 2 Σ q·x`. That cancels for vectors that are near one another: a
    /// distance may be off by `(dimensions + 8) · 2⁻²⁴ · (|q| + |x|)²`. ``distances(from:to:)`` is exact to the rounding of its
    /// terms, and slower for many queries.
    ///
    /// - Parameters:
    ///   - queries: vectors one after the other.
    ///   - rows: vectors one after the other.
    ///   - dimensions: values of a vector.
    /// - Returns: `queries × rows` distances: those of the first query, then those of the second.
    /// - Complexity: O(queries · rows · dimensions).
    /// - Throws: ``DistanceError``; see ``distance(from:to:)``.
    public func distances(
        fromEach queries: Span<Float>, to rows: Span<Float>, dimensions: Int
    ) throws(DistanceError) -> [Float] {
        let queries = try CheckedRows(queries, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        let rows = try CheckedRows(rows, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        return [Float](unsafeUninitializedCapacity: queries.count * rows.count) { distances, count in
            count = queries.count * rows.count
            guard count > 0, let base = distances.baseAddress else { return }
            rows.batch(queries, queries: 0..<queries.count, first: 0, count: rows.count, into: base)
        }
    }

    /// Returns the rows that are nearest to each query, nearest first; of rows that are equally far, those with the lower index.
    ///
    /// Distances are those of ``distances(from:to:)``. Batched distances only say which rows can be among the nearest.
    ///
    /// - Parameters:
    ///   - k: rows for each query; where there are fewer, all of them.
    ///   - queries: vectors one after the other.
    ///   - rows: vectors one after the other.
    ///   - dimensions: values of a vector.
    /// - Complexity: O(queries · rows · dimensions) time, and memory for 64 · 1,024 distances besides the results.
    /// - Throws: ``DistanceError``; see ``distance(from:to:)``.
    public func nearest(
        _ k: Int, toEach queries: Span<Float>, among rows: Span<Float>, dimensions: Int
    ) throws(DistanceError) -> [[RankedRow]] {
        let queries = try CheckedRows(queries, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        let rows = try CheckedRows(rows, dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        guard k > 0, rows.count > 0 else { return [[RankedRow]](repeating: [], count: queries.count) }
        return stride(from: 0, to: queries.count, by: Self.tileQueries).flatMap { first in
            nearest(min(k, rows.count), queries, first..<min(first + Self.tileQueries, queries.count), rows)
        }
    }

    /// Distances that are computed at once: what 64 queries and 1,024 rows of 384 floats take fits into a second-level cache.
    private static let tileQueries = 64
    private static let tileRows = 1024

    private func nearest(_ k: Int, _ queries: borrowing CheckedRows, _ range: Range<Int>, _ rows: borrowing CheckedRows)
        -> [[RankedRow]]
    {
        let errors = range.map { rows.batchError(queryNorm: queries.norm($0)) }
        var candidates = range.map { _ in NearestCandidates(k: k) }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count * Self.tileRows) { tile in
            for first in stride(from: 0, to: rows.count, by: Self.tileRows) {
                let count = min(Self.tileRows, rows.count - first)
                rows.batch(queries, queries: range, first: first, count: count, into: tile.baseAddress!)
                for q in range.indices {
                    let place = q - range.lowerBound
                    for i in 0..<count {
                        candidates[place].add(tile[place * count + i], row: first + i, error: errors[place])
                    }
                }
            }
        }
        return zip(range, candidates).map { q, candidates in
            let exact = candidates.rows.map {
                RankedRow(index: $0.index, distance: rows.distance(queries.row(q), $0.index))
            }
            return Array(exact.sorted().prefix(k))
        }
    }
}

/// A row and its distance from a query. Ordered by distance, then by index.
public struct RankedRow: Sendable, Hashable, Comparable, Codable {
    /// Which row it is, counted from 0.
    public let index: Int

    /// How far it is from the query.
    public let distance: Float

    /// Makes a result, as tests and merging do.
    public init(index: Int, distance: Float) {
        self.index = index
        self.distance = distance
    }

    /// Whether a row is nearer, or as near and earlier.
    public static func < (a: RankedRow, b: RankedRow) -> Bool {
        a.distance != b.distance ? a.distance < b.distance : a.index < b.index
    }
}

/// Says why distances cannot be computed.
public enum DistanceError: NearestError, Hashable {
    /// A vector has no values.
    case noDimensions

    /// A span's length is no multiple of the number of dimensions.
    case dimensionMismatch(expected: Int, found: Int)

    /// A value of this vector is NaN or infinite.
    case notFinite(index: Int)

    /// This vector has no direction, which ``Metric/cosine`` needs.
    case zeroVector(index: Int)

    /// The name of what is wrong (``NearestError/code``).
    public var code: String {
        switch self {
        case .noDimensions: "no-dimensions"
        case .dimensionMismatch: "dimension-mismatch"
        case .notFinite: "non-finite-value"
        case .zeroVector: "zero-vector"
        }
    }

    /// Says in one line what is wrong.
    public var description: String {
        switch self {
        case .noDimensions: "a vector has at least one dimension"
        case .dimensionMismatch(let expected, let found):
            "\(found) values are not a whole number of vectors of \(expected) dimensions"
        case .notFinite(let index): "vector \(index) has a value that is NaN or infinite"
        case .zeroVector(let index): "vector \(index) is zero and has no direction"
        }
    }
}
