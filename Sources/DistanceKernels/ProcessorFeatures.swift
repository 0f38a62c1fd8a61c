// SPDX-License-Identifier: Apache-2.0

import CKernels

/// What the processor and the operating system offer to the kernels.
package enum ProcessorFeatures {
    /// The names of the features found, such as `avx2+fma`; empty on a processor that is not x86-64.
    package static var detected: [String] {
        let names: [(bit: Int, name: String)] = [
            (CK_FEATURE_AVX2, "avx2+fma"), (CK_FEATURE_F16C, "f16c"), (CK_FEATURE_AVX512, "avx512f+bw+dq+vl"),
            (CK_FEATURE_AVX512VNNI, "avx512vnni"), (CK_FEATURE_SSE42, "sse4.2"), (CK_FEATURE_AVXVNNI, "avxvnni"),
        ]
        .map { (Int($0.0), $0.1) }
        return names.filter { Int(ck_features()) & $0.bit != 0 }.map(\.name)
    }
}
