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
        codes = Self.lines(count * stride)
        codes.initialize(repeating: 0, count: count * stride)
        terms = .allocate(capacity: count)
        deviationLengths = .allocate(capacity: count)
        residualLengths = .allocate(capacity: count)
        norms = .allocate(capacity: count)
        let group = CodeBlockKernel.queryGroup
        products = Self.lines(group * CodeBlockKernel.blockSize)
        estimates = .allocate(capacity: group * CodeBlockKernel.blockSize)
        bounds = .allocate(capacity: group)
        selected = .allocate(capacity: group)
    }

    /// Memory that begins at a cache line, so that few registers straddle two.
    private static func lines<Element>(_ count: Int) -> UnsafeMutablePointer<Element> {
        UnsafeMutableRawPointer
            .allocate(byteCount: max(1, count) * MemoryLayout<Element>.stride, alignment: 64)
            .bindMemory(to: Element.self, capacity: max(1, count))
    }

    deinit {
        UnsafeMutableRawPointer(codes).deallocate()
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
