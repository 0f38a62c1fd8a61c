// SPDX-License-Identifier: Apache-2.0

/// A vector that shares the storage of the index it came from, where that index stores whole vectors as 32-bit floats.
///
/// It stays valid and unchanged for as long as it is held. No change of the index overwrites a vector that is held, and
/// the vector outlives the index. A vector that is held keeps the index's vectors in memory. Until it is dropped, the
/// index does not reuse the memory of vectors that are removed. Changing an element copies the vector first: neither the
/// index nor other holders see the change.
public struct SharedVector: Sendable {
    private enum Storage: Sendable {
        case shared(VectorPin, Slot)
        case owned(OwnedValues)
    }

    /// The elements of a vector that was copied.
    private final class OwnedValues: @unchecked Sendable {
        // SAFETY: changed only by a holder that has found itself to be the only one.
        var values: [Float]

        init(_ values: [Float]) { self.values = values }
    }

    private var storage: Storage

    package init(_ pin: VectorPin, _ slot: Slot) {
        precondition(slot.index < pin.matrix.count)
        storage = .shared(pin, slot)
    }

    /// Makes a vector that owns its elements.
    package init(_ values: [Float]) { storage = .owned(OwnedValues(values)) }

    /// Calls `body` with the elements, in place.
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .shared(let pin, let slot):
            // SAFETY: the row is within the matrix (checked by the initializer), which the pin keeps alive and as it is; `self`
            // keeps the pin.
            let row = UnsafeBufferPointer(start: pin.matrix.row(slot), count: pin.matrix.dimensions)
            return try body(row.span)
        case .owned(let owned):
            return try body(owned.values.span)
        }
    }

    /// Whether no one else can see the elements, neither an index nor another value: changing one copies nothing then.
    public mutating func isUnique() -> Bool {
        guard case .owned(var owned) = storage else { return false }
        // Taken out, so that `owned` is the only reference that this value has.
        storage = .owned(Self.none)
        defer { storage = .owned(owned) }
        return isKnownUniquelyReferenced(&owned)
    }

    private static let none = OwnedValues([])
}

extension SharedVector: RandomAccessCollection, MutableCollection {
    /// The position of the first element: 0.
    public var startIndex: Int { 0 }

    /// The position after the last element: the number of dimensions.
    public var endIndex: Int {
        switch storage {
        case .shared(let pin, _): pin.matrix.dimensions
        case .owned(let owned): owned.values.count
        }
    }

    /// The element at `position`; setting it copies a shared vector first.
    public subscript(position: Int) -> Float {
        get { withSpan { $0[position] } }
        set {
            let isUnique = isUnique()
            if case .owned(let owned) = storage, isUnique {
                owned.values[position] = newValue
            } else {
                var values = Array(self)
                values[position] = newValue
                storage = .owned(OwnedValues(values))
            }
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

extension SharedVector: Codable {
    /// Decodes the elements of an array. The vector owns them.
    public init(from decoder: any Decoder) throws { self.init(try [Float](from: decoder)) }

    /// Encodes the elements as an array.
    public func encode(to encoder: any Encoder) throws { try Array(self).encode(to: encoder) }
}
