// SPDX-License-Identifier: Apache-2.0

import HNSW

/// One search's memory; used by one thread at a time.
final class QueryScratch {
    var query: PreparedVector
    var search: SearchScratch

    /// The query's codes.
    let codes: AlignedBuffer<UInt8>

    init(query: consuming PreparedVector, codeBytes: Int, parameters: HNSWParameters) {
        self.query = query
        codes = AlignedBuffer(capacity: codeBytes, zero: 0)
        search = SearchScratch(parameters: parameters)
    }
}

/// The memory of searches that take turns on one thread.
final class LaneScratch {
    let lanes: SearchLanes

    /// Codes of the queries of a part of a batch, and what each was multiplied by before it was encoded.
    private(set) var codes = AlignedBuffer<UInt8>(capacity: 0, zero: 0)
    var factors: [Float] = []

    init(parameters: HNSWParameters) { lanes = SearchLanes(parameters: parameters) }

    /// Makes room for queries' codes.
    func reserve(codeBytes: Int, queries: Int) {
        if codes.capacity < codeBytes { codes = AlignedBuffer(capacity: codeBytes, zero: 0) }
        if factors.count < queries { factors = [Float](repeating: 1, count: queries) }
    }
}
