// SPDX-License-Identifier: Apache-2.0

/// A vector that shares the storage of the index it came from, where that index stores whole vectors.
///
/// It stays valid and unchanged for as long as it is held, whatever happens to the index: a stored vector is never
/// overwritten. Holding it keeps the index's vectors in memory. Changing an element copies the vector first, so that
/// neither the index nor other holders see the change.
public struct SharedVector: Sendable {
    private enum Storage: Sendable {
        case shared(VectorMatrix, Slot)
        case owned([Float])
    }

    private var storage: Storage

    package init(_ matrix: VectorMatrix, _ slot: Slot) {
        precondition(slot.index < matrix.count)
        storage = .shared(matrix, slot)
    }

    /// Makes a vector that owns its elements.
    package init(_ values: [Float]) { storage = .owned(values) }

    /// Calls `body` with the elements, in place.
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .shared(let matrix, let slot):
            // SAFETY: the row is within the matrix (checked by the initialiser), which `self` keeps alive, and is immutable.
            let row = UnsafeBufferPointer(start: matrix.row(slot), count: matrix.dimensions)
            return try body(row.span)
        case .owned(let values):
            return try body(values.span)
        }
    }
}

extension SharedVector: RandomAccessCollection, MutableCollection {
    /// The position of the first element: 0.
    public var startIndex: Int { 0 }

    /// The position after the last element: the number of dimensions.
    public var endIndex: Int {
        switch storage {
        case .shared(let matrix, _): matrix.dimensions
        case .owned(let values): values.count
        }
    }

    /// The element at `position`; setting it copies a shared vector first.
    public subscript(position: Int) -> Float {
        get { withSpan { $0[position] } }
        set {
            // Taken out of `storage`, so that an owned array is unique and changes in place.
            var values: [Float] = []
            if case .owned(let current) = storage { values = current } else { values = Array(self) }
            storage = .owned([])
            values[position] = newValue
            storage = .owned(values)
        }
    }
}

extension SharedVector: Hashable, CustomStringConvertible {
    /// Whether two vectors have equal elements.
    public static func == (a: SharedVector, b: SharedVector) -> Bool { a.elementsEqual(b) }

    /// Hashes the elements.
    public func hash(into hasher: inout Hasher) {
        for element in self { hasher.combine(element) }
    }

    /// The elements, as an array is written.
    public var description: String { Array(self).description }
}
