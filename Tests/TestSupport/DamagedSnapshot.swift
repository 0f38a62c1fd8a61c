// SPDX-License-Identifier: Apache-2.0

import Foundation
import VectorIndex

/// A way to damage a snapshot and to use it then.
public struct DamagedSnapshot: Sendable {
    /// The index that is saved and damaged.
    public let seed: SnapshotSeed

    /// The damage.
    public let patches: [SnapshotPatch]

    /// What checksums tell of it.
    public let repaired: RepairedChecksums

    /// How the file is opened.
    public let options: SnapshotOptions

    private let asksFirst: Bool

    /// Bytes before the patches.
    private static let headBytes = 3
    private static let maximumPatches = 16

    /// Seldom those of thousands of vectors, which take a hundred times as long as the others.
    private static let seeds: [SnapshotSeed] =
        [.empty, .codesOnly, .calibrated, .coded, .coded, .rounded, .rounded]
        + Array(repeating: .whole, count: 5) + Array(repeating: .sweeping, count: 6)

    /// What bytes say: any do. Few bytes reach every part of files of a megabyte.
    public init(_ input: some Collection<UInt8>) {
        let input = Array(input) + [UInt8](repeating: 0, count: max(0, Self.headBytes - input.count))
        seed = Self.seeds[Int(input[0]) % Self.seeds.count]
        repaired = RepairedChecksums(rawValue: input[1] % 4) ?? .all
        options = SnapshotOptions(
            verification: SnapshotOptions.Verification.allCases[Int(input[1] / 4) % 3],
            residency: SnapshotResidency.allCases[Int(input[1] / 12) % 3])
        asksFirst = input[2] % 4 != 0
        patches = stride(from: Self.headBytes, to: input.count, by: SnapshotPatch.encodedBytes)
            .prefix(Self.maximumPatches)
            .compactMap { start in
                let bytes = input[start...].prefix(SnapshotPatch.encodedBytes)
                return bytes.count == SnapshotPatch.encodedBytes ? SnapshotPatch(bytes) : nil
            }
    }

    /// Bytes that a generator draws; half of them make all checksums right.
    public static func input(using generator: inout SeededGenerator) -> [UInt8] {
        var input = withUnsafeBytes(of: generator.next()) { Array($0.prefix(headBytes)) }
        for _ in 0..<Int.random(in: 1...3, using: &generator) { input += SnapshotPatch.bytes(using: &generator) }
        return input
    }

    /// Damages a file that ``seed`` was saved to.
    public func apply(to image: SnapshotImage) -> SnapshotImage { image.damaged(by: patches, repairing: repaired) }

    /// Opens a damaged file and uses the index in every way, if it is one.
    ///
    /// - Parameter folder: where it is saved to.
    /// - Returns: why the file was refused; nil if it was opened.
    /// - Throws: what no damaged file should bring about.
    public func use(_ path: String, folder: String) throws -> VectorIndexError? {
        let index: HNSWIndex
        switch Result(catching: { () throws(VectorIndexError) in try HNSWIndex(contentsOf: path, options: options) }) {
        case .success(let opened): index = opened
        case .failure(let error): return error
        }
        let use = IndexUse(values: seed.values, savingTo: folder + "/saved")
        if asksFirst { try use.ask(index) }
        try use.change(index)
        try use.ask(index)
        return nil
    }
}

extension SnapshotSeed {
    /// The file that the index is saved to, which is written to the folder on the way.
    public func image(folder: String) throws -> SnapshotImage {
        let path = "\(folder)/seed"
        try make().save(to: path)
        return SnapshotImage(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    }
}
