// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("How searches run")
struct SearchConstantTests {
    @Test(
        "Rows of at most 16 cache lines are fetched whole",
        arguments: [
            (VectorCodes.int4, 1, 64, 4, 1), (.int4, 128, 64, 4, 1), (.int8, 128, 128, 4, 2), (.int4, 384, 192, 4, 3),
            (.float32, 256, 1024, 4, 16), (.float32, 257, 1088, 4, 8), (.float32, 960, 3840, 4, 8),
        ])
    func byRowLength(codes: VectorCodes, dimensions: Int, bytes: Int, candidates: Int, lines: Int) {
        let constants = SearchConstants(codes, dimensions: dimensions)
        #expect(constants.rowBytes == bytes)
        #expect(constants.candidatesAtOnce == candidates)
        #expect(constants.linesAhead == lines)
    }

    @Test("An index's searches run by the codes in use")
    func ofIndex() throws {
        var generator = SeededGenerator(seed: 55)
        let index = try HNSWIndex(
            dimensions: 100, metric: .squaredEuclidean, options: HNSWOptions(codes: .int8))
        #expect(index.searchConstants.rowBytes == 448)
        try index.insertAll(generator.vectors(count: 300, dimensions: 100), keys: 0..<300)
        #expect(index.searchConstants == SearchConstants(.int8, dimensions: 100))
        #expect(index.searchConstants.rowBytes == 128)
    }
}
