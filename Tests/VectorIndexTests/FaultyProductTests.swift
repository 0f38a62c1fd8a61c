// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import Synchronization
import TestSupport
import Testing
import VectorIndex

@Suite("Batched search where the linked BLAS computes wrong products")
struct FaultyProductTests {
    /// Gives each row's number for its product.
    private static let faulty: ck_dot_batch_fn = { batch in
        guard let batch = batch?.pointee else { return }
        for q in 0..<batch.query_count {
            for r in 0..<batch.row_count { batch.out[q * batch.out_stride + r] = Float(r) }
        }
    }

    @Test("It is not trusted, and the blocked kernel takes its place")
    func backend() {
        let products = BatchedProducts(candidate: Self.faulty, build: "OpenBLAS 0.2", core: "Prescott")
        #expect(products.backend == .blockedAfterFailedSelfTest(build: "OpenBLAS 0.2", core: "Prescott"))
        BatchedProducts.$replacement.withValue(products) {
            #expect(BatchedProducts.backend == products.backend)
        }
        #expect(BatchedProducts.backend != products.backend)
    }

    @Test("Without a BLAS the backend is the blocked kernel")
    func noCandidate() {
        #expect(BatchedProducts(candidate: nil, build: "", core: "").backend == .blocked)
    }

    @Test("Batched exact search finds what searching one by one finds", arguments: Metric.allCases)
    func neighbors(metric: Metric) throws {
        let (count, dimensions, k) = (300, 40, 10)
        var random = SeededGenerator(seed: 11)
        let vectors = random.vectors(count: count, dimensions: dimensions)
        let queries = random.vectors(count: 17, dimensions: dimensions)
        let products = BatchedProducts(candidate: Self.faulty, build: "", core: "")
        let index = try BatchedProducts.$replacement.withValue(products) {
            try ExactIndex(dimensions: dimensions, metric: metric, usesCodes: false)
        }
        try index.insert(contentsOf: vectors, keys: Array(0..<UInt64(count)))
        let answers = try index.search(each: queries, k: k, threads: 2)
        for (q, answer) in answers.enumerated() {
            let query = queries.vector(q, dimensions)
            #expect(answer == (try index.search(query.span, k: k)), "query \(q)")
            let nearest = DistanceOracle.nearest(to: query, in: vectors, k: k, metric: metric)
            #expect(answer.map(\.key) == nearest.map { UInt64($0.position) }, "query \(q)")
        }
    }

    private static let calls = Atomic(0)

    @Test("A function that passes the self-test is the one that an index multiplies by")
    func replacementIsUsed() throws {
        let counting: ck_dot_batch_fn = { batch in
            FaultyProductTests.calls.add(1, ordering: .relaxed)
            ck_dot_batch_blocked(ck_table_named("portable"), batch)
        }
        let products = BatchedProducts(candidate: counting, build: "", core: "")
        let index = try BatchedProducts.$replacement.withValue(products) {
            try ExactIndex(dimensions: 4, metric: .innerProduct, usesCodes: false)
        }
        try index.insert([1, 2, 3, 4], key: 7)
        let callsBefore = Self.calls.load(ordering: .relaxed)
        #expect(
            try index.search(each: [4, 3, 2, 1, 1, 0, 0, 0], k: 1, threads: 1).map { $0.map(\.key) } == [[7], [7]])
        #expect(Self.calls.load(ordering: .relaxed) == callsBefore + 1)
    }
}
