// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

extension HNSWGraph {
    /// Leaves the `kept` nearest of some slots in `scratch`, in place of a search of the graph. ``rerank`` may follow, and then
    /// ``listResults(limit:in:)``: what is found are slots, whether they are nodes or not.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == Float16Kernel)
    @specialized(where Kernel == CodeKernel)
    package func search<Kernel: DistanceKernel>(
        _ query: UnsafePointer<Kernel.Element>, among slots: [UInt32], kept: Int, kernel: Kernel,
        scratch: inout SearchScratch
    ) {
        scratch.listed.removeAll(keepingCapacity: true)
        scratch.pool.reset(limit: kept)
        let distances = scratch.hopDistances.base
        let size = scratch.hopDistances.capacity
        let rows = kernel.prefetch
        slots.withUnsafeBufferPointer { slots in
            for slot in slots.prefix(Self.slotsAhead) { rows.fetch(slot) }
            for first in stride(from: 0, to: slots.count, by: size) {
                let count = min(size, slots.count - first)
                for slot in slots.dropFirst(first + Self.slotsAhead).prefix(count) { rows.fetch(slot) }
                kernel.gather(query, slots: slots.baseAddress! + first, count: count, into: distances)
                for i in 0..<count where distances[i] <= scratch.pool.bound {
                    scratch.pool.push(NodeKey(distance: distances[i], node: Node(rawValue: slots[first + i])))
                }
            }
        }
        scratch.distanceCount &+= slots.count
    }

    /// Slots whose rows are asked for before they are compared.
    private static var slotsAhead: Int { 16 }

    /// Makes the nearest of what ``search(_:among:kept:kernel:scratch:)`` has left the results. Returns their number.
    package func listResults(limit: Int, in scratch: inout SearchScratch) -> Int {
        let count = min(limit, scratch.pool.count)
        scratch.listed.removeAll(keepingCapacity: true)
        for i in 0..<count { scratch.listed.append((scratch.pool[i].node.slot, scratch.pool[i].distance)) }
        return count
    }
}
