// SPDX-License-Identifier: Apache-2.0

import HNSW

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How well codes order the neighbors of an index's vectors, judged by the true neighbors of some vectors.
struct CodeFitness {
    /// Vectors whose neighbors are looked at.
    static var sampleSize: Int { 128 }

    /// Neighbors that must not be lost, and neighbors that a search has room for.
    private static var wanted: Int { 10 }
    static var room: Int { 64 }

    /// The share of its neighbors that a vector may lose to the codes.
    private static var mostLost: Float { 0.02 }

    /// The share of vectors that lose more than ``mostLost``. Searches for those go on by stored vectors, which takes about three
    /// times as long.
    let unfitShare: Double

    /// Codes that are unfit for a larger share are not chosen. At a tenth, searches take a fifth longer on average.
    static var mostUnfit: Double { 0.1 }

    /// - Parameters:
    ///   - neighbors: for each vector of the sample its nearest neighbors without itself: ``room`` of them, or all if there are
    ///     fewer.
    ///   - vector: the vector of a slot.
    init(
        of quantizer: RowQuantizer, sample: [UInt32], neighbors: [[NearestSelection.Candidate]],
        instructionSet: InstructionSet, vector: (UInt32) -> UnsafePointer<Float>
    ) throws(StorageError) {
        let rows = try CodeMatrix(
            quantizer: quantizer, instructionSet: instructionSet, rows: sample.count * Self.wanted)
        try rows.ensure(additional: sample.count * Self.wanted)
        let space = QuerySpace()
        var unfitCount = 0
        for (slot, nearest) in zip(sample, neighbors) {
            guard let farthest = nearest.last else { continue }
            let query = rows.kernel.query(of: vector(slot), space: space.elements(rows.kernel.queryLength))
            var lost: Float = 0
            for neighbor in nearest.prefix(Self.wanted) {
                let row = UInt32(rows.count)
                rows.append(vector(neighbor.slot))
                let deviation = rows.kernel.deviation(of: row, at: neighbor.distance, from: query)
                let gap = farthest.distance - neighbor.distance
                if deviation > 0 { lost += 0.5 * erfcf(gap / deviation * 0.7071) }
            }
            if lost > Self.mostLost * Float(min(nearest.count, Self.wanted)) { unfitCount += 1 }
        }
        unfitShare = Double(unfitCount) / Double(max(sample.count, 1))
    }
}
