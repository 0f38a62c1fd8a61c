// SPDX-License-Identifier: Apache-2.0

import Nearest

/// Results as rows of ids for a file of int32, -1 where there are fewer than `k`.
///
/// - Throws: ``CommandFailure``: a key is beyond int32.
package func idRows(_ results: [[Neighbor]], k: Int) throws(CommandFailure) -> [Int32] {
    var ids = [Int32](repeating: -1, count: results.count * k)
    for (row, neighbors) in results.enumerated() {
        for (i, neighbor) in neighbors.prefix(k).enumerated() { ids[row * k + i] = try int32(neighbor.key) }
    }
    return ids
}

/// Keys for a file of int32.
///
/// - Throws: ``CommandFailure``: a key is beyond int32.
package func idColumn(_ keys: [UInt64]) throws(CommandFailure) -> [Int32] {
    var ids: [Int32] = []
    ids.reserveCapacity(keys.count)
    for key in keys { ids.append(try int32(key)) }
    return ids
}

private func int32(_ key: UInt64) throws(CommandFailure) -> Int32 {
    guard let id = Int32(exactly: key) else {
        throw CommandFailure("the key \(key) is beyond int32, which ids are written as")
    }
    return id
}
