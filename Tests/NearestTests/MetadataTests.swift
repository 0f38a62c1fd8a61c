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
}
