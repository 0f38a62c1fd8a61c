// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import TestSupport
import VectorStorage

@testable import HNSW

/// A graph with its matrix and kernel, filled by the same calls as an index fills its own.
final class GraphFixture {
    let matrix: VectorMatrix
    let kernel: Float32Kernel
    let graph: HNSWGraph
    var scratch: SearchScratch

    init(
        dimensions: Int, metric: Metric = .squaredEuclidean, m: Int = 16, efConstruction: Int = 60, seed: UInt64 = 42,
        selection: NeighborSelection = .heuristic, version: GraphVersion = .first
    ) throws {
        let parameters = HNSWParameters(m: m, efConstruction: efConstruction, seed: seed, selection: selection)
        matrix = try VectorMatrix(dimensions: dimensions)
        kernel = matrix.kernel(metric: metric, instructionSet: try InstructionSet.resolve())
        graph = try HNSWGraph(parameters: parameters, capacity: 1 << 20, version: version)
        scratch = SearchScratch(parameters: parameters)
    }

    /// Adds vectors, which lie one after the other, in one batch.
    func insert(_ values: [Float], threads: Int = 1, repairs: Bool = true) throws {
        let nodes = try add(values)
        let workers = LinkWorkers(parameters: graph.parameters)
        workers.use(threads: threads)
        var schedule = BatchSchedule(nodes, seed: graph.parameters.seed)
        while let part = schedule.next(in: graph) {
            let edges = workers.plan(part, in: graph, kernel: kernel)
            let isAlone = nodes.count == 1 && threads == 1
            workers.link(edges, in: graph, keepsReached: isAlone, kernel: kernel)
            graph.finishLinking(part)
            if isAlone { workers.attachIfCutOff(nodes[0], in: graph, kernel: kernel) }
        }
        if repairs { workers.repair(graph, kernel: kernel) }
        graph.commit()
    }

    /// Adds vectors one by one.
    func insertEach(_ values: [Float], repairs: Bool = true) throws {
        for first in stride(from: 0, to: values.count, by: matrix.dimensions) {
            try insert(Array(values[first..<first + matrix.dimensions]), repairs: repairs)
        }
    }

    /// Gives vectors slots; returns those that became nodes.
    func add(_ values: [Float]) throws -> [UInt32] {
        let count = values.count / matrix.dimensions
        try matrix.ensure(additional: count)
        try graph.ensure(additional: count, oldestReader: .first)
        return values.withUnsafeBufferPointer { values in
            (0..<count).compactMap { i in
                guard let base = values.baseAddress else { return nil }
                let slot = matrix.append(base + i * matrix.dimensions)
                return graph.add(slot, vectors: matrix) ? slot.rawValue : nil
            }
        }
    }

    /// Removes a slot's vector.
    func remove(_ slot: UInt32) {
        graph.remove(Slot(slot))
        graph.commit()
    }

    /// Takes removed vectors out of the graph, but for what a search of `oldestReader` (nil: the present version) can find.
    func sweep(rowsAtOnce: Int = .max, threads: Int = 1, oldestReader: GraphVersion? = nil) {
        let oldestReader = oldestReader ?? graph.version
        let workers = LinkWorkers(parameters: graph.parameters)
        workers.use(threads: threads)
        graph.unlinkDuplicates(oldestReader: oldestReader, atLeast: 1)
        if graph.beginSweep(oldestReader: oldestReader) { workers.repair(graph, kernel: kernel) }
        var isUnderWay = graph.isSweeping
        while isUnderWay {
            workers.sweep(graph, limit: min(rowsAtOnce, graph.slotCount), kernel: kernel)
            isUnderWay = !graph.finishSweep()
            if !isUnderWay { workers.repair(graph, kernel: kernel) }
            graph.commit()
        }
        graph.commit()
    }

    @discardableResult
    func repair() -> Int { graph.repair(kernel: kernel, scratch: &scratch) }

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

    /// A node's neighbours on a level.
    func row(_ node: UInt32, level: Int = 0) -> [UInt32] {
        let layer = graph.layer(level)
        let row = layer.row(node)
        return (0..<layer.count(row)).map { row[$0] }
    }

    func setRow(_ node: UInt32, level: Int = 0, to neighbors: [UInt32]) {
        let layer = graph.layer(level)
        let row = layer.row(node)
        layer.clear(row)
        for (i, neighbor) in neighbors.enumerated() { row[i] = neighbor }
    }

    /// Removes every edge of level 0 that leads to `node`.
    func cutEdges(to node: UInt32) {
        for other in 0..<UInt32(graph.slotCount) where graph.ledger.flags.base[Int(other)].isNode {
            let neighbors = row(other)
            if neighbors.contains(node) { setRow(other, to: neighbors.filter { $0 != node }) }
        }
    }

    /// The entry point of a graph that has one.
    var entryPoint: UInt32 { graph.entryPoint?.rawValue ?? .max }

    /// Nodes that level 0 does not reach from the entry point.
    var unreachedNodes: [UInt32] {
        var reached = [Bool](repeating: false, count: graph.slotCount)
        graph.reach(from: entryPoint, reached: &reached)
        return (0..<UInt32(graph.slotCount)).filter {
            !reached[Int($0)] && graph.needsReach($0)
        }
    }

    /// Every row of every level: equal for equal graphs.
    var allRows: [[UInt32]] {
        (0..<UInt32(graph.slotCount)).flatMap { slot -> [[UInt32]] in
            if !graph.ledger.flags.base[Int(slot)].isNode { return [[.max]] }
            return (0...graph.level(of: slot)).map { row(slot, level: $0) }
        }
    }
}
