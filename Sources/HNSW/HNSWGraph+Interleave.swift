// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

/// Scratch memory for several searches that take turns on one thread.
package final class SearchLanes {
    /// Searches that take turns. While one waits for memory the others compute; with more, their sets of visited nodes leave the
    /// second-level cache.
    package static var count: Int { 5 }

    fileprivate let scratches: UnsafeMutablePointer<SearchScratch>

    /// - Parameter parameters: those of the graph that is to be searched.
    package init(parameters: HNSWParameters) {
        scratches = .allocate(capacity: Self.count)
        for lane in 0..<Self.count { (scratches + lane).initialize(to: SearchScratch(parameters: parameters)) }
    }

    deinit {
        scratches.deinitialize(count: Self.count)
        scratches.deallocate()
    }
}

extension HNSWGraph {
    /// K-NN-SEARCH for many queries, several of them in turn: a hop's rows are fetched while other queries are at work. Each
    /// query's search is step by step that of ``search(_:effort:kernel:scratch:)``.
    ///
    /// - Parameters:
    ///   - view: what all of them see.
    ///   - queries: query q begins at `queries + q * stride`.
    ///   - finished: called once for each query, in any order, with what its search has found.
    @specialized(where Kernel == Float32Kernel)
    @specialized(where Kernel == CodeKernel)
    package func search<Kernel: DistanceKernel>(
        _ queries: UnsafePointer<Kernel.Element>, stride: Int, count: Int, effort: SearchEffort, view: GraphView,
        kernel: Kernel, lanes: SearchLanes, finished: (_ query: Int, _ scratch: inout SearchScratch) -> Void
    ) {
        let scratches = lanes.scratches
        for lane in 0..<SearchLanes.count { scratches[lane].view = view }
        guard let entryPoint = view.entryPoint else {
            for q in 0..<count {
                scratches[0].isUndecided = false
                scratches[0].listed.removeAll(keepingCapacity: true)
                scratches[0].pool.reset(limit: 1)
                finished(q, &scratches[0])
            }
            return
        }
        let layer = layer(0)
        let rows = kernel.prefetch
        var next = 0
        var active = 0
        withUnsafeTemporaryAllocation(of: Int.self, capacity: SearchLanes.count) { queryOfLane in
            /// Begins the next query in a lane, which stays free if there is none.
            func begin(in lane: Int) {
                queryOfLane[lane] = -1
                guard next < count else { return }
                scratches[lane].listed.removeAll(keepingCapacity: true)
                let start = descend(
                    queries + next * stride, from: entryPoint, fromLevel: view.topLevel, toLevel: 1, kernel: kernel,
                    scratch: &scratches[lane])
                self.begin(at: start, effort: effort, scratch: &scratches[lane])
                queryOfLane[lane] = next
                next += 1
                active += 1
            }
            for lane in 0..<SearchLanes.count { begin(in: lane) }
            while active > 0 {
                for lane in 0..<SearchLanes.count where queryOfLane[lane] >= 0 {
                    measure(
                        queries + queryOfLane[lane] * stride, layer: layer, countsDead: false, kernel: kernel,
                        scratch: &scratches[lane])
                }
                for lane in 0..<SearchLanes.count where queryOfLane[lane] >= 0 {
                    if expand(layer: layer, rows: rows, scratch: &scratches[lane]) { continue }
                    let query = queries + queryOfLane[lane] * stride
                    if goesOn(query, kernel: kernel, scratch: &scratches[lane]) { continue }
                    finished(queryOfLane[lane], &scratches[lane])
                    active -= 1
                    begin(in: lane)
                }
            }
        }
    }
}
