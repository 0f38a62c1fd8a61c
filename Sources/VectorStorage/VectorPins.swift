// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The versions of an index at which someone took hold of vectors: no row that was live at one of them may be overwritten.
package final class VectorPins: Sendable {
    /// How many hold each version.
    private let holders = Mutex<[UInt64: Int]>([:])

    package init() {}

    /// The oldest version that is held; nil if there is none.
    package var oldest: UInt64? { holders.withLock { $0.keys.min() } }

    fileprivate func add(_ version: UInt64) { holders.withLock { $0[version, default: 0] += 1 } }

    fileprivate func remove(_ version: UInt64) {
        holders.withLock { holders in
            guard let count = holders[version] else { return }
            holders[version] = count > 1 ? count - 1 : nil
        }
    }
}

/// Keeps the rows of a matrix that were live at one version of the index as they are, for as long as it is held. The results of
/// one search share one.
package final class VectorPin: Sendable {
    package let matrix: VectorMatrix
    private let version: UInt64

    /// - Parameter version: the version that the caller reads now, so that none of its rows is given away before.
    package init(_ matrix: VectorMatrix, version: UInt64) {
        self.matrix = matrix
        self.version = version
        matrix.pins.add(version)
    }

    deinit { matrix.pins.remove(version) }
}
