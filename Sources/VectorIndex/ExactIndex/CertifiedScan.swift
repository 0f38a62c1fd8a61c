// SPDX-License-Identifier: Apache-2.0

/// Finds the vectors that may be among the nearest to queries. The bounds of their codes prove that no other is
/// (``CodeBlockKernel``).
struct CertifiedScan {
    let codes: CodeBlocks

    /// One word of bits a block, one bit for each of its vectors. Set: the vector counts.
    let live: [UInt64]

    /// The most candidates of a query that are compared one by one. A query with more is left undecided.
    let maximumCandidates: Int

    /// - Parameter count: vectors that count.
    init(codes: CodeBlocks, live: [UInt64], count: Int) {
        precondition(CodeBlockKernel.blockSize == UInt64.bitWidth, "a word of bits a block")
        self.codes = codes
        self.live = live
        maximumCandidates = 1024 + count / 32
    }

    /// Whether the scan can tell the `limit` nearest from the rest.
    func canDecide(limit: Int) -> Bool { limit <= maximumCandidates / 2 }

    /// The vectors that may be among each query's `limit` nearest.
    func candidates(of queries: QueryBlock<Float>, limit: Int) -> [BoundedSelection] {
        // At most 384 KiB of encoded queries stay in the second-level cache while they run down the blocks together.
        let tileQueries = min(1024, max(96, (384 << 10) / codes.dimensions))
        return stride(from: 0, to: queries.count, by: tileQueries).flatMap { first in
            let tile = QueryBlock(
                base: queries.query(first), count: min(tileQueries, queries.count - first), stride: queries.stride,
                squaredNorms: queries.squaredNorms + first)
            return candidates(ofTile: tile, limit: limit)
        }
    }

    private func candidates(ofTile tile: QueryBlock<Float>, limit: Int) -> [BoundedSelection] {
        let queries = codes.kernel.encode(tile)
        var selections = [BoundedSelection](
            repeating: BoundedSelection(limit: limit, maximum: maximumCandidates), count: tile.count)
        let bounds = AlignedBuffer<Float>(capacity: tile.count, zero: -.infinity)
        selections.withUnsafeMutableBufferPointer { selections in
            for block in live.indices {
                codes.kernel.scan(
                    queries, codes: codes.codes(block), terms: codes.terms(block), bounds: bounds.base,
                    live: live[block]
                ) { q, place, least, largest in
                    selections[q].offer(
                        slot: UInt32(block * CodeBlockKernel.blockSize + place), least: least, largest: largest)
                    bounds.base[q] = selections[q].bound
                }
            }
            for q in selections.indices { selections[q].prune() }
        }
        return selections
    }
}
