// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Inner products of many queries with many rows: by OpenBLAS where it is linked and passes its self-test, else by the
/// package's own blocked kernel.
public enum BatchedProducts {
    /// Who computes the products.
    public enum Backend: Sendable, Hashable {
        /// OpenBLAS, with its own description of its build and the processor core that it runs kernels for.
        case openBLAS(build: String, core: String)

        /// The blocked kernel, because OpenBLAS gave wrong results in the self-test.
        case blockedAfterFailedSelfTest(build: String, core: String)

        /// The blocked kernel, because the package was built without the trait `OpenBLAS`.
        case blocked
    }

    /// The backend in use, decided by the self-test at the first use in this process.
    public static let backend: Backend = {
        guard let openBLAS = ck_dot_batch_openblas() else { return .blocked }
        let build = ck_openblas_config().map { String(cString: $0) } ?? ""
        let core = ck_openblas_core().map { String(cString: $0) } ?? ""
        return ck_dot_batch_self_test(openBLAS)
            ? .openBLAS(build: build, core: core)
            : .blockedAfterFailedSelfTest(build: build, core: core)
    }()

    static func run(_ products: inout ck_dot_batch, table: UnsafePointer<ck_table>) {
        if case .openBLAS = backend, let openBLAS = ck_dot_batch_openblas() {
            openBLAS(&products)
        } else {
            ck_dot_batch_blocked(table, &products)
        }
    }
}
