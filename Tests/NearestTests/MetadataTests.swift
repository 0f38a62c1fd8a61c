// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import Testing

@Suite("Metadata")
struct MetadataTests {
    private let everything: Metadata = [
        "string": "text", "integer": -7, "large": .integer(.max), "double": 1.5, "bool": true, "null": nil,
        "array": [1, "two", [3.5, nil]], "object": ["inner": ["deep": false]],
    ]

    @Test("Every kind of value survives JSON")
    func survivesJSON() throws {
        let data = try JSONEncoder().encode(everything)
        #expect(try JSONDecoder().decode(Metadata.self, from: data) == everything)
    }

    @Test("Any JSON is read as the value it is")
    func readsJSON() throws {
        let json = #"{"a": 1, "b": 1.25, "c": "x", "d": true, "e": null, "f": [1, {"g": []}], "h": 1e300}"#
        let expected: Metadata = [
            "a": 1, "b": 1.25, "c": "x", "d": true, "e": nil, "f": [1, ["g": []]], "h": 1e300,
        ]
        #expect(try JSONDecoder().decode(Metadata.self, from: Data(json.utf8)) == expected)
    }

    @Test("A number that JSON cannot write is an error, not a crash")
    func refusesNaN() {
        #expect(throws: EncodingError.self) { try JSONEncoder().encode(MetadataValue.double(.nan)) }
    }

    @Test("An entry survives JSON")
    func entrySurvivesJSON() throws {
        let entry = VectorEntry(id: "e", vector: [1, -0.5, 3e-20], metadata: everything)
        let data = try JSONEncoder().encode(entry)
        #expect(try JSONDecoder().decode(VectorEntry.self, from: data) == entry)
    }

    @Test("An interpolated text is a value")
    func interpolation() {
        let metadata: Metadata = ["title": "text \(7)"]
        #expect(metadata == ["title": "text 7"])
    }

    @Test("An entry without metadata is read as one with none")
    func entryWithoutMetadata() throws {
        let json = Data(#"{"id": "e", "vector": [1, 2]}"#.utf8)
        #expect(try JSONDecoder().decode(VectorEntry.self, from: json) == VectorEntry(id: "e", vector: [1, 2]))
    }

    @Test("A number that no Double holds is named as such", arguments: [#"{"e": 1e400}"#, #"{"e": [2, -1e400]}"#])
    func hugeNumber(json: String) throws {
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Metadata.self, from: Data(json.utf8))
        }
        guard case .dataCorrupted(let context) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.debugDescription == "a number is too large for a Double")
        #expect(context.codingPath.first?.stringValue == "e")
    }

    private static func nested(_ levels: Int, in object: Bool) -> MetadataValue {
        (0..<levels).reduce(.null) { value, _ in object ? ["inner": value] : [value] }
    }

    @Test(
        "A value that is nested too deep has a text, and is refused where it would be kept", arguments: [false, true])
    func tooDeep(object: Bool) throws {
        let database = try VectorDatabase(dimensions: 1, metric: .squaredEuclidean)
        let maximum = MetadataValue.maximumDepth
        for (id, levels) in [("first", 1), ("last", maximum)] {
            let value = Self.nested(levels, in: object)
            let entry = VectorEntry(id: id, vector: [1], metadata: ["value": value])
            try database.insert(entry)
            #expect(try JSONDecoder().decode(VectorEntry.self, from: JSONEncoder().encode(entry)) == entry)
        }
        for levels in [maximum + 1, 10_000] {
            let value = Self.nested(levels, in: object)
            #expect(value.description.contains("…") && value.description.count < 4096)
            let entry = VectorEntry(id: "deep", vector: [1], metadata: ["value": value])
            let refusal = VectorDatabaseError.invalidMetadata(id: "deep", reason: .tooDeep(maximum: maximum))
            #expect(throws: refusal) { try database.insert(entry) }
            #expect(throws: refusal) { try database.upsert(entry) }
            #expect(throws: refusal) {
                try database.insert(contentsOf: [VectorEntry(id: "flat", vector: [2]), entry])
            }
        }
        #expect(database.count == 2)
        let json =
            String(repeating: object ? #"{"a":"# : "[", count: 400) + "1"
            + String(repeating: object ? "}" : "]", count: 400)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(MetadataValue.self, from: Data(json.utf8)) }
    }

    @Test("A number that JSON cannot write is refused where it would be kept", arguments: [Double.nan, .infinity])
    func nonFinite(number: Double) throws {
        let database = try VectorDatabase(dimensions: 1, metric: .squaredEuclidean)
        let entry = VectorEntry(id: "a", vector: [1], metadata: ["outer": ["inner": .double(number)]])
        #expect(throws: VectorDatabaseError.invalidMetadata(id: "a", reason: .notFinite(name: "inner"))) {
            try database.insert(entry)
        }
        #expect(database.isEmpty)
    }
}
