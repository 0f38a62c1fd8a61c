// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

/// Some vectors of a ``StoredVectors``: in place where they are whole 32-bit floats, else copies. The index does not change its storage
/// while a sample is in use.
package struct VectorSample {
    package let slots: [UInt32]

    /// Which row of the kernel's matrix each of the slots is.
    private let rows: [UInt32]

    private let kernel: Float32Kernel

    /// What owns the rows.
    private let owner: AnyObject

    init(slots: [UInt32], rows: [UInt32], kernel: Float32Kernel, owner: AnyObject) {
        self.slots = slots
        self.rows = rows
        self.kernel = kernel
        self.owner = owner
    }

    /// Where each of the vectors begins, padded with zeros; valid for as long as the sample is held.
    package var pointers: [UnsafePointer<Float>] { rows.map { kernel.row($0) } }

    /// `Σ x²` of the vector at a position of ``slots``.
    package func squaredNorm(_ position: Int) -> Float { kernel.squaredNorm(kernel.row(rows[position])) }

    /// The distances from the vector at a position of ``slots`` to all of them.
    package func distances(from position: Int, into distances: inout [Float]) {
        precondition(distances.count == rows.count)
        kernel.gather(kernel.row(rows[position]), slots: rows, count: rows.count, into: &distances)
    }
}
