// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// An immutable object that searches read while a ``Publisher`` puts another in its place.
final class Published<Value: AnyObject & Sendable>: Sendable {
    private let current: Atomic<Unmanaged<Value>>

    fileprivate init(_ value: Value) { current = Atomic(Unmanaged.passRetained(value)) }

    deinit { current.load(ordering: .acquiring).release() }

    /// The current value. The caller is the writer, or a reader of the graph (``Readers/read(_:_:)``) that has taken its view
    /// before.
    var value: Value { current.load(ordering: .acquiring).takeUnretainedValue() }

    fileprivate func exchange(_ value: Value) -> Unmanaged<Value> {
        current.exchange(Unmanaged.passRetained(value), ordering: .acquiringAndReleasing)
    }
}

/// The right to replace a published object. The old one is released when every reader has ended that may have loaded it.
struct Publisher<Value: AnyObject & Sendable>: ~Copyable {
    /// What searches read.
    let published: Published<Value>

    private var retired: [(value: Unmanaged<Value>, version: GraphVersion)] = []

    init(_ value: Value) { published = Published(value) }

    deinit { for each in retired { each.value.release() } }

    var value: Value { published.value }

    /// Replaces the value.
    ///
    /// - Parameter version: the next version of the graph. Its readers load the new value.
    mutating func replace(_ value: Value, from version: GraphVersion) {
        retired.append((published.exchange(value), version))
    }

    /// Releases values that no reader can hold.
    mutating func releaseRetired(oldestReader: GraphVersion) {
        retired.removeAll { each in
            guard each.version <= oldestReader else { return false }
            each.value.release()
            return true
        }
    }
}
