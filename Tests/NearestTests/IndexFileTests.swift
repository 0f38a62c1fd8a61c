// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import TestSupport
import Testing

@Suite("An index and a URL")
struct IndexFileTests {
    @Test("It is saved to a file's URL and opened from it, and from no other's")
    func urls() throws {
        let folder = try TemporaryFolder()
        let url = folder.url.appendingPathComponent("an index.nearest")
        let index = try HNSWIndex(dimensions: 2, metric: .manhattan)
        try index.insert([1, 2], key: 5)
        #expect(try index.save(to: url) > 0)
        #expect(try HNSWIndex(contentsOf: url).search([1, 1], k: 3) == [Neighbor(key: 5, distance: 1)])
        let web = try #require(URL(string: "https://example.com/a"))
        let error = VectorIndexError.snapshot(.notARegularFile(path: "https://example.com/a"))
        #expect(throws: error) { try index.save(to: web) }
        #expect(throws: error) { try HNSWIndex(contentsOf: web) }
    }
}
