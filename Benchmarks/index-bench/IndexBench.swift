// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import VectorFiles

/// Measures what an index does beside search: insertion, searches while it changes, memory, change without end, data that is
/// hard to index, and opening.
@main
struct IndexBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index-bench",
        abstract:
            "Measure an index: insertion, latency beside a writer, memory, churn, hostile data, order of arrival, opening.",
        discussion: "Vectors and queries are \(VectorTable.formats) files; groups are .npy.",
        subcommands: [
            InsertBench.self, LatencyBench.self, MemoryBench.self, ChurnBench.self, HostileBench.self, OrderBench.self,
            LoadBench.self, LoadOnce.self,
        ])
}
