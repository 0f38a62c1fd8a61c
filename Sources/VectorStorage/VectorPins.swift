// SPDX-License-Identifier: Apache-2.0

/// The versions of an index at which someone took hold of vectors: no row that was live at one of them may be overwritten.
package final class VectorPins: Sendable {
    private struct State {
        /// How many pins hold each version.
        var holders: [UInt64: Int] = [:]

        /// The last pin that was made: what is taken at the same version shares it.
        weak var last: VectorPin?
    }

    private let state = Guarded(State())

    package init() {}

    /// The oldest version that is held; nil if there is none.
    package var oldest: UInt64? { state.withLock { $0.holders.keys.min() } }

    fileprivate func pin(_ matrix: VectorMatrix, version: UInt64) -> VectorPin {
        // Kept until the lock is released: the last of its owners takes the lock.
        var last: VectorPin?
        defer { withExtendedLifetime(last) {} }
        return state.withLock { state in
            last = state.last
            if let last, last.version == version { return last }
            let pin = VectorPin(matrix, at: version)
            state.holders[version, default: 0] += 1
            state.last = pin
            return pin
        }
    }

    fileprivate func remove(_ version: UInt64) {
        state.withLock { state in
            guard let count = state.holders[version] else { return }
            state.holders[version] = count > 1 ? count - 1 : nil
        }
    }
}

/// Keeps the rows of a matrix that were live at one version of the index as they are, for as long as it is held.
package final class VectorPin: Sendable {
    package let matrix: VectorMatrix
    fileprivate let version: UInt64

    fileprivate init(_ matrix: VectorMatrix, at version: UInt64) {
        self.matrix = matrix
        self.version = version
    }

    deinit { matrix.pins.remove(version) }
}

extension VectorMatrix {
    /// Holds the rows that are live at a version.
    ///
    /// - Parameter version: the version that the caller reads now, so that none of its rows is given away before.
    package func pin(version: UInt64) -> VectorPin { pins.pin(self, version: version) }
}
