// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// An immutable object that searches read while a ``Publisher`` puts another in its place.
final class Published<Value: AnyObject & Sendable>: Sendable {
    private let current: Atomic<Unmanaged<Value>>

    fileprivate init(_ value: Value) { current = Atomic(Unmanaged.passRetained(value)) }

    deinit { current.load(ordering: .acquiring).release() }

    /// The present value; the caller is the writer, or a reader of the graph (``Readers/read(_:_:)``) that takes its view first.
    var value: Value { current.load(ordering: .acquiring).takeUnretainedValue() }

    fileprivate func exchange(_ value: Value) -> Unmanaged<Value> {
        current.exchange(Unmanaged.passRetained(value), ordering: .acquiringAndReleasing)
    }
}

/// The right to put another object in the place of a published one. A value is released when every reader has ended that may have
/// loaded it.
struct Publisher<Value: AnyObject & Sendable>: ~Copyable {
    /// What searches read.
    let published: Published<Value>

    private var retired: [(value: Unmanaged<Value>, version: GraphVersion)] = []

    init(_ value: Value) { published = Published(value) }

    deinit { for each in retired { each.value.release() } }

    var value: Value { published.value }

    /// Puts a value in place.
    ///
    /// - Parameter version: the next version of the graph: its readers load the new value.
    mutating func replace(_ value: Value, from version: GraphVersion) {
        retired.append((published.exchange(value), version))
    }

    /// Releases values that no reader has any more.
    mutating func releaseRetired(oldestReader: GraphVersion) {
        retired.removeAll { each in
            guard each.version <= oldestReader else { return false }
            each.value.release()
            return true
        }
    }
}
