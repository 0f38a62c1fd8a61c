// SPDX-License-Identifier: Apache-2.0

/// The parameters of a graph, named as in Malkov & Yashunin (2016).
package struct HNSWParameters: Sendable, Hashable {
    /// `M`: neighbors a new node is linked to on each level.
    package var m: Int

    /// `efConstruction`: candidates that an insertion considers on each level.
    package var efConstruction: Int

    /// Seeds the levels of the nodes and the order in which a batch visits them.
    package var seed: UInt64

    /// How neighbors are chosen among candidates.
    package var selection: NeighborSelection

    package init(m: Int, efConstruction: Int, seed: UInt64, selection: NeighborSelection = .heuristic) {
        precondition(Self.mRange.contains(m) && Self.efConstructionRange.contains(efConstruction))
        self.m = m
        self.efConstruction = efConstruction
        self.seed = seed
        self.selection = selection
    }

    package static let mRange = 2...512

    package static let efConstructionRange = 1...65_536

    /// `Mmax` on the levels above 0, and `Mmax0 = 2 M` on level 0.
    package func maximumNeighbors(level: Int) -> Int { level == 0 ? 2 * m : m }
}

/// How the neighbors of a node are chosen among candidates.
package enum NeighborSelection: Sendable, Hashable {
    /// The nearest ones (Algorithm 3).
    case simple

    /// Those that are nearer to the node than to any neighbor already chosen (Algorithm 4).
    case heuristic
}
