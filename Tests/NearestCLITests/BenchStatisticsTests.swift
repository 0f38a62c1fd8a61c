// SPDX-License-Identifier: Apache-2.0

import Nearest
import TestSupport
import Testing

@testable import CommandSupport
@testable import NearestCLI

@Suite("Recall")
struct RecallTests {
    private static func recall(_ distances: [[Float]], kth: [Float], k: Int) -> Double {
        Recall.mean(of: distances, kthTrueDistances: kth, k: k)
    }

    @Test("The mean is taken over all queries and all k places")
    func mean() {
        #expect(Self.recall([[1, 2, 3], [1, 2, 9]], kth: [3, 3], k: 3) == 5.0 / 6)
        #expect(Self.recall([[1, 2], [8, 9]], kth: [2, 2], k: 2) == 0.5)
        #expect(Self.recall([[4, 5]], kth: [3], k: 2) == 0)
    }

    @Test("A tie with the k-th true neighbor is a hit, with any key")
    func ties() {
        #expect(Self.recall([[1, 3, 3]], kth: [3], k: 3) == 1)
    }

    @Test("Rounding of the distances decides nothing")
    func rounding() {
        for kth in [1, 1000, 0.37, -5, -0.25] as [Float] {
            #expect(Self.recall([[kth.nextUp]], kth: [kth], k: 1) == 1, "k-th distance \(kth)")
            #expect(Self.recall([[kth + abs(kth) * 1e-4]], kth: [kth], k: 1) == 0, "k-th distance \(kth)")
        }
        #expect(Self.recall([[1e-10]], kth: [0], k: 1) == 1)
        #expect(Self.recall([[1e-5]], kth: [0], k: 1) == 0)
    }

    @Test("Results beyond k do not count, and missing ones are misses")
    func wrongNumberOfResults() {
        #expect(Self.recall([[1, 1, 1, 1]], kth: [2], k: 2) == 1)
        #expect(Self.recall([[1]], kth: [2], k: 4) == 0.25)
        #expect(Self.recall([[]], kth: [2], k: 4) == 0)
    }

    @Test("Without queries there is no recall")
    func noQueries() {
        #expect(Self.recall([], kth: [], k: 10) == 0)
    }
}

@Suite("Medians and percentiles")
struct BenchStatisticsTests {
    @Test("The median is the middle value, or the mean of the two in the middle")
    func medians() {
        #expect(median([5]) == 5)
        #expect(median([9, 1, 5]) == 5)
        #expect(median([4, 1]) == 2.5)
        #expect(median([10, 1, 100, 2]) == 6)
        #expect(median([3, -3, 3, 3]) == 3)
    }

    @Test("A percentile is the value that the fraction does not exceed")
    func percentiles() {
        let seed: UInt64 = 4
        var generator = SeededGenerator(seed: seed)
        let hundred = (1...100).shuffled(using: &generator).map { Duration.microseconds($0) }
        for (fraction, expected) in [(0.01, 1), (0.5, 50), (0.9, 90), (0.99, 99), (0.995, 100), (1, 100)] {
            #expect(percentile(hundred, fraction) == .microseconds(expected), "seed \(seed), fraction \(fraction)")
        }
        let three: [Duration] = [.seconds(3), .seconds(1), .seconds(2)]
        #expect(percentile(three, 0.5) == .seconds(2))
        #expect(percentile(three, 0.99) == .seconds(3))
        #expect(percentile([.seconds(7)], 0.5) == .seconds(7))
        #expect(percentile([], 0.5) == .zero)
    }
}
