// SPDX-License-Identifier: Apache-2.0

/// The values of many vectors, as a caller has them.
///
/// Either a list of vectors, such as `[[Float]]`, or all values one vector after the other, such as `[Float]`. Neither is copied if
/// its values are 32-bit floats. A type that conforms gives the same values each time it is asked.
public protocol VectorListInput: ~Copyable, ~Escapable {
    /// Returns the number of vectors; nil if the values are not a whole number of vectors of `dimensions` values.
    borrowing func vectorCount(dimensions: Int) -> Int?

    /// Returns the number of values.
    borrowing func valueCount() -> Int

    /// Calls `body` with the vector at `position`, which is below ``vectorCount(dimensions:)``.
    borrowing func withVector<Result, Failure: Error>(
        at position: Int, dimensions: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

/// What a list of vectors consists of: vectors, or the numbers of one vector after the other.
public protocol VectorListElement {
    /// Returns the number of vectors in a list; nil if it does not hold a whole number of them.
    static func vectorCount(in list: Span<Self>, dimensions: Int) -> Int?

    /// Returns the number of values in a list.
    static func valueCount(in list: Span<Self>) -> Int

    /// Calls `body` with a vector of a list.
    static func withVector<Result, Failure: Error>(
        at position: Int, in list: Span<Self>, dimensions: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

// MARK: - Elements

extension VectorElement {
    /// Returns the number of vectors; nil if there is no whole number of them.
    public static func vectorCount(in list: Span<Self>, dimensions: Int) -> Int? {
        let (count, rest) = list.count.quotientAndRemainder(dividingBy: dimensions)
        return rest == 0 ? count : nil
    }

    /// Returns the number of values.
    public static func valueCount(in list: Span<Self>) -> Int { list.count }

    /// Calls `body` with the vector at `position`.
    public static func withVector<Result, Failure: Error>(
        at position: Int, in list: Span<Self>, dimensions: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withFloats(of: list.extracting(position * dimensions..<(position + 1) * dimensions), body)
    }
}

extension VectorInput where Self: VectorListElement {
    /// Returns the number of vectors; nil if there is no whole number of them.
    public static func vectorCount(in list: Span<Self>, dimensions: Int) -> Int? { list.count }

    /// Returns the number of values.
    public static func valueCount(in list: Span<Self>) -> Int {
        var count = 0
        for i in list.indices { count += list[i].withSpan { $0.count } }
        return count
    }

    /// Calls `body` with the vector at `position`.
    public static func withVector<Result, Failure: Error>(
        at position: Int, in list: Span<Self>, dimensions: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try list[position].withSpan(body)
    }
}

extension Array: VectorListElement where Element: VectorElement {}
extension ArraySlice: VectorListElement where Element: VectorElement {}
extension SharedVector: VectorListElement {}

// MARK: - Lists

extension Array: VectorListInput where Element: VectorListElement {
    /// Returns the number of vectors; nil if there is no whole number of them.
    public func vectorCount(dimensions: Int) -> Int? { Element.vectorCount(in: span, dimensions: dimensions) }

    /// Returns the number of values.
    public func valueCount() -> Int { Element.valueCount(in: span) }

    /// Calls `body` with the vector at `position`.
    public func withVector<Result, Failure: Error>(
        at position: Int, dimensions: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Element.withVector(at: position, in: span, dimensions: dimensions, body)
    }
}

extension ArraySlice: VectorListInput where Element: VectorListElement {
    /// Returns the number of vectors; nil if there is no whole number of them.
    public func vectorCount(dimensions: Int) -> Int? { Element.vectorCount(in: span, dimensions: dimensions) }

    /// Returns the number of values.
    public func valueCount() -> Int { Element.valueCount(in: span) }

    /// Calls `body` with the vector at `position`.
    public func withVector<Result, Failure: Error>(
        at position: Int, dimensions: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Element.withVector(at: position, in: span, dimensions: dimensions, body)
    }
}

extension UnsafeBufferPointer: VectorListInput where Element: VectorListElement {
    /// Returns the number of vectors; nil if there is no whole number of them.
    public func vectorCount(dimensions: Int) -> Int? { Element.vectorCount(in: span, dimensions: dimensions) }

    /// Returns the number of values.
    public func valueCount() -> Int { Element.valueCount(in: span) }

    /// Calls `body` with the vector at `position`.
    public func withVector<Result, Failure: Error>(
        at position: Int, dimensions: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Element.withVector(at: position, in: span, dimensions: dimensions, body)
    }
}

extension Span: VectorListInput where Element: VectorListElement {
    /// Returns the number of vectors; nil if there is no whole number of them.
    public func vectorCount(dimensions: Int) -> Int? { Element.vectorCount(in: self, dimensions: dimensions) }

    /// Returns the number of values.
    public func valueCount() -> Int { Element.valueCount(in: self) }

    /// Calls `body` with the vector at `position`.
    public func withVector<Result, Failure: Error>(
        at position: Int, dimensions: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Element.withVector(at: position, in: self, dimensions: dimensions, body)
    }
}

extension VectorListInput where Self: ~Copyable & ~Escapable {
    /// Throws unless there is one vector for each key.
    func check(keys: [UInt64], dimensions: Int) throws(VectorIndexError) {
        guard vectorCount(dimensions: dimensions) != keys.count else { return }
        let values = valueCount()
        if keys.count == 1 { throw .dimensionMismatch(expected: dimensions, found: values) }
        throw .batchMismatch(keys: keys.count, values: values, dimensions: dimensions)
    }
}
