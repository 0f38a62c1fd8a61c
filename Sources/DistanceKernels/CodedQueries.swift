// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Queries by their 8-bit codes, and the room to compare them with a block of coded vectors.
package struct CodedQueries: ~Copyable {
    package let count: Int

    /// Query q's codes start at `codes + q * stride`; zeros after the last dimension.
    let codes: UnsafeMutablePointer<Int8>
    let stride: Int

    let terms: UnsafeMutablePointer<ck_query_terms>

    /// `|q'|`, `|δ|` and `|q|` of each query (``CodeBlockKernel``).
    let deviationLengths: UnsafeMutablePointer<Float>
    let residualLengths: UnsafeMutablePointer<Float>
    let norms: UnsafeMutablePointer<Float>

    /// For a group of queries: products with a block, the estimates that they give, the bounds below which an estimate is of no
    /// interest, and a bit for each that is.
    let products: UnsafeMutablePointer<Int32>
    let estimates: UnsafeMutablePointer<Float>
    let bounds: UnsafeMutablePointer<Float>
    let selected: UnsafeMutablePointer<UInt64>

    init(count: Int, stride: Int) {
        self.count = count
        self.stride = stride
        codes = .allocate(capacity: count * stride)
        codes.initialize(repeating: 0, count: count * stride)
        terms = .allocate(capacity: count)
        deviationLengths = .allocate(capacity: count)
        residualLengths = .allocate(capacity: count)
        norms = .allocate(capacity: count)
        let group = CodeBlockKernel.queryGroup
        let productCount = group * CodeBlockKernel.blockSize
        // No register of products straddles two cache lines.
        products = UnsafeMutableRawPointer
            .allocate(byteCount: productCount * MemoryLayout<Int32>.stride, alignment: 64)
            .bindMemory(to: Int32.self, capacity: productCount)
        estimates = .allocate(capacity: group * CodeBlockKernel.blockSize)
        bounds = .allocate(capacity: group)
        selected = .allocate(capacity: group)
    }

    deinit {
        codes.deallocate()
        terms.deallocate()
        deviationLengths.deallocate()
        residualLengths.deallocate()
        norms.deallocate()
        UnsafeMutableRawPointer(products).deallocate()
        estimates.deallocate()
        bounds.deallocate()
        selected.deallocate()
    }
}
