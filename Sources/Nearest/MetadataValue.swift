// SPDX-License-Identifier: Apache-2.0

/// What an entry carries beside its vector: values by name, as in a JSON object.
public typealias Metadata = [String: MetadataValue]

/// A JSON-like value.
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
    /// The value as Swift writes it: a string as it is, an object as a dictionary.
    public var description: String {
        switch self {
        case .string(let value): value
        case .integer(let value): value.description
        case .double(let value): value.description
        case .bool(let value): value.description
        case .null: "null"
        case .array(let value): value.description
        case .object(let value): value.description
        }
    }
}

extension MetadataValue: Codable {
    /// Decodes any JSON value. A number without a fraction that fits 64 bits becomes an ``integer(_:)``: JSON does not tell
    /// 1 from 1.0.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([MetadataValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: MetadataValue].self))
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

extension MetadataValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
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
