// SPDX-License-Identifier: Apache-2.0

/// The values of one vector, as a caller has them: an array, a slice, a span or a buffer of numbers, or a ``SharedVector``.
///
/// Values other than 32-bit floats are converted into a copy. Those beyond the range of 32-bit floats are refused like infinities.
public protocol VectorInput: ~Copyable, ~Escapable {
    /// Calls `body` with the values as 32-bit floats.
    borrowing func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

/// A number that values of vectors can be given as.
public protocol VectorElement: VectorListElement, BitwiseCopyable, Sendable {
    /// Calls `body` with numbers as 32-bit floats.
    static func withFloats<Result, Failure: Error>(
        of numbers: Span<Self>, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

// MARK: - Numbers

extension Float: VectorElement {
    /// Calls `body` with numbers as 32-bit floats.
    @inlinable
    public static func withFloats<Result, Failure: Error>(
        of numbers: Span<Float>, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(numbers)
    }
}

extension Double: VectorElement {}

#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    extension Float16: VectorElement {}
#endif

extension Int: VectorElement {}
extension Int8: VectorElement {}
extension UInt8: VectorElement {}

extension VectorElement where Self: BinaryFloatingPoint {
    /// Calls `body` with numbers as 32-bit floats.
    public static func withFloats<Result, Failure: Error>(
        of numbers: Span<Self>, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let floats = numbers.indices.map { Float(numbers[$0]) }
        return try body(floats.span)
    }
}

extension VectorElement where Self: BinaryInteger {
    /// Calls `body` with numbers as 32-bit floats.
    public static func withFloats<Result, Failure: Error>(
        of numbers: Span<Self>, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let floats = numbers.indices.map { Float(numbers[$0]) }
        return try body(floats.span)
    }
}

// MARK: - One vector

extension Array: VectorInput where Element: VectorElement {
    /// Calls `body` with the values as 32-bit floats.
    @inlinable
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Element.withFloats(of: span, body)
    }
}

extension ArraySlice: VectorInput where Element: VectorElement {
    /// Calls `body` with the values as 32-bit floats.
    @inlinable
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Element.withFloats(of: span, body)
    }
}

extension UnsafeBufferPointer: VectorInput where Element: VectorElement {
    /// Calls `body` with the values as 32-bit floats.
    @inlinable
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Element.withFloats(of: span, body)
    }
}

extension Span: VectorInput where Element: VectorElement {
    /// Calls `body` with the values as 32-bit floats.
    @inlinable
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Element.withFloats(of: self, body)
    }
}

extension SharedVector: VectorInput {}
