// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Distances to vectors as they are stored: to whole rows of either kind, or to rows that are decoded as they are compared. Used by
/// one thread at a time.
///
/// It takes the place of codes where these cannot tell near vectors apart.
package struct StoredKernel: DistanceKernel {
    private let vectors: StoredVectors

    /// The kernel of whole vectors.
    private let kernel: RowKernel?

    /// Room for the rows that are decoded; nil where vectors are whole.
    private let decoded: DecodedRows?

    package init(_ vectors: StoredVectors) {
        self.vectors = vectors
        kernel = vectors.kernel
        decoded = vectors.isCodesOnly ? vectors.decodedRows(StoredVectors.gatherRows) : nil
    }

    package var queryLength: Int { vectors.stride }

    package var prefetch: RowPrefetch { vectors.prefetch }

    package func query(
        of vector: UnsafePointer<Float>, space: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> { vector }

    package func query(ofRow slot: UInt32, space: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        vectors.vector(slot, space: space)
    }

    package func gather(
        _ query: UnsafePointer<Float>, slots: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        if let kernel { return kernel.gather(query, slots: slots, count: count, into: distances) }
        var scratch = decoded
        for first in stride(from: 0, to: count, by: StoredVectors.gatherRows) {
            let part = min(StoredVectors.gatherRows, count - first)
            vectors.gather(query, slots: slots + first, count: part, into: distances + first, scratch: &scratch)
        }
    }

    package func scan(
        _ query: UnsafePointer<Float>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        let slots = (0..<UInt32(count)).map { UInt32(first) + $0 }
        gather(query, slots: slots, count: count, into: distances)
    }
}
