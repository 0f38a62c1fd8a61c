// SPDX-License-Identifier: Apache-2.0

import Nearest

/// Results as rows of `k` ids for a file. A row with fewer results ends with -1.
///
/// - Throws: ``CommandFailure``: a key is beyond int64.
package func idRows(_ results: [[Neighbor]], k: Int) throws(CommandFailure) -> [Int64] {
    var ids = [Int64](repeating: -1, count: results.count * k)
    for (row, neighbors) in results.enumerated() {
        for (i, neighbor) in neighbors.prefix(k).enumerated() { ids[row * k + i] = try int64(neighbor.key) }
    }
    return ids
}

/// Keys as a column of a file.
///
/// - Throws: ``CommandFailure``: a key is beyond int64.
package func idColumn(_ keys: [UInt64]) throws(CommandFailure) -> [Int64] {
    var ids: [Int64] = []
    ids.reserveCapacity(keys.count)
    for key in keys { ids.append(try int64(key)) }
    return ids
}

private func int64(_ key: UInt64) throws(CommandFailure) -> Int64 {
    guard let id = Int64(exactly: key) else {
        throw CommandFailure("the key \(key) is beyond int64, which ids are written as")
    }
    return id
}
