// SPDX-License-Identifier: Apache-2.0

import HNSW

/// The codes of an index's vectors, and how far distances by them can be trusted.
struct LearntCodes {
    let matrix: CodeMatrix

    /// Vectors when the codes were learnt.
    let learntCount: Int

    /// The exact distance of two near vectors is about `slope * codeDistance + intercept`, off by `deviation` (its root mean
    /// square).
    private let slope: Float
    private let intercept: Float
    private let deviation: Float

    /// Deviations by which a vector may seem too far and is still compared exactly: 2 loses about one in forty of those at the
    /// edge.
    private static var confidence: Float { 2 }

    /// - Parameter sample: slots whose rows are in both matrices; at least two.
    init(_ matrix: CodeMatrix, vectors: VectorMatrix, kernel: Float32Kernel, sample: [UInt32]) {
        self.matrix = matrix
        learntCount = matrix.count
        let scale = matrix.quantizer.scale
        switch kernel.metric {
        case .manhattan: slope = scale
        case .squaredEuclidean, .innerProduct: slope = scale * scale
        case .cosine: slope = scale * scale / 2
        }
        // What is left of the exact distance after the slope, for the nearest of some vectors.
        var rests: [Double] = []
        var exact = [Float](repeating: 0, count: sample.count)
        var coded = exact
        for query in sample.prefix(64) {
            kernel.gather(vectors.row(Slot(query)), slots: sample, count: sample.count, into: &exact)
            matrix.kernel.gather(matrix.kernel.row(query), slots: sample, count: sample.count, into: &coded)
            let nearest = sample.indices.filter { sample[$0] != query }.sorted { exact[$0] < exact[$1] }.prefix(16)
            for i in nearest { rests.append(Double(exact[i]) - Double(slope) * Double(coded[i])) }
        }
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
