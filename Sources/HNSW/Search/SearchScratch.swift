// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// Everything that a search writes to, reusable: after the first search of an index's size none allocates.
package struct SearchScratch: ~Copyable {
    var pool: CandidatePool
    var visited = VisitedSet()

    /// The unseen neighbors of the candidates expanded at once, and their distances.
    let hopSlots: AlignedBuffer<UInt32>
    let hopDistances: AlignedBuffer<Float>

    /// Some of them that are near enough to be kept.
    let freshKeys: AlignedBuffer<NodeKey>

    /// Nodes of the hop that is to be measured next.
    var hopCount = 0

    /// Keys that are sorted by insertion before they are merged into the pool.
    static var freshKeyLimit: Int { 16 }

    /// What the search sees.
    package var view = GraphView(version: 0, entryPoint: nil, topLevel: 0, slotLimit: Slot(0))

    /// Slots that may still be looked at in the chains of nodes' members.
    var memberStepsLeft = 0

    /// A node that a search of level 0 shall not see.
    package var hidden: Node?

    /// Vectors that the last search came to, if it came to all that edges lead to.
    package var reached: Int?

    /// Whether the last search ended because to go on would have cost as much as comparing everything.
    package internal(set) var isUndecided = false

    /// The stage of a search that ends by a judge.
    var judged = JudgedSearch()

    /// The pool's keys, while it is used for something else.
    var savedKeys: [NodeKey] = []

    /// Slots that were found otherwise than by the graph, nearest first: the results, if there are any.
    var listed: [(slot: Slot, distance: Float)] = []

    /// Candidates of a neighbor selection, and the slots chosen.
    var candidates: [NodeKey] = []
    var selected: [NodeKey] = []
    let selectedSlots: AlignedBuffer<UInt32>

    /// Planned nodes that lie far from all others.
    var outliers: [Node] = []

    /// Rows that a batch has changed first with this memory, as they were before.
    var undoLog = UndoLog()

    /// Planned nodes that would be out of place among their neighbors if they were read from codes, and these neighbors.
    var indistinct: [Node] = []

    /// The query of a search, and that of a candidate which is compared with others.
    package let querySpace = QuerySpace()
    let candidateSpace = QuerySpace()

    /// A vector that is decoded; zeros behind its last value.
    let vectorSpace = QuerySpace()

    private var stored: (vectors: StoredVectors, kernel: StoredKernel)?

    /// The kernel of some stored vectors.
    package mutating func storedKernel(_ vectors: StoredVectors) -> StoredKernel {
        if let stored, stored.vectors === vectors { return stored.kernel }
        let kernel = StoredKernel(vectors)
        stored = (vectors, kernel)
        return kernel
    }

    /// Lets go of stored vectors that may be replaced.
    package mutating func releaseStored() {
        stored = nil
        decoded = nil
    }

    /// Vectors decoded to be compared again; nil before the first.
    package var decoded: DecodedRows?

    /// Distances computed since the caller last set it to 0.
    package var distanceCount = 0

    /// Makes slots with their distances, nearest first, the results of the last search.
    package mutating func replaceResults(_ found: [(slot: Slot, distance: Float)]) {
        listed = found
    }

    /// - Parameter parameters: those of the graph that is to be searched.
    package init(parameters: HNSWParameters) {
        let maximumNeighbors = parameters.maximumNeighbors(level: 0)
        pool = CandidatePool(capacity: 128)
        let hopCapacity = HNSWGraph.expansionWidth * maximumNeighbors
        hopSlots = AlignedBuffer(capacity: hopCapacity, zero: 0)
        hopDistances = AlignedBuffer(capacity: hopCapacity, zero: 0)
        freshKeys = AlignedBuffer(capacity: Self.freshKeyLimit, zero: NodeKey(bits: 0))
        selectedSlots = AlignedBuffer(capacity: maximumNeighbors, zero: 0)
    }
}
