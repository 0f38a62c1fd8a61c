// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// Answers approximate nearest-neighbour queries from a graph (HNSW), in time that grows with the logarithm of the number of
/// vectors.
///
/// ```swift
/// let index = try HNSWIndex(dimensions: 3, metric: .cosine)
/// try index.insert([1, 0, 0], key: 1)
/// try index.insert([0, 1, 0], key: 2)
/// let nearest = try index.search([0.9, 0.1, 0], k: 1)  // key 1
/// ```
///
/// The memory of a removed vector is not reused yet.
public final class HNSWIndex: NearestNeighborIndex, @unchecked Sendable {
    // SAFETY: `graph`, `directory`, `codes`, `calibrated` and the row count of `vectors` are read under `access.read` and changed under
    // `access.write`; only the holder of `writer` changes them, so it may also read them without `access`, and only it uses
    // `workers`. Planning, under `access.read`, writes rows of nodes that no edge leads to yet.

    /// Values in every vector.
    public let dimensions: Int
    /// What "near" means.
    public let metric: Metric
    /// The parameters that the index was made with.
    public let options: HNSWOptions

    /// The instruction set that distances are computed with.
    public let instructionSet: InstructionSet

    let vectors: VectorMatrix
    let kernel: Float32Kernel
    let scratchPool: ScratchPool<QueryScratch>
    let laneScratchPool: ScratchPool<LaneScratch>

    /// The vectors' codes, once there are enough vectors to learn them from.
    var codes: LearntCodes?

    /// The recall of searches, as last measured.
    var calibrated: Calibrated?

    /// Vectors when codes were last learnt, whether or not any were good enough.
    var codesLearntCount = 0

    /// Vectors when the codes were last found to suit.
    var codesCheckedCount = 0

    let access = ReadersWriterLock()
    let writer = Mutex(())
    let workers: LinkWorkers
    var graph: HNSWGraph
    var directory: KeyDirectory

    /// Makes an empty index.
    ///
    /// - Parameter dimensions: values in every vector, 1 to 65,536.
    /// - Throws: ``VectorIndexError``: a parameter is outside its range, the instruction set is not supported, or the system
    ///   has no address space for the index.
    public init(dimensions: Int, metric: Metric, options: HNSWOptions = HNSWOptions()) throws(VectorIndexError) {
        try VectorIndexError.check("dimensions", dimensions, in: IndexLimits.dimensions)
        try options.check()
        do { instructionSet = try InstructionSet.resolve(options.instructionSet) } catch {
            throw .instructionSet(error)
        }
        self.dimensions = dimensions
        self.metric = metric
        self.options = options
        let parameters = HNSWParameters(m: options.m, efConstruction: options.efConstruction, seed: options.seed)
        do {
            vectors = try VectorMatrix(dimensions: dimensions)
            graph = try HNSWGraph(parameters: parameters, capacity: vectors.capacity)
            directory = try KeyDirectory(capacity: vectors.capacity)
        } catch { throw VectorIndexError(error) }
        kernel = vectors.kernel(metric: metric, instructionSet: instructionSet)
        workers = LinkWorkers(parameters: parameters)
        let codeBytes = CodeKernel.rowStride(options.codes ?? .int8, dimensions: dimensions, metric: metric)
        scratchPool = ScratchPool { [instructionSet] in
            let query = PreparedVector(dimensions: dimensions, metric: metric, instructionSet: instructionSet)
            return QueryScratch(query: query, codeBytes: codeBytes, parameters: parameters)
        }
        laneScratchPool = ScratchPool { LaneScratch(parameters: parameters) }
    }

    /// Vectors that are held.
    public var count: Int { access.read { directory.count } }

    /// Whether the index holds a vector under the key.
    public func contains(key: UInt64) -> Bool { access.read { directory.slot(of: key) != nil } }

    /// Returns the vector under the key, without copying it; normalised under ``Metric/cosine``.
    public func vector(for key: UInt64) -> SharedVector? {
        access.read { directory.slot(of: key).map { SharedVector(vectors, $0) } }
    }

    /// Removes a vector; it is never returned again. Returns whether the key was there. Waits for a batch under way.
    @discardableResult
    public func remove(key: UInt64) -> Bool {
        writer.withLock { _ in
            access.write {
                guard let slot = directory.remove(key) else { return false }
                graph.remove(slot)
                return true
            }
        }
    }

    /// Bytes that the vectors, the graph and the keys use, without scratch memory.
    public var memoryBytes: Int {
        access.read {
            vectors.count * vectors.stride * MemoryLayout<Float>.stride + graph.usedBytes
                + (codes.map { $0.matrix.count * $0.matrix.kernel.stride } ?? 0)
                + directory.approximateBytes(slotCount: vectors.count)
        }
    }

    /// Proves what must hold of the index, in time linear in its size: that every edge of the graph leads to a node of its
    /// level, that keys and vectors match, and that every vector can be reached: after a batch all of them, after single
    /// insertions all but as many as were inserted since the graph was last repaired. For tests and for diagnosis. Waits for an
    /// insertion or removal that is under way.
    ///
    /// - Throws: ``IndexInvariantViolation``, which says what is wrong.
    public func checkInvariants() throws(IndexInvariantViolation) {
        try writer.withLock { _ throws(IndexInvariantViolation) in try checkInvariantsAlone() }
    }

    /// The caller holds `writer`: amid a batch there are nodes that are not linked yet.
    private func checkInvariantsAlone() throws(IndexInvariantViolation) {
        do throws(GraphInvariantViolation) {
            try graph.checkInvariants()
        } catch {
            throw IndexInvariantViolation(error.description)
        }
        var live = 0
        for index in 0..<vectors.count where !graph.isRemoved(Slot(UInt32(index))) {
            let slot = Slot(UInt32(index))
            guard directory.slot(of: directory.key(of: slot)) == slot else {
                throw IndexInvariantViolation("slot \(index) and key \(directory.key(of: slot)) do not match")
            }
            live += 1
        }
        guard live == directory.count else {
            throw IndexInvariantViolation("\(live) vectors and \(directory.count) keys")
        }
    }
}

/// A fact that must hold of every index and does not: a defect of this library, or of the memory.
public struct IndexInvariantViolation: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
