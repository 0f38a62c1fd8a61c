import Testing
import VectorIndex
import TestSupport
@Test func alloc() throws {
    var g = SeededGenerator(seed: 1)
    let i = try HNSWIndex(dimensions: 16, metric: .squaredEuclidean)
    try i.insertBatch(g.vectors(count: 500, dimensions: 16).span, keys: (0..<500).map(UInt64.init))
    try i.checkInvariants()
    let q = g.vector(dimensions: 16)
    for _ in 0..<3 { _ = try i.search(q, k: 10) }
    let n = try AllocationCounter.count { _ = try i.search(q, k: 10) }
    #expect(n == 1)
}
