// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import VectorIndex

/// An index that is changed at random, in every way.
private struct History {
    let index: HNSWIndex
    var generator: SeededGenerator
    var live: [UInt64] = []
    var nextKey: UInt64 = 0

    private mutating func newKeys(_ count: Int) -> [UInt64] {
        defer { nextKey += UInt64(count) }
        return (0..<UInt64(count)).map { nextKey + $0 }
    }

    private mutating func vectors(_ count: Int) -> [Float] {
        generator.clusteredVectors(count: count, dimensions: index.dimensions, clusters: 5)
    }

    mutating func insert(_ count: Int) throws {
        let keys = newKeys(count)
        try index.insert(contentsOf: vectors(count), keys: keys, threads: 2)
        live += keys
    }

    private mutating func insertOneByOne(_ count: Int) throws {
        for key in newKeys(count) {
            try index.insert(vectors(1), key: key)
            live.append(key)
        }
    }

    private mutating func remove(_ count: Int) throws {
        for _ in 0..<min(count, live.count) {
            let key = live.remove(at: Int.random(in: live.indices, using: &generator))
            let isRemoved = try index.remove(key: key)
            #expect(isRemoved)
        }
    }

    private mutating func cancel(_ count: Int) {
        let last = Int.random(in: 1...count, using: &generator)
        let (values, keys) = (vectors(count), newKeys(count))
        #expect(throws: VectorIndexError.cancelled) {
            try index.insert(contentsOf: values, keys: keys, threads: 2) { (linked) throws(CancellationError) in
                if linked >= last { throw CancellationError() }
            }
        }
    }

    mutating func step() throws {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0...2: try insert(Int.random(in: 1...300, using: &generator))
        case 3...4: try insertOneByOne(Int.random(in: 1...60, using: &generator))
        case 5...7: try remove(Int.random(in: 1...150, using: &generator))
        case 8: cancel(40)
        default: try index.compact()
        }
    }
}

@Suite("A history of changes")
struct HistoryTests {
    @Test(
        "Every node stays within reach after every change",
        arguments: Metric.allCases, [(VectorCodes.float32, true), (.int8, true), (.int8, false)])
    func reach(metric: Metric, kept: (codes: VectorCodes, keepsVectors: Bool)) throws {
        for m in [4, 8] {
            let options = HNSWOptions(m: m, efConstruction: 40, codes: kept.codes, keepsVectors: kept.keepsVectors)
            let index = try HNSWIndex(dimensions: 32, metric: metric, options: options)
            var history = History(index: index, generator: SeededGenerator(seed: 1))
            // From 4,096 vectors on, they are given up for their codes.
            try history.insert(kept.keepsVectors ? 1500 : 4200)
            for _ in 0..<24 {
                try history.step()
                try index.checkInvariants()
            }
        }
    }
}
