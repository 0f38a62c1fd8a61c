// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension HNSWGraph {
    /// A candidate is compared if its estimate is at most this many deviations too far. Of those at the edge, one in 160 is lost.
    private static var confidence: Float { 2.5 }

    /// Vectors that are prefetched before the first is compared.
    private static var prefetchedRows: Int { 10 }

    /// Candidates compared at a time after the first `limit`.
    private static var rerankStep: Int { 8 }

    /// Compares the nearest candidates of a search by codes with the query again, by their stored vectors. Leaves the `limit`
    /// nearest in the order of these distances. Returns the share of the true neighbors that the codes are expected to have kept
    /// out of the pool.
    ///
    /// Candidates are taken in the order of their estimates, until the least distance of one is above that of the `limit`-th
    /// result. The least distance is the estimate less ``confidence`` deviations (``DistanceKernel/deviation(of:at:from:)``). The
    /// candidates compared so far show how well that deviation fits this query and these rows.
    ///
    /// - Parameters:
    ///   - query: the query's values.
    ///   - coded: the encoded query, as the search by codes used it.
    package func rerank<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Float>, coded: UnsafePointer<Kernel.Element>, limit: Int, kernel: Kernel,
        vectors: StoredVectors, scratch: inout SearchScratch
    ) -> Float {
        scratch.candidates.removeAll(keepingCapacity: true)
        for i in 0..<scratch.pool.count where !scratch.pool[i].routesOnly { scratch.candidates.append(scratch.pool[i]) }
        let count = scratch.candidates.count
        let limit = min(limit, max(count, 1))
        let radius = scratch.view.radius ?? .infinity
        let rows = vectors.prefetch
        for i in 0..<min(limit, Self.prefetchedRows, count) { rows.fetch(scratch.candidates[i].node.rawValue) }
        // The pool holds no farther vector.
        let edge = scratch.pool.isFull ? scratch.pool.bound : .infinity
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        scratch.pool.reset(limit: limit)
        var spread = EstimateSpread()
        var first = 0
        while first < count {
            let next = scratch.candidates[first]
            let deviation = kernel.deviation(of: next.node.rawValue, at: next.distance, from: coded)
            if next.distance - spread.margin(Self.confidence, deviation: deviation) > min(scratch.pool.bound, radius) {
                break
            }
            // First as many as are wanted, if there is room. Then few at a time, so that few are compared in vain.
            var part = first == 0 ? limit : Self.rerankStep
            if scratch.view.radius != nil {
                let near = scratch.candidates[first...].prefix(scratch.hopSlots.capacity).prefix {
                    $0.distance <= radius
                }
                part = max(near.count, Self.rerankStep)
            }
            part = min(part, scratch.hopSlots.capacity, count - first)
            for i in 0..<part { slots[i] = scratch.candidates[first + i].node.rawValue }
            vectors.gather(query, slots: slots, count: part, into: distances, scratch: &scratch.decoded)
            scratch.distanceCount &+= part
            for i in 0..<part {
                spread.add(
                    distances[i] - scratch.candidates[first + i].distance,
                    deviation: kernel.deviation(of: slots[i], at: distances[i], from: coded))
                scratch.pool.push(NodeKey(distance: distances[i], node: Node(rawValue: slots[i])))
            }
            first += part
        }
        guard edge < .infinity else { return 0 }
        return missedShare(beyond: edge, coded: coded, limit: limit, spread: spread, kernel: kernel, scratch: scratch)
    }

    /// The expected share of vectors, at the distances of the results, whose estimates lie behind the edge of the pool.
    private func missedShare<Kernel: DistanceKernel>(
        beyond edge: Float, coded: UnsafePointer<Kernel.Element>, limit: Int, spread: EstimateSpread, kernel: Kernel,
        scratch: borrowing SearchScratch
    ) -> Float {
        var missed: Float = 0
        for i in stride(from: scratch.pool.count - 1, through: 0, by: -1) {
            let found = scratch.pool[i]
            let deviation = kernel.deviation(of: found.node.rawValue, at: found.distance, from: coded)
            let room = edge - found.distance
            // Nearer results have more room.
            if room > spread.margin(4, deviation: deviation) { break }
            let deviations = (room + spread.shift) / (spread.scale * deviation)
            missed += 0.5 * erfcf(deviations * 0.7071)
        }
        return missed / Float(max(limit, 1))
    }
}

/// How far estimates are off. The rounding of the query shifts all of them alike. Each is also off by its own deviation.
private struct EstimateSpread {
    private var count = 0.0
    private var sum = 0.0

    // Sums over the differences d, with their deviations s, of (d / s)², d / s² and 1 / s².
    private var squares = 0.0
    private var products = 0.0
    private var weights = 0.0

    mutating func add(_ difference: Float, deviation: Float) {
        guard deviation > 0 else { return }
        let (difference, weight) = (Double(difference), 1 / Double(deviation))
        count += 1
        sum += difference
        squares += difference * weight * difference * weight
        products += difference * weight * weight
        weights += weight * weight
    }

    private var mean: Double { count > 0 ? sum / count : 0 }

    /// How much nearer than estimated the vectors are on average, as a number below 0. 0 if they are farther.
    var shift: Float { Float(min(mean, 0)) }

    /// The spread about the mean, in deviations; at least 1. Two differences of exactly one deviation are counted in, so that few
    /// comparisons say little.
    var scale: Float {
        let aboutMean = squares - 2 * mean * products + mean * mean * weights
        return Float(max((aboutMean + 2) / (count + 2), 1).squareRoot())
    }

    /// How much nearer than its estimate a vector may be, at `confidence` deviations of a normal distribution.
    func margin(_ confidence: Float, deviation: Float) -> Float { confidence * scale * deviation - shift }
}

extension HNSWGraph {
    /// Keeps the `limit` nearest results of the last search, to be added to those of another search.
    package func keepResults(limit: Int, in scratch: inout SearchScratch) {
        scratch.selected.removeAll(keepingCapacity: true)
        for i in 0..<scratch.pool.count where !scratch.pool[i].routesOnly && scratch.selected.count < limit {
            scratch.selected.append(scratch.pool[i].unflagged)
        }
    }

    /// Adds the kept results to those of the last search. Both searches measured distances alike.
    package func addKeptResults(in scratch: inout SearchScratch) {
        for key in scratch.selected
        where !(0..<scratch.pool.count).contains(where: { scratch.pool[$0].node == key.node }) {
            scratch.pool.push(key)
        }
    }
}
