// SPDX-License-Identifier: Apache-2.0

import HNSW

/// The vectors that a calibration asks, and the neighborhoods that they stand for.
struct CalibrationSample {
    /// Asked for the mean.
    var random: [UInt32]

    /// Asked as well, so that every neighborhood is asked: stored vectors, each hidden from its own search.
    var others: [UInt32] = []

    /// The cell of each slot that is asked.
    var cells: [UInt32: Int] = [:]
}

extension RecallMeasurement {
    /// The cells of the space whose recall is measured, and the vectors that are asked in each.
    static var cellCount: Int { 16 }
    private static var queriesPerCell: Int { 12 }

    /// The most vectors among which cells are looked for.
    private static var sampledCount: Int { 8192 }

    /// Adds vectors of every neighborhood to those asked at random. Neighborhoods are cells around vectors far from each other (the
    /// farthest-point traversal of Gonzalez, 1985), and the vectors that lie nearest to and farthest from their neighbors.
    ///
    /// - Parameters:
    ///   - random: slots that are asked for the mean.
    ///   - fitting: slots that can be hidden from their own searches, ascending.
    func sample(random: [UInt32], fitting: [UInt32]) -> CalibrationSample {
        var sample = CalibrationSample(random: random)
        let asked = Set(random)
        let stride = max(1, (fitting.count + Self.sampledCount - 1) / Self.sampledCount)
        let candidates = Swift.stride(from: 0, to: fitting.count, by: stride).map { fitting[$0] }
            .filter { !asked.contains($0) }
        let slots = random + candidates
        guard slots.count > Self.cellCount else { return sample }
        let cells = self.cells(of: slots)
        var counts = [Int](repeating: 0, count: Self.cellCount)
        for (i, slot) in slots.enumerated() {
            let isRandom = i < random.count
            guard isRandom || counts[cells[i]] < Self.queriesPerCell else { continue }
            counts[cells[i]] += 1
            sample.cells[slot] = cells[i]
            if !isRandom { sample.others.append(slot) }
        }
        var known = Set(sample.others)
        for slot in extremes(of: candidates, count: Self.queriesPerCell) where known.insert(slot).inserted {
            sample.others.append(slot)
        }
        return sample
    }

    /// The cell of each slot: that of the nearest center.
    private func cells(of slots: [UInt32]) -> [Int] {
        let vectors = state.vectors.sample(slots)
        var cells = [Int](repeating: 0, count: slots.count)
        var nearest = [Float](repeating: .infinity, count: slots.count)
        var distances = nearest
        var center = 0
        for cell in 0..<Self.cellCount {
            vectors.distances(from: center, into: &distances)
            var farthest = 0
            for i in slots.indices {
                if distances[i] < nearest[i] {
                    nearest[i] = distances[i]
                    cells[i] = cell
                }
                if nearest[i] > nearest[farthest] { farthest = i }
            }
            center = farthest
        }
        return cells
    }

    /// The nodes that lie nearest to and farthest from their neighbors.
    private func extremes(of nodes: [UInt32], count: Int) -> [UInt32] {
        guard nodes.count > 4 * count else { return [] }
        return storage.readers.withPlace { place in
            let nearest = storage.graph.nearestNeighborDistances(
                of: nodes.map { Node(rawValue: $0) }, by: state.kernel.kernel, scratch: &place.query.search)
            var distances: [(distance: Float, node: UInt32)] = []
            for (node, distance) in zip(nodes, nearest) {
                if let distance { distances.append((distance, node)) }
            }
            distances.sort { ($0.distance, $0.node) < ($1.distance, $1.node) }
            // One in a few of the last 64th at either end, and not only the very last, which are single outliers.
            let tail = max(count, distances.count / 64)
            let step = max(1, tail / count)
            let near = stride(from: 0, to: tail, by: step).map { distances[$0].node }
            let far = stride(from: 0, to: tail, by: step).map { distances[distances.count - 1 - $0].node }
            return near + far
        }
    }
}
