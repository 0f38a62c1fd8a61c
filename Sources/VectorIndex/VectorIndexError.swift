// SPDX-License-Identifier: Apache-2.0

/// Says why an index refused a call. The index is unchanged.
public enum VectorIndexError: NearestError, Hashable {
    /// A vector has another number of dimensions than the index.
    case dimensionMismatch(expected: Int, found: Int)

    /// A vector holds NaN or an infinity at `position`.
    case nonFiniteValue(position: Int)

    /// A vector's value at `position` is too large for ``VectorRows/float16``: its magnitude is 65,520 or more, and it would become
    /// an infinity.
    case valueOutOfRange(position: Int)

    /// A vector is so long that distances to it may overflow: `Σ x²` is above ``maximumSquaredNorm``.
    case magnitudeTooLarge

    /// A vector is all zeros and the metric is ``Metric/cosine``.
    case zeroVector

    /// The index already holds the key.
    case duplicateKey(UInt64)

    /// A batch names the key twice.
    case repeatedKey(UInt64)

    /// A parameter is outside its range.
    case invalidParameter(name: String, value: Int, allowed: ClosedRange<Int>)

    /// Neither vectors nor codes were to be kept.
    case nothingKept

    /// A recall is not above 0 and at most 1.
    case invalidRecall(Double)

    /// The largest distance of a result is not a number.
    case invalidDistance

    /// The number of vectors in a batch and the number of its keys differ.
    case batchMismatch(keys: Int, values: Int, dimensions: Int)

    /// The vector at `position` of a batch, counted from 0, is refused for `reason`.
    indirect case batchVector(position: Int, reason: VectorIndexError)

    /// The instruction set asked for is unknown or not supported by this machine.
    case instructionSet(InstructionSetError)

    /// The system refused memory.
    case outOfMemory(bytes: Int)

    /// The index is as large as it can become.
    case capacityExceeded(maximum: Int)

    /// A snapshot could not be read or written, or is damaged.
    case snapshot(SnapshotError)

    /// A batch was cancelled before all of it was linked.
    case cancelled

    /// The largest `Σ x²` of a vector, except under ``Metric/cosine``, which has no such limit: 2¹²⁵. No distance of two such
    /// vectors overflows.
    public static let maximumSquaredNorm: Float = 0x1p125
}

extension VectorIndexError {
    /// The name of what is wrong (``NearestError/code``).
    public var code: String {
        switch self {
        case .dimensionMismatch: "dimension-mismatch"
        case .nonFiniteValue: "non-finite-value"
        case .valueOutOfRange: "value-out-of-range"
        case .magnitudeTooLarge: "magnitude-too-large"
        case .zeroVector: "zero-vector"
        case .duplicateKey: "duplicate-key"
        case .repeatedKey: "repeated-key"
        case .invalidParameter: "invalid-parameter"
        case .nothingKept: "nothing-kept"
        case .invalidRecall: "invalid-recall"
        case .invalidDistance: "invalid-distance"
        case .batchMismatch: "batch-mismatch"
        case .batchVector(_, let reason): reason.code
        case .instructionSet(let error): error.code
        case .outOfMemory: "out-of-memory"
        case .capacityExceeded: "capacity-exceeded"
        case .snapshot(let error): error.code
        case .cancelled: "cancelled"
        }
    }

    /// Says in one line what is wrong.
    public var description: String {
        switch self {
        case .dimensionMismatch(let expected, let found):
            "the vector has \(found) dimensions, the index has \(expected)"
        case .nonFiniteValue(let position):
            "the vector's value at position \(position) is not a finite number"
        case .valueOutOfRange(let position):
            "the vector's value at position \(position) is beyond half precision, whose largest is 65504"
        case .magnitudeTooLarge:
            "the vector is too long: the sum of its squares is above \(Self.maximumSquaredNorm)"
        case .zeroVector:
            "the vector is all zeros, which has no direction to compare under the cosine metric"
        case .duplicateKey(let key):
            "the key \(key) is already there"
        case .repeatedKey(let key):
            "the batch names the key \(key) twice"
        case .invalidParameter(let name, let value, let allowed):
            "\(name) is \(value); it must be from \(allowed.lowerBound) to \(allowed.upperBound)"
        case .nothingKept:
            "keepsVectors is false and codes is float32; one of them must be kept"
        case .invalidRecall(let recall):
            "the recall is \(recall); it must be above 0 and at most 1"
        case .invalidDistance:
            "the largest distance is not a number"
        case .batchMismatch(let keys, let values, let dimensions):
            "\(values) values are not \(keys) vectors of \(dimensions) dimensions"
        case .batchVector(let position, let reason):
            "vector \(position) of the batch: \(reason)"
        case .instructionSet(let error):
            error.description
        case .outOfMemory(let bytes):
            "the system has not the memory for \(bytes) bytes"
        case .capacityExceeded(let maximum):
            "the index is full: it can hold \(maximum) vectors"
        case .snapshot(let error):
            error.description
        case .cancelled:
            "the batch was cancelled"
        }
    }
}

extension VectorIndexError {
    init(_ error: StorageError) {
        switch error {
        case .outOfMemory(let bytes): self = .outOfMemory(bytes: bytes)
        case .capacityExceeded(let maximum): self = .capacityExceeded(maximum: maximum)
        case .snapshot(let error): self = .snapshot(error)
        }
    }

    /// Throws unless `value` is in `allowed`.
    package static func check(
        _ name: String, _ value: Int, in allowed: ClosedRange<Int>
    ) throws(VectorIndexError) {
        guard allowed.contains(value) else { throw .invalidParameter(name: name, value: value, allowed: allowed) }
    }

    /// Runs `body`, turning a storage error into this module's.
    static func wrap<Result>(_ body: () throws(StorageError) -> Result) throws(VectorIndexError) -> Result {
        do { return try body() } catch { throw VectorIndexError(error) }
    }
}
