// SPDX-License-Identifier: Apache-2.0

import HNSW

/// One search's memory; used by one thread at a time.
final class QueryScratch {
    var query: PreparedVector
    var search: SearchScratch

    init(query: consuming PreparedVector, parameters: HNSWParameters) {
        self.query = query
        search = SearchScratch(parameters: parameters)
    }
}
