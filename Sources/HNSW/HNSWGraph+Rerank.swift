// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// A lower bound of exact distances by distances of codes: `slope * codeDistance + intercept`.
package struct LinearBound {
    let slope: Float
    let intercept: Float

    package init(slope: Float, intercept: Float) {
        self.slope = slope
        self.intercept = intercept
    }
}

extension HNSWGraph {
    /// Compares the nearest of what the last search found exactly, and leaves the `limit` nearest in the order of exact
    /// distances: those to the vectors as they are stored.
    ///
    /// What was found is taken in the order of its distances by codes, until these say that no more can be among the nearest.
    package func rerank(
        _ query: UnsafePointer<Float>, limit: Int, leastDistance: LinearBound, vectors: StoredVectors,
        scratch: inout SearchScratch
    ) {
        scratch.candidates.removeAll(keepingCapacity: true)
        for i in 0..<scratch.pool.count where !scratch.pool[i].isDead { scratch.candidates.append(scratch.pool[i]) }
        let count = scratch.candidates.count
        let slots = scratch.hopSlots.base
        let distances = scratch.hopDistances.base
        scratch.pool.reset(limit: limit)
        var first = 0
        while first < count {
            let next = scratch.candidates[first].distance
            if leastDistance.slope * next + leastDistance.intercept > scratch.pool.bound { break }
            // Those that are wanted at once, as far as there is room; then few, to compare no more than need be.
            let part = min(first == 0 ? limit : 8, scratch.hopSlots.capacity, count - first)
            for i in 0..<part { slots[i] = scratch.candidates[first + i].slot }
            vectors.gather(query, slots: slots, count: part, into: distances, scratch: &scratch.decoded)
            scratch.distanceCount &+= part
            for i in 0..<part { scratch.pool.push(NodeKey(distance: distances[i], slot: slots[i])) }
            first += part
        }
    }
}
