// SPDX-License-Identifier: Apache-2.0

import HNSW

/// How far distances by codes can be trusted, measured on a sample of the vectors that the codes are for.
struct CodeAccuracy {
    /// The share of the 10 nearest of vectors of the sample that is among the 20 nearest by codes.
    let sampleRecall: Double

    /// The exact distance of two near vectors is about `slope * codeDistance + intercept`, off by `deviation` (its root mean
    /// square).
    private let slope: Float
    private let intercept: Float
    private let deviation: Float

    /// Deviations by which a vector may seem too far and is still compared exactly: 2 loses about one in forty of those at the
    /// edge.
    private static var confidence: Float { 2 }

    /// What was measured before, as ``append(to:)`` has put it.
    init(_ record: inout RecordReader) throws(SnapshotError) {
        sampleRecall = try record.next("the recall of the sample", Double.self)
        slope = try record.next("the slope of distances")
        intercept = try record.next("the intercept of distances")
        deviation = try record.next("the deviation of distances")
    }

    func append(to record: inout RecordWriter) {
        record.append(sampleRecall)
        for value in [slope, intercept, deviation] { record.append(value) }
    }

    /// - Parameters:
    ///   - codes: row i is that of vector i of the sample.
    ///   - sample: at least two vectors.
    init(of codes: CodeMatrix, sample: VectorSample) {
        let count = sample.slots.count
        precondition(codes.count == count && count > 1)
        let scale = codes.quantizer.scale
        switch codes.kernel.metric {
        case .manhattan: slope = scale
        case .squaredEuclidean, .innerProduct: slope = scale * scale
        case .cosine: slope = scale * scale / 2
        }
        // What is left of the exact distance after the slope, for the nearest of some vectors.
        var rests: [Double] = []
        var exact = [Float](repeating: 0, count: count)
        var coded = exact
        var hits = 0
        let queries = (0..<count).spread(64)
        for query in queries {
            sample.distances(from: query, into: &exact)
            codes.kernel.scan(codes.kernel.row(UInt32(query)), first: 0, count: count, into: &coded)
            let others = (0..<count).filter { $0 != query }
            let nearest = others.sorted { exact[$0] < exact[$1] }
            let nearestByCodes = Set(others.sorted { coded[$0] < coded[$1] }.prefix(20))
            hits += nearest.prefix(10).count { nearestByCodes.contains($0) }
            for i in nearest.prefix(16) { rests.append(Double(exact[i]) - Double(slope) * Double(coded[i])) }
        }
        sampleRecall = Double(hits) / Double(10 * queries.count)
        let mean = rests.reduce(0, +) / Double(rests.count)
        intercept = Float(mean)
        let variance = rests.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rests.count)
        deviation = Float(variance.squareRoot())
    }

    /// The exact distance that a vector may have, at the least, by its distance to the codes of a query.
    ///
    /// - Parameter queryFactor: what the query was multiplied by before it was encoded.
    func leastDistance(queryFactor: Float) -> LinearBound {
        LinearBound(slope: slope / queryFactor, intercept: (intercept - Self.confidence * deviation) / queryFactor)
    }
}
