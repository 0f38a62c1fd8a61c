// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import VectorStorage

@testable import HNSW

/// A graph with its matrix and kernel, which its writer changes as that of an index does.
final class GraphFixture {
    let matrix: VectorMatrix
    let kernel: Float32Kernel
    var writer: GraphWriter
    var scratch: SearchScratch

    init(
        dimensions: Int, metric: Metric = .squaredEuclidean, m: Int = 16, efConstruction: Int = 60, seed: UInt64 = 42,
        selection: NeighborSelection = .heuristic, version: GraphVersion = .first
    ) throws {
        let parameters = HNSWParameters(m: m, efConstruction: efConstruction, seed: seed, selection: selection)
        matrix = try VectorMatrix(dimensions: dimensions)
        kernel = matrix.kernel(metric: metric, instructionSet: try InstructionSet.resolve())
        writer = try GraphWriter(parameters: parameters, capacity: 1 << 20, version: version)
        scratch = SearchScratch(parameters: parameters)
    }

    var graph: HNSWGraph { writer.graph }

    private var linkKernel: LinkKernel { LinkKernel(kernel, vectors: nil) }

    /// Adds vectors, which lie one after the other, in one batch.
    func insert(_ values: [Float], threads: Int = 1, repairs: Bool = true) throws {
        let batch = try batch(values)
        if repairs {
            try writer.insert(batch, by: linkKernel, threads: threads) { _, _ in }
        } else {
            try writer.link(batch, by: linkKernel, threads: threads) { _, _ in }
        }
        writer.commit()
    }

    /// Adds vectors one by one.
    func insertEach(_ values: [Float], repairs: Bool = true) throws {
        for first in stride(from: 0, to: values.count, by: matrix.dimensions) {
            try insert(Array(values[first..<first + matrix.dimensions]), repairs: repairs)
        }
    }

    /// Gives vectors slots; returns those that became nodes.
    func add(_ values: [Float]) throws -> [UInt32] { try batch(values).nodes.map(\.rawValue) }

    private func batch(_ values: [Float]) throws -> GraphBatch {
        let count = values.count / matrix.dimensions
        try matrix.ensure(additional: count)
        try writer.ensure(additional: count, oldestReader: .first)
        var batch = writer.beginBatch()
        values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return }
            for i in 0..<count {
                let slot = writer.takeSlot(for: &batch, oldestReader: .first)
                let stored = matrix.append(base + i * matrix.dimensions)
                precondition(stored == slot)
                writer.add(slot, to: &batch, vector: matrix.row(slot), count: matrix.stride) {
                    matrix.areEqual($0, slot)
                }
            }
        }
        return batch
    }

    /// The slot that the next vector would get.
    func takeSlot(oldestReader: GraphVersion) -> Slot {
        var batch = writer.beginBatch()
        return writer.takeSlot(for: &batch, oldestReader: oldestReader)
    }

    /// Removes a slot's vector.
    func remove(_ slot: UInt32) {
        writer.remove(Slot(slot))
        writer.commit()
    }

    /// Takes removed vectors out of the graph, but for what a search of `oldestReader` (nil: the present version) can find.
    func sweep(rowsAtOnce: Int = .max, threads: Int = 1, oldestReader: GraphVersion? = nil) {
        let oldestReader = oldestReader ?? graph.version
        writer.workers.use(threads: threads)
        writer.unlinkDuplicates(oldestReader: oldestReader, atLeast: 1)
        writer.beginSweep(oldestReader: oldestReader, by: linkKernel)
        while writer.isSweeping {
            writer.sweep(rows: rowsAtOnce, by: linkKernel)
            writer.commit()
        }
        writer.commit()
    }

    @discardableResult
    func repair() -> Int { writer.attachOrphans(kernel: kernel, scratch: &scratch) }

    /// The live slots that a search finds, and their distances, nearest first.
    func search(_ query: [Float], ef: Int) -> [(slot: UInt32, distance: Float)] {
        search(query, budget: SearchBudget(efSearch: ef))
    }

    func search(_ query: [Float], budget: SearchBudget) -> [(slot: UInt32, distance: Float)] {
        withPadded(query) { graph.search($0, budget: budget, kernel: kernel, scratch: &scratch) }
        var found: [(slot: UInt32, distance: Float)] = []
        graph.forEachResult(in: scratch, limit: budget.efSearch) { slot, distance in
            found.append((slot.rawValue, distance))
        }
        return found
    }

    /// Calls `body` with a query as kernels take it, and the present view in the scratch.
    func withPadded(_ query: [Float], _ body: (UnsafePointer<Float>) -> Void) {
        let padded = AlignedBuffer<Float>(capacity: matrix.stride, zero: 0)
        for (i, value) in query.enumerated() { padded.base[i] = value }
        scratch.view = graph.view(at: graph.version)
        body(padded.base)
    }

    func level(of slot: UInt32) -> Int { graph.level(of: Slot(slot)) }

    /// A node's neighbors on a level.
    func row(_ node: UInt32, level: Int = 0) -> [UInt32] {
        let layer = graph.layer(level)
        let row = layer.row(Node(rawValue: node))
        return (0..<layer.count(row)).map { row[$0].rawValue }
    }

    func setRow(_ node: UInt32, level: Int = 0, to neighbors: [UInt32]) {
        let layer = graph.layer(level)
        let row = layer.row(Node(rawValue: node))
        layer.clear(row)
        for (i, neighbor) in neighbors.enumerated() { row[i] = Node(rawValue: neighbor) }
    }

    /// Removes every edge of level 0 that leads to `node`.
    func cutEdges(to node: UInt32) {
        for other in 0..<UInt32(graph.slotCount) where writer.ledger.flags.base[Int(other)].isNode {
            let neighbors = row(other)
            if neighbors.contains(node) { setRow(other, to: neighbors.filter { $0 != node }) }
        }
    }

    /// The entry point of a graph that has one.
    var entryPoint: UInt32 { graph.entryPoint?.rawValue ?? .max }

    /// Nodes that level 0 does not reach from the entry point.
    var unreachedNodes: [UInt32] { writer.unreachedNodes.map(\.rawValue) }

    /// Every row of every level: equal for equal graphs.
    var allRows: [[UInt32]] {
        (0..<UInt32(graph.slotCount)).flatMap { slot -> [[UInt32]] in
            if !writer.ledger.flags.base[Int(slot)].isNode { return [[.max]] }
            return (0...level(of: slot)).map { row(slot, level: $0) }
        }
    }
}

// Tests name nodes by their numbers.
extension NodeKey {
    init(distance: Float, slot: UInt32, routesOnly: Bool = false) {
        self.init(distance: distance, node: Node(rawValue: slot), routesOnly: routesOnly)
    }

    var slot: UInt32 { node.rawValue }
}

extension Node: ExpressibleByIntegerLiteral {
    /// The node of a number.
    public init(integerLiteral value: UInt32) { self.init(rawValue: value) }
}
