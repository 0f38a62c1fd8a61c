// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

import Nearest

/// The README's example, word for word; the test beside it compares the two.
func readmeExample() throws {
    // README begins
    let database = try VectorDatabase(dimensions: 3, metric: .cosine)
    try database.insert(contentsOf: [
        VectorEntry(id: "red", vector: [1, 0, 0], metadata: ["hex": "#f00"]),
        VectorEntry(id: "green", vector: [0, 1, 0], metadata: ["hex": "#0f0"]),
    ])
    for result in try database.search([0.9, 0.2, 0], k: 1) {
        print(result.id, result.distance, result.metadata)
    }
    // README ends
}

@Suite("README")
struct ReadmeTests {
    @Test("The example compiles, runs, and is the one in the README")
    func exampleIsTheOneInTheReadme() throws {
        try readmeExample()
        let here = URL(fileURLWithPath: #filePath)
        let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let source = try String(contentsOf: here, encoding: .utf8)

        let block = try #require(readme.components(separatedBy: "```swift\nimport Nearest\n\n").dropFirst().first)
        let inReadme = try #require(block.components(separatedBy: "```").first)
        let body = try #require(source.components(separatedBy: "    // README begins\n").dropFirst().first)
        let inTest = try #require(body.components(separatedBy: "    // README ends").first)
        let unindented = inTest.components(separatedBy: "\n").map {
            $0.hasPrefix("    ") ? String($0.dropFirst(4)) : $0
        }
        #expect(unindented.joined(separator: "\n") == inReadme)
    }
}
