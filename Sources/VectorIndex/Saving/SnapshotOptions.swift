// SPDX-License-Identifier: Apache-2.0

import HNSW

/// How a snapshot is opened.
public struct SnapshotOptions: Sendable, Hashable {
    /// When the content of a snapshot is checked. Its header and its short sections are always checked.
    public enum Verification: String, Sendable, Hashable, CaseIterable {
        /// All of it while it is opened: every checksum, and that every number leads where it should. Then the index holds what was
        /// saved. Reads the whole file once.
        case full

        /// Keys and the states of vectors while it is opened; vectors, codes and edges before the first call that reads
        /// them; all of it before the index is changed or saved. A call that comes upon damage throws.
        case lazy

        /// No checksums: for files that cannot have been damaged. A damaged one gives wrong answers, and never a crash: searches
        /// stay within the file's vectors, and that every number leads where it should is checked before the index is changed or
        /// saved.
        case none
    }

    /// When the content is checked.
    public var verification: Verification

    /// Where the content is kept.
    public var residency: SnapshotResidency

    /// The instruction set to compute with; nil takes `NEAREST_ISA` or the fastest (``InstructionSet/resolve(_:)``).
    public var instructionSet: InstructionSet?

    /// Makes options; what is not given is the safe choice.
    public init(
        verification: Verification = .full, residency: SnapshotResidency = .mapped,
        instructionSet: InstructionSet? = nil
    ) {
        self.verification = verification
        self.residency = residency
        self.instructionSet = instructionSet
    }
}
