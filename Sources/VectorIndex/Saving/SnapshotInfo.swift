// SPDX-License-Identifier: Apache-2.0

import HNSW

/// What a saved index is, read from the front of its file. The content of the index is neither read nor verified.
///
/// ```swift
/// let info = try SnapshotInfo(contentsOf: "words.nearest")
/// print(info.count, info.dimensions, info.metric)
/// ```
public struct SnapshotInfo: Sendable, Hashable {
    /// A part of the file.
    public struct Section: Sendable, Hashable {
        /// The name that messages call it by.
        public let name: String

        /// Where its content begins, in bytes from the beginning of the file.
        public let offset: Int

        /// The bytes of its content; zeros fill the space up to the next section.
        public let length: Int

        /// The CRC-32C of its content when it was written.
        public let checksum: UInt32
    }

    /// The version of the format.
    public let formatVersion: Int

    /// Vectors that are held.
    public let count: Int

    /// Values in every vector.
    public let dimensions: Int

    /// What "near" means.
    public let metric: Metric

    /// The parameters that the index was made with, including the codes asked for.
    public let options: HNSWOptions

    /// What vectors are compared by while the graph is searched; see ``HNSWIndex/codesInUse``.
    public let codesInUse: VectorCodes

    /// Whether vectors have been given up for their codes, which ``HNSWOptions/keepsVectors`` permits.
    public let isCodesOnly: Bool

    /// The length of the file in bytes.
    public let fileBytes: Int

    /// The parts of the file, in their order.
    public let sections: [Section]

    /// Reads the front of a saved index.
    ///
    /// The header and the short sections that hold these facts are verified; ``HNSWIndex/init(contentsOf:options:)-(String,_)``
    /// verifies the rest. Takes the same time however large the file is.
    ///
    /// - Throws: ``VectorIndexError/snapshot(_:)``: the file cannot be read, is no snapshot, is in a newer format, or is damaged in
    ///   what is read of it.
    public init(contentsOf path: String) throws(VectorIndexError) {
        do throws(SnapshotError) {
            let file = try SnapshotFile(path)
            let record = try IndexRecord(file)
            let codes = try RowQuantizer.kind(in: file)
            guard codes != .float32 || !record.isCodesOnly else {
                throw .malformed(section: SnapshotSection.quantizer.name, reason: "it is missing")
            }
            formatVersion = file.header.version
            count = record.liveCount
            dimensions = record.dimensions
            metric = record.metric
            options = record.options
            codesInUse = codes
            isCodesOnly = record.isCodesOnly
            fileBytes = file.header.fileLength
            sections = file.header.entries.map {
                Section(name: $0.section.name, offset: $0.offset, length: $0.length, checksum: $0.checksum)
            }
        } catch {
            throw .snapshot(error)
        }
    }
}
