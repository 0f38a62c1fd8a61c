// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// An immutable object that searches read while the writer puts another in its place.
final class Published<Value: AnyObject & Sendable>: @unchecked Sendable {
    // SAFETY: `retired` belongs to the writer. A value is released when every reader has ended that may have loaded it.

    private let current: Atomic<Unmanaged<Value>>
    private var retired: [(value: Unmanaged<Value>, version: GraphVersion)] = []

    init(_ value: Value) { current = Atomic(Unmanaged.passRetained(value)) }

    deinit {
        current.load(ordering: .acquiring).release()
        for each in retired { each.value.release() }
    }

    /// The present value; the caller is the writer, or a reader of the graph (``Readers/read(_:_:)``) that takes its view first.
    var value: Value { current.load(ordering: .acquiring).takeUnretainedValue() }

    /// Puts a value in place; the caller is the writer.
    ///
    /// - Parameter version: the next version of the graph: its readers load the new value.
    func replace(_ value: Value, from version: GraphVersion) {
        let old = current.exchange(Unmanaged.passRetained(value), ordering: .acquiringAndReleasing)
        retired.append((old, version))
    }

    /// Releases values that no reader has any more.
    func releaseRetired(oldestReader: GraphVersion) {
        retired.removeAll { each in
            guard each.version <= oldestReader else { return false }
            each.value.release()
            return true
        }
    }
}
