// SPDX-License-Identifier: Apache-2.0

/// The parts of a snapshot, by the numbers that stand in the file. A number is never used for anything else.
package enum SnapshotSection: UInt32, CaseIterable, Sendable {
    // Records: short, read and checked whenever the file is opened.

    /// What the index was made with, and its counts.
    case index = 1
    /// The graph's counts, entry point and lists of slots.
    case graph = 2
    /// How vectors are rounded to codes.
    case quantizer = 3
    /// Measured recall.
    case calibration = 4
    /// How edges are balanced under the inner product.
    case balance = 5

    // Tensors: a row a slot, if nothing else is said.

    /// Whole vectors, 32-bit floats padded with zeros to a cache line.
    case vectors = 16
    /// Codes, padded to a cache line; in version 1 of the format, of one range for all.
    case codes = 17
    /// What 4-bit codes leave over, in version 1.
    case residuals = 18
    /// The newest vectors of codes-only ones, whole, in the order of their slots in `newestSlots`; in version 1.
    case newestVectors = 19
    case newestSlots = 20
    /// What is known of each row of codes beside them, where the row has no room for it: constant, low, step and error.
    case codeTerms = 21
    /// 4 more bits for codes of 4.
    case remainders = 22
    /// Vectors that are kept whole where others are codes-only.
    case keptVectors = 23
    /// Whole vectors in half precision (IEEE 754 binary16) instead of `vectors`, padded with zeros to a cache line.
    case halfVectors = 24

    /// Neighbors on level 0.
    case baseNeighbors = 32
    /// Neighbors on the levels above, a row a node and level.
    case upperNeighbors = 33
    /// Each node's first row among `upperNeighbors`.
    case firstUpperRows = 34
    case levels = 35
    /// Born, died, next slot with the same vector.
    case states = 36
    /// A bit a slot: not to be taken for visible unseen.
    case lifetimeHints = 37
    case flags = 38
    /// Hashes of vectors, and the table that finds slots by them.
    case hashes = 39
    case hashTable = 40
    /// Duplicates of each node; left out if there never was one.
    case members = 41
    case owners = 42

    /// Keys, and the table that finds slots by them.
    case keys = 48
    case keyTable = 49

    /// The name that messages use.
    package var name: String { "\(self)" }
}
