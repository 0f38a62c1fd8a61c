// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest
import TestSupport

/// A way to have an index again that was there before.
enum LoadWay: String, CaseIterable, ExpressibleByArgument, Codable {
    /// Each id's vector is looked for in a list of entries, one after the other, and inserted: quadratic.
    case scan

    /// Each id's vector is found in a dictionary, and all are inserted.
    case reinsert

    /// The graph is read to memory.
    case read

    /// The file is mapped.
    case map

    /// The file is mapped, and every checksum and number is verified.
    case verify
}

/// `index-bench load-once`: one way for one number of vectors, in a process of its own, so that its memory can be told.
struct LoadOnce: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load-once", abstract: "One measurement of index-bench load, as JSON.", shouldDisplay: false)

    @Option var way: LoadWay
    @Option var count: Int
    @Option var dimensions: Int
    @Option var seed: UInt64
    @Option var file: String
    @Option var limitSeconds: Double
    @Option var rounds: Int

    struct Measurement: Codable {
        /// To the index that can be asked.
        var openSeconds: Double

        /// From the beginning to the first answer.
        var answerSeconds: Double

        /// The share of the work that was done; the rest is extrapolated.
        var measuredShare: Double
        var peakBytes: Int
    }

    func run() throws {
        let measurement =
            switch way {
            case .scan: try scan()
            case .reinsert: try reinsert()
            case .read: try open(SnapshotOptions(verification: .none, residency: .loaded))
            case .map: try open(SnapshotOptions(verification: .none))
            case .verify: try open(SnapshotOptions())
            }
        try Output.printJSON(measurement)
    }

    private var data: [Float] {
        GaussianClusters(count: count + 1, dimensions: dimensions, clusters: 200, directions: 24, seed: seed).vectors
    }

    private var ids: [String] { (0..<count).map { "vector-\($0)" } }

    /// The order in which an index names its vectors, which is not that of the entries.
    private var shuffledIDs: [String] {
        var generator = SeededGenerator(seed: seed)
        return ids.shuffled(using: &generator)
    }

    /// Only the lookups: what is inserted is the same as in ``reinsert()``.
    private func scan() throws -> Measurement {
        let (entries, wanted) = (ids, shuffledIDs)
        let start = ContinuousClock.now
        var found = 0
        var sum = 0
        for id in wanted {
            sum += entries.firstIndex(of: id) ?? 0
            found += 1
            if found % 16 == 0, (ContinuousClock.now - start).seconds > limitSeconds { break }
        }
        guard sum > 0 || count == 1 else { throw CommandFailure("nothing was found") }
        let seconds = (ContinuousClock.now - start).seconds * Double(count) / Double(found)
        return Measurement(
            openSeconds: seconds, answerSeconds: seconds, measuredShare: Double(found) / Double(count),
            peakBytes: ProcessMemory.peakBytes)
    }

    private func reinsert() throws -> Measurement {
        let (values, wanted) = (data, shuffledIDs)
        let entries = ids
        let start = ContinuousClock.now
        let position = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1, $0) })
        let positions = wanted.compactMap { position[$0] }
        var ordered: [Float] = []
        ordered.reserveCapacity(count * dimensions)
        for position in positions { ordered += values[position * dimensions..<(position + 1) * dimensions] }
        let index = try HNSWIndex(dimensions: dimensions, metric: .squaredEuclidean)
        try index.insert(contentsOf: ordered, keys: positions.map { UInt64($0) })
        let openSeconds = (ContinuousClock.now - start).seconds
        try ask(index, query: values.suffix(dimensions))
        let answerSeconds = (ContinuousClock.now - start).seconds
        let peak = ProcessMemory.peakBytes
        try index.save(to: file)
        return Measurement(openSeconds: openSeconds, answerSeconds: answerSeconds, measuredShare: 1, peakBytes: peak)
    }

    private func open(_ options: SnapshotOptions) throws -> Measurement {
        let query = GaussianClusters(count: 1, dimensions: dimensions, clusters: 1, directions: 24, seed: seed).vectors
        var opened: [Double] = []
        var answered: [Double] = []
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            let index = try HNSWIndex(contentsOf: file, options: options)
            opened.append((ContinuousClock.now - start).seconds)
            try ask(index, query: query[...])
            answered.append((ContinuousClock.now - start).seconds)
        }
        return Measurement(
            openSeconds: median(opened), answerSeconds: median(answered), measuredShare: 1,
            peakBytes: ProcessMemory.peakBytes)
    }

    private func ask(_ index: HNSWIndex, query: ArraySlice<Float>) throws {
        guard try index.search(Array(query), k: 10).count == min(10, count) else {
            throw CommandFailure("the index does not answer")
        }
    }
}
