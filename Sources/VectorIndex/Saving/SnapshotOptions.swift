// SPDX-License-Identifier: Apache-2.0

import HNSW

/// How a snapshot is opened.
public struct SnapshotOptions: Sendable, Hashable {
    /// When the content of a snapshot is checked. Its header and its short sections are always checked.
    public enum Verification: String, Sendable, Hashable, CaseIterable {
        /// All of it while the file is opened: every checksum, and that every number leads to a place that exists. The index then
        /// holds what was saved. Reads the whole file once.
        case full

        /// Keys and the states of vectors while the file is opened. Vectors, codes and edges before the first call that reads them.
        /// All of it before the index is changed or saved. The call that meets the damage throws.
        case lazy

        /// No checksums: for files that cannot have been damaged. A damaged file may give wrong answers, and never a crash.
        /// Searches stay within the file's vectors. Before the index is changed or saved, every number is proved to lead to a place
        /// that exists.
        case none
    }

    /// When the content is checked.
    public var verification: Verification

    /// Where the content is kept.
    public var residency: SnapshotResidency

    /// The instruction set to compute with; nil takes `NEAREST_ISA` or the fastest (``InstructionSet/resolve(_:)``).
    public var instructionSet: InstructionSet?

    /// Makes options. What is not given has the safe value.
    public init(
        verification: Verification = .full, residency: SnapshotResidency = .mapped,
        instructionSet: InstructionSet? = nil
    ) {
        self.verification = verification
        self.residency = residency
        self.instructionSet = instructionSet
    }
}
