// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Computes `Σ v²` by the kernels of one instruction set.
package struct SquaredNorms {
    private let pair: ck_pair_fn

    package init(instructionSet: InstructionSet) {
        pair = Float32Kernel.table(instructionSet).pointee.dot.pair
    }

    package func norm(_ vector: UnsafePointer<Float>, count: Int) -> Float { pair(vector, vector, count) }
}
