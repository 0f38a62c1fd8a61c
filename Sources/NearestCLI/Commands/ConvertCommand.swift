// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest
import VectorFiles

/// `nearest convert`: converts between formats of vectors and of indexes.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert files of vectors, saved indexes and indexes of hnswlib.",
        discussion: """
            The names' endings say what the files are: .npy, .fvecs, .bvecs and .ivecs hold vectors, .nearest a saved index, \
            .hnswlib and .bin an index of hnswlib. Vectors become .npy or .fvecs, of 32-bit floats:

              vectors -> vectors    as they are
              .nearest -> vectors   in the order of their keys; under cosine normalized, and decoded where only codes are kept
              hnswlib -> vectors    in the order of their labels, without deleted elements
              .nearest -> hnswlib   the graph of the vectors that are there; keys become labels; not with the metric l1
              hnswlib -> .nearest   the vectors are inserted again, without deleted elements: the graph is built anew, with the \
            file's M and ef_construction; labels become keys

            A file of hnswlib says neither its dimensions nor its metric: --dimensions and --metric do. `nearest build` makes an \
            index of vectors.
            """)

    @Argument(help: ArgumentHelp("The file to read.", valueName: "FROM"))
    var source: String

    @Argument(help: ArgumentHelp("The file to write. A file of that name is replaced.", valueName: "TO"))
    var target: String

    @Option(name: .customLong("from"), help: "The format of the file to read, if its name does not tell it: hnswlib.")
    var sourceFormat: ForeignFormat?

    @Option(name: .customLong("to"), help: "The format of the file to write, if its name does not tell it: hnswlib.")
    var targetFormat: ForeignFormat?

    @Option(parsing: .unconditional, help: ArgumentHelp("Values in every vector of a file of hnswlib.", valueName: "D"))
    var dimensions: Int?

    @Option(help: "The metric of a file of hnswlib.")
    var metric: HnswlibMetric?

    @Option(
        help:
            "What vectors of hnswlib are compared by once they are in an index: none, int8, int4 or auto. (default: auto)"
    )
    var codes: CodesOption?

    @Option(parsing: .unconditional, help: "Threads that build an index. (default: every core)")
    var buildThreads: Int?

    @Option(
        help: ArgumentHelp(
            "Write the keys or labels to a .npy or .ivecs file, one a row: int32, or int64 where needed.",
            valueName: "K"))
    var keysOut: String?

    mutating func validate() throws {
        _ = try conversion()
        try checkOutputs([("the file to write", target), ("--keys-out", keysOut)], inputs: [source])
    }

    func run() throws { try Output.print(try convert()) }

    /// The conversion that the files' names ask for.
    func conversion() throws -> Conversion {
        let conversion = try Conversion(
            from: FileKind(source, named: "the file to read", format: sourceFormat),
            to: FileKind(target, named: "the file to write", format: targetFormat))
        guard !conversion.writesVectors || VectorTable.isNameOfFloats(target) else {
            throw ValidationError("vectors are written to .npy or .fvecs")
        }
        guard (dimensions != nil) == conversion.readsHnswlib else {
            throw ValidationError(
                conversion.readsHnswlib
                    ? "a file of hnswlib takes --dimensions" : "--dimensions is an option of files of hnswlib only")
        }
        if let dimensions { try checkRange("--dimensions", dimensions, VectorTable.dimensionsRange) }
        let isImport = conversion == .hnswlibToIndex
        guard (metric != nil) == isImport else {
            throw ValidationError(
                isImport
                    ? "an index made from a file of hnswlib takes --metric l2, ip or cosine"
                    : "--metric is an option of indexes made from files of hnswlib only")
        }
        guard isImport || (codes == nil && buildThreads == nil) else {
            throw ValidationError("--codes and --build-threads are options of indexes made from files of hnswlib only")
        }
        if let buildThreads { try checkRange("--build-threads", buildThreads, IndexLimits.threads) }
        if let keysOut {
            guard conversion.writesVectors, conversion != .vectorsToVectors else {
                throw ValidationError("--keys-out is an option of vectors that had keys or labels only")
            }
            guard VectorTable.isNameOfIntegers(keysOut), keysOut != target else {
                throw ValidationError(
                    "--keys-out is '\(keysOut)'; it must be another file, whose name ends in .npy or .ivecs")
            }
        }
        return conversion
    }
}

/// A format that an option can name.
enum ForeignFormat: String, ExpressibleByArgument, CaseIterable {
    case hnswlib
}

/// The metrics that hnswlib has.
enum HnswlibMetric: String, ExpressibleByArgument, CaseIterable {
    case l2, ip, cosine

    var metric: Metric {
        switch self {
        case .l2: .squaredEuclidean
        case .ip: .innerProduct
        case .cosine: .cosine
        }
    }
}

/// What a file is.
enum FileKind {
    case vectors, index, hnswlib

    /// - Parameter format: the option's value, if given.
    init(_ path: String, named name: String, format: ForeignFormat?) throws {
        switch (format, URL(fileURLWithPath: path).pathExtension.lowercased()) {
        case (.hnswlib, _), (nil, "hnswlib"), (nil, "bin"): self = .hnswlib
        case (nil, "npy"), (nil, "fvecs"), (nil, "bvecs"), (nil, "ivecs"): self = .vectors
        case (nil, IndexFile.fileExtension): self = .index
        default:
            throw ValidationError(
                "\(name) is '\(path)'; its name must end in \(VectorTable.formats), .nearest, .hnswlib or .bin")
        }
    }
}

/// Which kind of file becomes which.
enum Conversion {
    case vectorsToVectors, indexToVectors, indexToHnswlib, hnswlibToVectors, hnswlibToIndex

    var readsHnswlib: Bool { self == .hnswlibToVectors || self == .hnswlibToIndex }

    var writesVectors: Bool { self == .vectorsToVectors || self == .indexToVectors || self == .hnswlibToVectors }

    init(from source: FileKind, to target: FileKind) throws {
        switch (source, target) {
        case (.vectors, .vectors): self = .vectorsToVectors
        case (.index, .vectors): self = .indexToVectors
        case (.index, .hnswlib): self = .indexToHnswlib
        case (.hnswlib, .vectors): self = .hnswlibToVectors
        case (.hnswlib, .index): self = .hnswlibToIndex
        case (.vectors, .index): throw ValidationError("`nearest build` makes an index of vectors")
        case (.vectors, .hnswlib):
            throw ValidationError("`nearest build` makes an index of vectors, which can be converted for hnswlib")
        case (.index, .index), (.hnswlib, .hnswlib): throw ValidationError("both files are of one kind")
        }
    }
}
