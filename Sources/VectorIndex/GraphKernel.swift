// SPDX-License-Identifier: Apache-2.0

/// What a graph is searched and linked by. A search or a change chooses by it once.
enum GraphKernel {
    /// Codes, which stand for vectors.
    case codes(CodeKernel)

    /// Whole vectors of 32-bit floats.
    case float32(Float32Kernel)

    /// Whole vectors in half precision.
    case float16(Float16Kernel)
}

extension SearchState {
    /// What the graph is searched and linked by: codes where there are any.
    var kernel: GraphKernel {
        if let codes { return .codes(codes.kernel) }
        switch vectors.kernel {
        case .float32(let kernel)?: return .float32(kernel)
        case .float16(let kernel)?: return .float16(kernel)
        case nil: preconditionFailure("compact vectors without codes")
        }
    }
}
