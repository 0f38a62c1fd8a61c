// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Computes and normalizes the lengths of vectors by the kernels of one instruction set.
package struct Norms {
    private let table: UnsafePointer<ck_table>

    package init(instructionSet: InstructionSet) { table = Float32Kernel.table(instructionSet) }

    /// `Σ v²`.
    package func squaredNorm(_ vector: UnsafePointer<Float>, count: Int) -> Float {
        ck_squared_norm(table, vector, count)
    }

    /// Scales a vector to length 1 and returns the length it had. Where there is no direction, the vector stays as it is: zeros
    /// give 0; NaN gives NaN, and infinity infinity.
    package func normalize(_ vector: UnsafeMutablePointer<Float>, count: Int) -> Double {
        ck_normalize(table, vector, count)
    }
}
