// SPDX-License-Identifier: Apache-2.0

import VectorStorage

/// All memory that a search writes to. It is reused: after one search of an index of this size, no search allocates.
package struct SearchScratch: ~Copyable {
    var pool: CandidatePool
    var visited = VisitedSet()

    /// The unseen neighbors of the candidates expanded at once, and their distances.
    let hopSlots: AlignedBuffer<UInt32>
    let hopDistances: AlignedBuffer<Float>

    /// Some of these nodes, near enough to be kept.
    let freshKeys: AlignedBuffer<NodeKey>

    /// Nodes of the hop that is to be measured next.
    var hopCount = 0

    /// The most keys that are sorted and merged into the pool at once.
    static var freshKeyLimit: Int { 16 }

    /// What the search sees.
    package var view = GraphView(version: 0, entryPoint: nil, topLevel: 0, slotLimit: Slot(0))

    /// Slots of chains that the search may still read.
    var memberStepsLeft = 0

    /// A node of level 0 that searches skip.
    package var hidden: Node?

    /// The number of vectors that the last search reached, if it reached all that edges lead to.
    package var reached: Int?

    /// Whether the last search of the graph ended because going on would have cost as much as comparing every vector.
    package var isUndecided = false

    /// The stage of a search that ends by a judge.
    var judged = JudgedSearch()

    /// The pool's keys, while it is used for something else.
    var savedKeys: [NodeKey] = []

    /// Results that the graph did not find, nearest first. If there are any, they take the place of those in the pool.
    var listed: [(slot: Slot, distance: Float)] = []

    /// Candidates of a neighbor selection, and the slots chosen.
    var candidates: [NodeKey] = []
    var selected: [NodeKey] = []
    let selectedSlots: AlignedBuffer<UInt32>

    /// Planned nodes that lie far from all others.
    var outliers: [Node] = []

    /// Earlier content of the rows that a batch has first changed with this memory.
    var undoLog = UndoLog()

    /// Planned nodes that codes cannot tell from their neighbors, and these neighbors.
    var indistinct: [Node] = []

    /// Memory for the query of a search, and for a candidate that is compared with others.
    package let querySpace = QuerySpace()
    let candidateSpace = QuerySpace()

    /// Memory for a decoded vector, with zeros behind its last value.
    let vectorSpace = QuerySpace()

    private var stored: (vectors: StoredVectors, kernel: StoredKernel)?

    /// The kernel of some stored vectors.
    package mutating func storedKernel(_ vectors: StoredVectors) -> StoredKernel {
        if let stored, stored.vectors === vectors { return stored.kernel }
        let kernel = StoredKernel(vectors)
        stored = (vectors, kernel)
        return kernel
    }

    /// Releases stored vectors that may be replaced.
    package mutating func releaseStored() {
        stored = nil
        decoded = nil
    }

    /// Memory for vectors that are decoded to be compared again; nil before the first.
    package var decoded: DecodedRows?

    /// Distances computed since the caller last set it to 0.
    package var distanceCount = 0

    /// Hops on level 0 since the caller last set it to 0: times that some candidates' neighbors were compared at once.
    package var hops = 0

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
