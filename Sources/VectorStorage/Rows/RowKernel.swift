// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Distances from queries to whole vectors, by slot, for each kind of their values. A search chooses by it once.
package enum RowKernel {
    case float32(Float32Kernel)
    case float16(Float16Kernel)

    /// What to prefetch of rows.
    package var prefetch: RowPrefetch {
        switch self {
        case .float32(let kernel): kernel.prefetch
        case .float16(let kernel): kernel.prefetch
        }
    }

    /// `distances[i]` becomes the distance from `query` to row `slots[i]`, for `i < count`.
    package func gather(
        _ query: UnsafePointer<Float>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .float32(let kernel): kernel.gather(query, slots: slots, count: count, into: distances)
        case .float16(let kernel): kernel.gather(query, slots: slots, count: count, into: distances)
        }
    }
}
