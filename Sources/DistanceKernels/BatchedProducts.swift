// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Inner products of many queries with many rows: by OpenBLAS where it is linked and passes its self-test, else by the
/// package's own blocked kernel.
package struct BatchedProducts: Sendable {
    /// Who computes the products.
    package enum Backend: Sendable, Hashable {
        /// OpenBLAS, with its own description of its build and the processor core that it runs kernels for.
        case openBLAS(build: String, core: String)

        /// The blocked kernel, because OpenBLAS gave wrong results in the self-test.
        case blockedAfterFailedSelfTest(build: String, core: String)

        /// The blocked kernel, because the package was built without the trait `OpenBLAS`.
        case blocked
    }

    /// The backend in use, decided by the self-test at the first use in this process.
    package static var backend: Backend { (replacement ?? linked).backend }

    /// What this task uses instead of OpenBLAS, in kernels that it makes: tests put a faulty function here.
    @TaskLocal package static var replacement: BatchedProducts?

    /// What the process uses.
    static let linked = BatchedProducts(
        candidate: ck_dot_batch_openblas(), build: ck_openblas_config().map { String(cString: $0) } ?? "",
        core: ck_openblas_core().map { String(cString: $0) } ?? "")

    package let backend: Backend

    /// What passed the self-test; nil where the blocked kernel computes.
    private let trusted: ck_dot_batch_fn?

    /// - Parameters:
    ///   - candidate: the function to test and to use if it passes; nil where none is linked.
    ///   - build: its description of its build.
    ///   - core: the processor core that it runs kernels for.
    package init(candidate: ck_dot_batch_fn?, build: String, core: String) {
        guard let candidate else {
            (backend, trusted) = (.blocked, nil)
            return
        }
        if ck_dot_batch_self_test(candidate) {
            (backend, trusted) = (.openBLAS(build: build, core: core), candidate)
        } else {
            (backend, trusted) = (.blockedAfterFailedSelfTest(build: build, core: core), nil)
        }
    }

    func run(_ products: inout ck_dot_batch, table: UnsafePointer<ck_table>) {
        if let trusted { trusted(&products) } else { ck_dot_batch_blocked(table, &products) }
    }

    /// The largest absolute error of a distance from a batched product of `terms` terms, between vectors of at most these
    /// Euclidean norms.
    ///
    /// A sum of n products is off by at most `γ Σ|q·x| ≤ γ |q| |x|` with `γ = n u / (1 - n u)`, `u = 2⁻²⁴` (Higham,
    /// Accuracy and Stability of Numerical Algorithms, section 3.1); the squared distance adds three such sums, and 8 stands
    /// for the few operations after them. Products that underflow are off by up to 2⁻¹⁵⁰ each, and norms with them: smaller
    /// norms count as ``smallestNorm``, at which the bound covers that too.
    package static func error(_ metric: Metric, terms: Int, queryNorm: Float, rowNorm: Float) -> Float {
        let n = Float(terms + 8)
        let gamma = n * 0x1p-24 / (1 - n * 0x1p-24)
        let queryNorm = max(queryNorm, smallestNorm)
        let rowNorm = max(rowNorm, smallestNorm)
        switch metric {
        case .manhattan: return 0
        case .squaredEuclidean: return gamma * (queryNorm + rowNorm) * (queryNorm + rowNorm)
        case .innerProduct: return gamma * queryNorm * rowNorm
        case .cosine: return gamma * (queryNorm * rowNorm + 1)
        }
    }

    /// `γ (2⁻⁶⁰)² ≥ n 2⁻¹⁴⁴`.
    private static var smallestNorm: Float { 0x1p-60 }
}
