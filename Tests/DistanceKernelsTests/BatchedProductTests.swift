// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing
import TestSupport

@testable import DistanceKernels

@Suite("Batched products")
struct BatchedProductTests {
    /// The blocked kernel of each table, as a function of its own.
    private static func blocked(_ set: InstructionSet) -> ck_dot_batch_fn {
        switch set {
        case .avx512: { ck_dot_batch_blocked(ck_table_named("avx512"), $0) }
        case .avx2: { ck_dot_batch_blocked(ck_table_named("avx2"), $0) }
        case .portable: { ck_dot_batch_blocked(ck_table_named("portable"), $0) }
        }
    }

    /// Every implementation that this machine can run.
    private static var implementations: [(name: String, function: ck_dot_batch_fn)] {
        var all = InstructionSet.supported.map { (name: $0.rawValue, function: blocked($0)) }
        if let openBLAS = ck_dot_batch_openblas() { all.append(("OpenBLAS", openBLAS)) }
        return all
    }

    @Test("The self-test passes the blocked kernel of every table", arguments: InstructionSet.supported)
    func selfTestPassesBlocked(set: InstructionSet) {
        #expect(ck_dot_batch_self_test(Self.blocked(set)))
    }

    @Test("OpenBLAS is used where it is linked and passes the self-test")
    func backend() throws {
        guard let openBLAS = ck_dot_batch_openblas() else {
            #expect(BatchedProducts.backend == .blocked)
            #expect(ck_openblas_config() == nil && ck_openblas_core() == nil)
            return
        }
        let build = String(cString: try #require(ck_openblas_config()))
        let core = String(cString: try #require(ck_openblas_core()))
        #expect(build.contains("OpenBLAS"))
        #expect(ck_dot_batch_self_test(openBLAS), "\(build), \(core)")
        #expect(BatchedProducts.backend == .openBLAS(build: build, core: core))
    }

    @Test("The self-test refuses a candidate that computes nothing")
    func selfTestRefusesNothing() {
        #expect(!ck_dot_batch_self_test { _ in })
    }

    @Test("The self-test refuses a candidate that is off in one element of one shape")
    func selfTestRefusesOneElement() {
        let candidate: ck_dot_batch_fn = { batch in
            ck_dot_batch_blocked(ck_table_named("portable"), batch)
            guard let batch = batch?.pointee, batch.n == 1536 else { return }
            batch.out[(batch.query_count - 1) * batch.out_stride + batch.row_count - 1] += 0.01
        }
        #expect(!ck_dot_batch_self_test(candidate))
    }

    @Test("The self-test refuses a candidate that gives NaN in one element")
    func selfTestRefusesNaN() {
        let candidate: ck_dot_batch_fn = { batch in
            ck_dot_batch_blocked(ck_table_named("portable"), batch)
            batch!.pointee.out[0] = .nan
        }
        #expect(!ck_dot_batch_self_test(candidate))
    }

    @Test("The self-test refuses a candidate that swaps the strides of queries and rows")
    func selfTestRefusesSwappedStrides() {
        let candidate: ck_dot_batch_fn = { batch in
            var swapped = batch!.pointee
            (swapped.query_stride, swapped.row_stride) = (swapped.row_stride, swapped.query_stride)
            ck_dot_batch_blocked(ck_table_named("portable"), &swapped)
        }
        #expect(!ck_dot_batch_self_test(candidate))
    }

    @Test("The self-test refuses a candidate that takes the vectors to be packed")
    func selfTestRefusesPackedVectors() {
        let candidate: ck_dot_batch_fn = { batch in
            var packed = batch!.pointee
            (packed.query_stride, packed.row_stride) = (packed.n, packed.n)
            ck_dot_batch_blocked(ck_table_named("portable"), &packed)
        }
        #expect(!ck_dot_batch_self_test(candidate))
    }

    @Test("The self-test refuses a candidate that leaves out the last float")
    func selfTestRefusesShortSums() {
        let candidate: ck_dot_batch_fn = { batch in
            var short = batch!.pointee
            short.n -= 1
            ck_dot_batch_blocked(ck_table_named("portable"), &short)
        }
        #expect(!ck_dot_batch_self_test(candidate))
    }

    @Test("Products with any strides agree with the definition, and nothing between the results is written")
    func productsWithStrides() {
        for n in testedDimensions {
            let seed = UInt64(n)
            var generator = SeededGenerator(seed: seed)
            let (queryStride, rowStride, outStride) = (n + 1, n + 6, 9)
            let queries = generator.vectors(count: 3, dimensions: queryStride)
            let rows = generator.vectors(count: 7, dimensions: rowStride)
            for (name, function) in Self.implementations {
                var out = [Float](repeating: -7, count: 3 * outStride)
                queries.withUnsafeBufferPointer { queries in
                    rows.withUnsafeBufferPointer { rows in
                        out.withUnsafeMutableBufferPointer { out in
                            var batch = ck_dot_batch(
                                queries: queries.baseAddress, query_count: 3, query_stride: queryStride,
                                rows: rows.baseAddress, row_count: 7, row_stride: rowStride, n: n,
                                out: out.baseAddress, out_stride: outStride, dimension_major: false)
                            function(&batch)
                        }
                    }
                }
                for q in 0..<3 {
                    let query = queries[q * queryStride..<q * queryStride + n]
                    for r in 0..<7 {
                        let row = rows[r * rowStride..<r * rowStride + n]
                        expectClose(
                            -out[q * outStride + r], query, row, .innerProduct, "\(name), seed \(seed), (\(q), \(r))")
                    }
                    #expect(out[q * outStride + 7] == -7 && out[q * outStride + 8] == -7, "\(name), n \(n)")
                }
            }
        }
    }

    @Test("A batch without queries or without rows writes nothing")
    func emptyBatches() {
        let values: [Float] = [1, 2, 3, 4]
        for (name, function) in Self.implementations {
            for (queryCount, rowCount) in [(0, 2), (2, 0), (0, 0)] {
                var out: [Float] = [-7, -7, -7, -7]
                values.withUnsafeBufferPointer { values in
                    out.withUnsafeMutableBufferPointer { out in
                        var batch = ck_dot_batch(
                            queries: values.baseAddress, query_count: queryCount, query_stride: 2,
                            rows: values.baseAddress, row_count: rowCount, row_stride: 2, n: 2,
                            out: out.baseAddress, out_stride: 2, dimension_major: false)
                        function(&batch)
                    }
                }
                #expect(out == [-7, -7, -7, -7], "\(name), \(queryCount) queries, \(rowCount) rows")
            }
        }
    }

    @Test("More rows than a tile and rows larger than a tile are all computed", arguments: [(9001, 8), (3, 70_000)])
    func tiles(rowCount: Int, n: Int) {
        // A product of ones with row r, which holds r + 1 once and else zeros, is r + 1 exactly.
        let ones = [Float](repeating: 1, count: 2 * n)
        var rows = [Float](repeating: 0, count: rowCount * n)
        for r in 0..<rowCount { rows[r * n + r % n] = Float(r + 1) }
        for set in InstructionSet.supported {
            var out = [Float](repeating: -7, count: 2 * rowCount)
            ones.withUnsafeBufferPointer { ones in
                rows.withUnsafeBufferPointer { rows in
                    out.withUnsafeMutableBufferPointer { out in
                        var batch = ck_dot_batch(
                            queries: ones.baseAddress, query_count: 2, query_stride: n, rows: rows.baseAddress,
                            row_count: rowCount, row_stride: n, n: n, out: out.baseAddress, out_stride: rowCount,
                            dimension_major: false)
                        Self.blocked(set)(&batch)
                    }
                }
            }
            let expected = (0..<2 * rowCount).map { Float($0 % rowCount + 1) }
            #expect(out == expected, "\(set), \(rowCount) rows of \(n)")
        }
    }
}
