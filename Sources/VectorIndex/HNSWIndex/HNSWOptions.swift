// SPDX-License-Identifier: Apache-2.0

import HNSW

/// The parameters of an ``HNSWIndex``, named as in the HNSW paper.
public struct HNSWOptions: Sendable, Hashable {
    /// `M`: neighbors that a new node is linked to on each level, 2 to 512. Level 0 keeps twice as many. More neighbors find more
    /// and use more memory: `8 M` bytes a vector.
    public var m: Int

    /// `efConstruction`: candidates that an insertion considers, 1 to 65,536. More make a better graph, more slowly.
    public var efConstruction: Int

    /// `efSearch`: candidates that a search keeps if its request does not say otherwise, 1 or more. More find more, more slowly.
    public var efSearch: Int

    /// Seeds the levels of the nodes. The same vectors, inserted by the same calls with the same seed and instruction set,
    /// make the same graph.
    public var seed: UInt64

    /// What vectors are compared by while the graph is searched and built. Codes are read instead of the vectors, with a quarter or
    /// an eighth of the memory traffic. The nearest by codes are then compared exactly. With ``VectorCodes/automatic``, the
    /// default, the index chooses 4 bits, 8 bits or no codes (``HNSWIndex/codesInUse``). It looks at how well codes order the true
    /// neighbors of some of its vectors.
    ///
    /// Each vector has a range of its own, so that none lies outside it. Codes cannot tell neighbors apart that lie closer together
    /// than the codes' steps. There a search reads vectors instead, and nodes are linked by vectors: codes cost time and no recall.
    public var codes: VectorCodes

    /// Whether the 32-bit vectors are kept beside their codes. Without them an index takes a third of the memory. Every distance is
    /// then to the vector that its codes stand for. These have 8 bits a value, since codes of 4 bits get remainders of 4 more.
    ///
    /// What is kept reproduces each vector x to within 2 % of its length: `|x - x'| <= 0.02 |x|`, checked when x is inserted. A
    /// vector that does not fit is kept whole, and so is one that its codes cannot tell from its neighbors. If values are
    /// distributed about normally, vectors are off by .6 to 1 %, and none is kept whole.
    ///
    /// Vectors are given up once there are 4,096 of them. They stay whole if the index chooses the codes and none suits:
    /// ``HNSWIndex/codesInUse`` then says `float32`. The vectors of a batch are whole until it is linked.
    ///
    /// The recall of a search (``SearchEffort/recall(_:)``) is measured among the vectors as they are stored.
    ///
    /// `false` with `codes` of ``VectorCodes/float32`` is refused.
    public var keepsVectors: Bool

    /// What vectors are stored as: 32-bit floats, or half-precision floats (``VectorRows/float16``) of two bytes a value. A row is
    /// padded to a multiple of 64 bytes: 1,536 or 768 bytes at 384 dimensions.
    ///
    /// Under ``VectorRows/float16``:
    ///
    /// - Values are rounded when a vector is inserted, under ``Metric/cosine`` after it is normalized. They are off by 2⁻¹¹ of
    ///   their magnitude at most. Those below 2⁻¹⁴ are off by 2⁻²⁵ at most and may become 0.
    /// - A value whose magnitude is 65,520 or more is refused (``VectorIndexError/valueOutOfRange(position:)``). Scale such
    ///   vectors.
    /// - Every distance is from the query, which is not rounded, to the rounded vector. Under ``Metric/cosine`` a vector may be
    ///   2⁻¹¹ from itself.
    /// - ``HNSWIndex/vector(for:)`` returns a copy of the rounded vector. Vectors that are equal once they are rounded share a
    ///   node.
    /// - Neighbors that differ by little more than 2⁻¹¹ of their values lose their order. In clusters whose vectors differ by 3 %
    ///   of their values, recall stops at .99; where they differ by .2 %, at .87.
    /// - ``codes`` are made from rounded vectors. With ``keepsVectors`` of `false`, vectors are in half precision until they are
    ///   given up. Those that stay whole beside codes are 32-bit floats with rounded values.
    ///
    /// 117,659 text embeddings of 384 dimensions under ``Metric/cosine``, `M` 16: 1,172 bytes a vector instead of 1,940 with codes
    /// of 4 bits, 964 instead of 1,732 without codes. Recall@10 at `efSearch` 16 to 256 is the same to within .0004.
    public var rows: VectorRows

    /// The instruction set to compute with; nil takes `NEAREST_ISA` or the fastest (``InstructionSet/resolve(_:)``).
    public var instructionSet: InstructionSet?

    /// Makes options. What is not given has its default. Ranges are checked when an index is made.
    public init(
        m: Int = 16, efConstruction: Int = 200, efSearch: Int = 64, seed: UInt64 = 42,
        codes: VectorCodes = .automatic, keepsVectors: Bool = true, rows: VectorRows = .float32,
        instructionSet: InstructionSet? = nil
    ) {
        self.m = m
        self.efConstruction = efConstruction
        self.efSearch = efSearch
        self.seed = seed
        self.codes = codes
        self.keepsVectors = keepsVectors
        self.rows = rows
        self.instructionSet = instructionSet
    }

    /// The range of ``m``.
    public static let mRange = HNSWParameters.mRange
    /// The range of ``efConstruction``.
    public static let efConstructionRange = HNSWParameters.efConstructionRange
    /// The range of ``efSearch``.
    public static let efSearchRange = 1...Int.max

    var parameters: HNSWParameters { HNSWParameters(m: m, efConstruction: efConstruction, seed: seed) }

    func check() throws(VectorIndexError) {
        try VectorIndexError.check("M", m, in: Self.mRange)
        try VectorIndexError.check("efConstruction", efConstruction, in: Self.efConstructionRange)
        try VectorIndexError.check("efSearch", efSearch, in: Self.efSearchRange)
        if !keepsVectors, codes == .float32 { throw .nothingKept }
    }
}
