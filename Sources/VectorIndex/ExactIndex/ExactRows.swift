// SPDX-License-Identifier: Apache-2.0

/// The vectors of an ``ExactIndex``, slot by slot in the order of insertion, and their keys.
struct ExactRows: ~Copyable, @unchecked Sendable {
    // SAFETY: there are no copies, and a ``SharedValue`` guards it.

    let dimensions: Int
    let metric: Metric
    let instructionSet: InstructionSet

    let vectors: VectorBlocks
    let kernel: Float32BlockKernel

    /// Codes of the vectors, slot by slot; nil if there are none.
    let codes: CodeBlocks?

    var directory: KeyDirectory

    /// One word of bits a block, one bit for each of its vectors. Set: the vector is not removed.
    private(set) var live: [UInt64] = []

    /// The largest `Σ x²` of a vector that was ever inserted.
    private(set) var maximumSquaredNorm: Float = 0

    init(
        dimensions: Int, metric: Metric, instructionSet: InstructionSet, usesCodes: Bool
    ) throws(StorageError) {
        self.dimensions = dimensions
        self.metric = metric
        self.instructionSet = instructionSet
        let vectors = try VectorBlocks(dimensions: dimensions)
        let directory = try KeyDirectory(capacity: vectors.capacity)
        codes =
            usesCodes
            ? try CodeBlocks(
                dimensions: dimensions, metric: metric, instructionSet: instructionSet,
                blocks: vectors.capacity / Float32BlockKernel.blockSize)
            : nil
        self.vectors = vectors
        self.directory = directory
        kernel = vectors.kernel(metric: metric, instructionSet: instructionSet)
    }

    /// Makes room for `additional` more vectors.
    mutating func ensure(additional: Int) throws(StorageError) {
        try vectors.ensure(additional: additional)
        try codes?.ensure(additional: additional)
        try directory.ensure(slotCount: vectors.count + additional, additional: additional)
    }

    /// Stores checked vectors under new keys. There is room for them.
    mutating func append(
        _ added: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64], part: Range<Int>
    ) {
        var prepared = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
        for i in part {
            do throws(VectorIndexError) {
                try added.withVector(at: i, dimensions: dimensions) { (vector) throws(VectorIndexError) in
                    try prepared.prepare(vector)
                }
            } catch {
                preconditionFailure("a vector has changed while it was inserted: \(error)")
            }
            maximumSquaredNorm = max(maximumSquaredNorm, prepared.squaredNorm)
            let slot = vectors.append(prepared.values, squaredNorm: prepared.squaredNorm)
            codes?.append(prepared.values, squaredNorm: prepared.squaredNorm)
            directory.set(keys[i], slot)
            setLive(slot, true)
        }
    }

    /// Removes a vector, if its key is there. Returns whether it was.
    mutating func remove(_ key: UInt64) -> Bool {
        guard let slot = directory.remove(key) else { return false }
        setLive(slot, false)
        return true
    }

    private mutating func setLive(_ slot: Slot, _ isLive: Bool) {
        let (block, place) = slot.index.quotientAndRemainder(dividingBy: Float32BlockKernel.blockSize)
        while live.count <= block { live.append(0) }
        let bit = UInt64(1) << UInt64(place)
        if isLive { live[block] |= bit } else { live[block] &= ~bit }
    }

    /// Whether a slot's vector is not removed.
    func isLive(_ slot: Slot) -> Bool {
        let (block, place) = slot.index.quotientAndRemainder(dividingBy: Float32BlockKernel.blockSize)
        return live[block] & 1 << UInt64(place) != 0
    }

    /// The keys that are there, in the order of insertion.
    var keys: [UInt64] {
        var keys: [UInt64] = []
        keys.reserveCapacity(directory.count)
        for index in 0..<UInt32(vectors.count) where isLive(Slot(index)) { keys.append(directory.key(of: Slot(index))) }
        return keys
    }

    /// A copy of the vector under a key; nil if the key is not there.
    func vector(for key: UInt64) -> SharedVector? {
        guard let slot = directory.slot(of: key) else { return nil }
        return SharedVector(vectors.vector(slot))
    }

    static func slot(_ block: Int, _ place: Int) -> UInt32 {
        UInt32(block * Float32BlockKernel.blockSize + place)
    }

    func neighbor(_ candidate: NearestSelection.Candidate) -> Neighbor {
        Neighbor(key: directory.key(of: Slot(candidate.slot)), distance: metric.presented(candidate.distance))
    }
}
