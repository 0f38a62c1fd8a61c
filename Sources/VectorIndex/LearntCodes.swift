// SPDX-License-Identifier: Apache-2.0

import HNSW

/// The codes of an index's vectors, and how far distances by them can be trusted.
struct LearntCodes {
    let matrix: CodeMatrix

    /// The exact distance of two near vectors is about `slope * codeDistance + intercept`, off by `deviation` (its root mean
    /// square).
    private let slope: Float
    private let intercept: Float
    private let deviation: Float

    /// The share of the 10 nearest of vectors of the sample that is among the 20 nearest by codes.
    let sampleRecall: Double

    /// Deviations by which a vector may seem too far and is still compared exactly: 2 loses about one in forty of those at the
    /// edge.
    private static var confidence: Float { 2 }

    /// - Parameter sample: vectors whose codes are in the matrix; at least two.
    init(_ matrix: CodeMatrix, sample: VectorSample) {
        self.matrix = matrix
        let scale = matrix.quantizer.scale
        switch matrix.kernel.metric {
        case .manhattan: slope = scale
        case .squaredEuclidean, .innerProduct: slope = scale * scale
        case .cosine: slope = scale * scale / 2
        }
        // What is left of the exact distance after the slope, for the nearest of some vectors.
        var rests: [Double] = []
        let slots = sample.slots
        var exact = [Float](repeating: 0, count: slots.count)
        var coded = exact
        var hits = 0
        let queries = Array(slots.indices).spread(64)
        for query in queries {
            sample.distances(from: query, into: &exact)
            matrix.kernel.gather(matrix.kernel.row(slots[query]), slots: slots, count: slots.count, into: &coded)
            let others = slots.indices.filter { $0 != query }
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
