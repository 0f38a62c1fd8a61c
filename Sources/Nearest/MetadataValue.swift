// SPDX-License-Identifier: Apache-2.0

/// What an entry carries beside its vector: values by name, as in a JSON object.
public typealias Metadata = [String: MetadataValue]

/// A JSON-like value, nested ``maximumDepth`` levels deep at most where a database keeps it.
public enum MetadataValue: Sendable, Hashable {
    /// A text.
    case string(String)

    /// A whole number of 64 bits.
    case integer(Int64)

    /// Any other number; JSON cannot write NaN and infinities.
    case double(Double)

    /// True or false.
    case bool(Bool)

    /// No value.
    case null

    /// Values in order.
    case array([MetadataValue])

    /// Values by name.
    case object([String: MetadataValue])
}

extension MetadataValue: CustomStringConvertible {
    /// The value as Swift writes it: a string as it is, an object as a dictionary with sorted names. What is nested deeper than
    /// ``maximumDepth`` is written as "…".
    public var description: String { text(depth: 0) }

    private func text(depth: Int) -> String {
        switch self {
        case .string(let value): depth == 0 ? value : value.debugDescription
        case .integer(let value): value.description
        case .double(let value): value.description
        case .bool(let value): value.description
        case .null: "null"
        case .array, .object:
            depth == Self.maximumDepth ? "…" : "[" + elements(depth: depth + 1).joined(separator: ", ") + "]"
        }
    }

    private func elements(depth: Int) -> [String] {
        switch self {
        case .array(let values): values.map { $0.text(depth: depth) }
        case .object(let values) where values.isEmpty: [":"]
        case .object(let values):
            values.sorted { $0.key < $1.key }.map { "\($0.key.debugDescription): \($0.value.text(depth: depth))" }
        default: []
        }
    }
}

// MARK: - Limits

/// Says why metadata cannot be kept.
public enum MetadataError: NearestError, Hashable {
    /// Arrays and objects lie within one another deeper than ``MetadataValue/maximumDepth``.
    case tooDeep(maximum: Int)

    /// A number is NaN or infinite, which JSON cannot write.
    case notFinite(name: String)

    /// The name of what is wrong (``NearestError/code``).
    public var code: String {
        switch self {
        case .tooDeep: "metadata-too-deep"
        case .notFinite: "metadata-not-finite"
        }
    }

    /// Says in one line what is wrong.
    public var description: String {
        switch self {
        case .tooDeep(let maximum): "metadata may be nested \(maximum) levels deep, and no deeper"
        case .notFinite(let name): "the number in '\(name.shortened)' is NaN or infinite"
        }
    }
}

extension MetadataValue {
    /// Levels of arrays and objects that a value may have. Deeper ones are refused: encoders and decoders go down recursively.
    public static let maximumDepth = 64

    /// Throws if a value cannot be kept. Goes no deeper than ``maximumDepth``.
    ///
    /// - Parameter name: where the value is, for errors.
    func check(name: String, depth: Int = 0) throws(MetadataError) {
        switch self {
        case .string, .integer, .bool, .null: return
        case .double(let value):
            guard value.isFinite else { throw .notFinite(name: name) }
        case .array(let values):
            guard depth < Self.maximumDepth else { throw .tooDeep(maximum: Self.maximumDepth) }
            for value in values { try value.check(name: name, depth: depth + 1) }
        case .object(let values):
            guard depth < Self.maximumDepth else { throw .tooDeep(maximum: Self.maximumDepth) }
            for (name, value) in values { try value.check(name: name, depth: depth + 1) }
        }
    }
}

// MARK: - JSON

extension MetadataValue: Codable {
    /// Decodes any JSON value. A number without a fraction that fits 64 bits becomes an ``integer(_:)``: JSON does not tell
    /// 1 from 1.0.
    ///
    /// - Throws: `DecodingError.dataCorrupted`: a number is too large for a `Double`, or the value is nested deeper than
    ///   ``maximumDepth``.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try Self.decode(Bool.self, from: container) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try Self.decode(Double.self, from: container) {
            self = .double(value)
        } else if let value = try Self.decode(String.self, from: container) {
            self = .string(value)
        } else {
            guard decoder.codingPath.count <= Self.codingDepth else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "\(MetadataError.tooDeep(maximum: Self.maximumDepth))")
            }
            if let value = try Self.decode([MetadataValue].self, from: container) {
                self = .array(value)
            } else {
                self = .object(try container.decode([String: MetadataValue].self))
            }
        }
    }

    /// Names and positions on the way to a value that may be nested: those of an entry in an array of entries come first.
    private static var codingDepth: Int { maximumDepth + 8 }

    /// Decodes a value of one type; nil if it is of another.
    private static func decode<Value: Decodable>(
        _ type: Value.Type, from container: any SingleValueDecodingContainer
    ) throws -> Value? {
        do {
            return try container.decode(type)
        } catch DecodingError.typeMismatch(_, let context) where context.codingPath.count <= container.codingPath.count
        {
            return nil
        } catch  where type == Double.self {
            // Decoders word this as they like, some as "not valid JSON".
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a number is too large for a Double")
        }
    }

    /// Encodes the value as itself: a string as a string, an object as an object.
    ///
    /// - Throws: what the encoder throws; JSON has no NaN and no infinity.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .null: try container.encodeNil()
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

// MARK: - Literals

extension MetadataValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes a ``string(_:)``.
    public init(stringLiteral value: String) { self = .string(value) }

    /// Makes an ``integer(_:)``.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// Makes a ``double(_:)``.
    public init(floatLiteral value: Double) { self = .double(value) }

    /// Makes a ``bool(_:)``.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// Makes a ``null``.
    public init(nilLiteral: ()) { self = .null }

    /// Makes an ``array(_:)``.
    public init(arrayLiteral elements: MetadataValue...) { self = .array(elements) }

    /// A name that is given twice keeps its last value.
    public init(dictionaryLiteral elements: (String, MetadataValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
