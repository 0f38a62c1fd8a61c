// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest

/// What `nearest bench` measures: an index that is built, or a saved one that is opened.
struct BenchSubject {
    let index: HNSWIndex
    let build: BenchReport.Build

    /// The queries, and the stored vectors where the command names their file.
    let inputs: SearchInputs

    /// Whether recall is counted by distances to the vectors in the file, because the index stores other values: codes only, or
    /// rows in half precision.
    let needsTrueDistances: Bool

    /// Builds an index of the inputs' vectors, which the file at `path` holds.
    init(_ inputs: SearchInputs, of path: String, built arguments: IndexArguments, codes: CodesOption, threads: Int)
        throws
    {
        let start = ContinuousClock.now
        index = try arguments.build(inputs, of: path, codes: codes, threads: threads)
        build = BenchReport.Build(
            seconds: (ContinuousClock.now - start).seconds, threads: threads, count: index.count, verb: "built")
        self.inputs = inputs
        needsTrueDistances = arguments.changesVectors
    }

    /// Opens a saved index.
    ///
    /// - Parameters:
    ///   - base: the file of its vectors, if given.
    ///   - arguments: options that must agree with the index where they are given.
    ///   - codes: if given, must agree with the index too.
    ///   - countsRecall: whether distances will be compared with true ones.
    init(
        opened file: IndexFile, opening: SnapshotOptions, base: String?, queries: String, queryLimit: Int?,
        arguments: IndexArguments,
        codes: CodesOption?, countsRecall: Bool
    ) throws {
        let info = try file.info()
        try arguments.check(against: info, codes: codes, path: file.path)
        guard base != nil || !info.changesVectors || !countsRecall else {
            let kept = info.isCodesOnly ? "codes only" : "rounded vectors"
            throw ValidationError(
                "\(file.path) holds \(kept): recall takes --base, the vectors that it was built from")
        }
        if base == nil, let limit = arguments.limit, limit != info.count {
            throw ValidationError("--limit is \(limit); \(file.path) holds \(info.count) vectors")
        }
        let start = ContinuousClock.now
        index = try file.open(opening)
        build = BenchReport.Build(
            seconds: (ContinuousClock.now - start).seconds, threads: 1, count: index.count, verb: "opened")
        let queries = try SearchInputs(queries: queries, dimensions: index.dimensions, queryLimit: queryLimit)
        if let base {
            let stored = try SearchInputs(base: base, limit: arguments.limit)
            try Self.check(stored, of: base, against: index, isCodesOnly: info.isCodesOnly, path: file.path)
            inputs = SearchInputs(dimensions: index.dimensions, base: stored.base, queries: queries.queries)
        } else {
            inputs = queries
        }
        needsTrueDistances = info.changesVectors
    }

    /// Throws unless each vector is the one that the index holds under its row number.
    private static func check(
        _ stored: SearchInputs, of base: String, against index: HNSWIndex, isCodesOnly: Bool, path: String
    ) throws {
        guard stored.dimensions == index.dimensions, stored.baseCount == index.count else {
            throw CommandFailure(
                "\(base): \(stored.baseCount) vectors x \(stored.dimensions); \(path) holds \(index.count) x "
                    + "\(index.dimensions)")
        }
        for row in 0..<stored.baseCount {
            let values = stored.base[row * stored.dimensions..<(row + 1) * stored.dimensions]
            guard let vector = try index.vector(for: UInt64(row)) else {
                throw CommandFailure("\(base): row \(row) is no key of \(path)")
            }
            guard isCodesOnly || index.stores(values, as: vector) else {
                throw CommandFailure("\(base): row \(row) is not the vector that \(path) holds under that key")
            }
        }
    }
}

extension HNSWIndex {
    /// Whether a whole vector is stored as these values: normalized under cosine, and rounded to what rows hold.
    fileprivate func stores(_ values: ArraySlice<Float>, as stored: SharedVector) -> Bool {
        var length = 1.0
        var (relative, absolute) = options.rows == .float32 ? (0.0, 0.0) : (0x1p-11, 0x1p-25)
        if metric == .cosine {
            length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            absolute += 1e-5
        }
        return zip(values, stored).allSatisfy {
            let value = Double($0) / length
            return abs(value - Double($1)) <= relative * abs(value) + absolute
        }
    }
}

extension SnapshotInfo {
    /// Whether the index keeps other values than it was given.
    fileprivate var changesVectors: Bool { isCodesOnly || options.rows == .float16 }
}
