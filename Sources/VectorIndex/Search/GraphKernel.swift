// SPDX-License-Identifier: Apache-2.0

import HNSW

/// What a graph is searched by. A search chooses its kernel once.
enum GraphKernel {
    /// Codes, which stand for vectors.
    case codes(CodeKernel)

    /// Whole vectors of 32-bit floats.
    case float32(Float32Kernel)

    /// Whole vectors in half precision.
    case float16(Float16Kernel)

    /// The kernel, to be passed to a generic function.
    var kernel: any DistanceKernel {
        switch self {
        case .codes(let kernel): kernel
        case .float32(let kernel): kernel
        case .float16(let kernel): kernel
        }
    }
}

extension SearchState {
    /// What the graph is searched by: codes if there are any.
    var kernel: GraphKernel {
        if let codes { return .codes(codes.kernel) }
        switch vectors.kernel {
        case .float32(let kernel)?: return .float32(kernel)
        case .float16(let kernel)?: return .float16(kernel)
        case nil: preconditionFailure("codes-only vectors without codes")
        }
    }

    /// What the graph is linked by: the same kernel, balanced if inner products are.
    var linkKernel: LinkKernel {
        func balanced(_ kernel: some DistanceKernel) -> any DistanceKernel {
            guard let balance else { return kernel }
            return BalancedKernel(kernel, balance: balance, vectors: vectors)
        }
        return LinkKernel(balanced(kernel.kernel), vectors: codes == nil ? nil : vectors)
    }
}
