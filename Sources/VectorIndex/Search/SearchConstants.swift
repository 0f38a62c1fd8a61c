// SPDX-License-Identifier: Apache-2.0

import HNSW

/// How a search of a graph keeps the memory system busy. The length of the rows that it compares decides it.
package struct SearchConstants: Sendable, Hashable, Encodable {
    /// Bytes of a row that is compared: a vector's, or its codes'; whole cache lines.
    package let rowBytes: Int

    /// Candidates whose neighbors are measured together.
    package let candidatesAtOnce: Int

    /// Cache lines of a row that are prefetched before it is compared.
    package let linesAhead: Int

    /// - Parameters:
    ///   - codes: what vectors are compared by; ``VectorCodes/automatic`` counts as the vectors themselves.
    ///   - rows: what vectors are stored as.
    package init(_ codes: VectorCodes, dimensions: Int, rows: VectorRows = .float32) {
        rowBytes =
            codes == .float32 || codes == .automatic
            ? rows.rowBytes(dimensions: dimensions)
            : CodeRowLayout(codes, dimensions: dimensions).stride
        candidatesAtOnce = HNSWGraph.expansionWidth
        linesAhead = RowPrefetch.lines(rowBytes: rowBytes)
    }
}

extension HNSWIndex {
    /// How searches run now, by ``codesInUse``.
    package var searchConstants: SearchConstants {
        SearchConstants(codesInUse, dimensions: dimensions, rows: options.rows)
    }
}
