// SPDX-License-Identifier: Apache-2.0

import HNSW

/// What a snapshot's section `calibration` holds, in this order. Numbers have 8 bytes, except the values and squared lengths of
/// queries. Those have 4, and their number stands before them.
///
/// 1. Where queries came from: 0 held-out vectors, 1 stored vectors, 2 the caller.
/// 2. Vectors held when recall was measured, and vectors ever inserted by then.
/// 3. The number of curves. For each curve: `k`, its queries, the number of its points. For each point: `efSearch`, recall,
///    standard error and distances a query.
/// 4. What follows: 0 nothing, 1 queries, 2 the ratio of outliers, 3 both.
/// 5. The ratio of outliers, which files of version 1 lack.
/// 6. The caller's queries, normalized under cosine, and the squared length of each.
extension Calibrated {
    private static let sources: [Calibration.Source] = [.heldOutVectors, .storedVectors, .queries]
    private static let countRange = 1...1 << 48

    func encoded(dimensions: Int) -> RecordWriter {
        var record = RecordWriter()
        record.append(UInt64(Self.sources.firstIndex(of: calibration.source) ?? 0))
        for count in [calibration.vectorCount, insertedCount, calibration.curves.count] { record.append(UInt64(count)) }
        for curve in calibration.curves {
            for count in [curve.k, curve.queryCount, curve.points.count] { record.append(UInt64(count)) }
            for point in curve.points {
                record.append(UInt64(point.efSearch))
                for value in [point.recall, point.standardError, point.distancesPerQuery] { record.append(value) }
            }
        }
        record.append(UInt64((queries == nil ? 0 : 1) + (outlierRatio == nil ? 0 : 2)))
        if let outlierRatio { record.append(Double(outlierRatio)) }
        queries?.append(to: &record, dimensions: dimensions)
        return record
    }

    /// The calibration of a file; nil if it has none.
    init?(_ file: SnapshotFile, dimensions: Int) throws(SnapshotError) {
        guard var record = try file.record(.calibration) else { return nil }
        let source = Self.sources[try record.next("the kind of queries", in: 0...Self.sources.count - 1)]
        let vectorCount = try record.next("the number of vectors", in: Self.countRange)
        insertedCount = try record.next("the number of vectors inserted", in: Self.countRange)
        var curves: [Calibration.Curve] = []
        for _ in 0..<(try record.next("the number of curves", in: 0...16)) {
            let curve = try Calibration.Curve(&record)
            guard curve.k > curves.last?.k ?? 0 else { throw record.malformed("curves out of order") }
            curves.append(curve)
        }
        calibration = Calibration(source: source, vectorCount: vectorCount, curves: curves)
        let parts = try record.next("what follows the curves", in: 0...3)
        outlierRatio = parts & 2 != 0 ? Float(try record.next("the ratio of outliers", Double.self)) : nil
        queries = parts & 1 != 0 ? try PreparedBatch(&record, dimensions: dimensions) : nil
        try record.finish()
    }
}

extension Calibration.Curve {
    private static let countRange = 1...1 << 40

    fileprivate init(_ record: inout RecordReader) throws(SnapshotError) {
        k = try record.next("k", in: Self.countRange)
        queryCount = try record.next("the number of queries", in: 0...Self.countRange.upperBound)
        points = []
        for _ in 0..<(try record.next("the number of points", in: 0...1000)) {
            let point = Calibration.Point(
                efSearch: try record.next("efSearch", in: Self.countRange),
                recall: try record.next("the recall", Double.self),
                standardError: try record.next("the standard error", Double.self),
                distancesPerQuery: try record.next("the distances of a query", Double.self))
            guard point.efSearch > points.last?.efSearch ?? 0, (0...1).contains(point.recall) else {
                throw record.malformed("points out of order")
            }
            points.append(point)
        }
    }
}
