// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import CommandSupport
@testable import NearestCLI

@Suite("The demo on a small dictionary")
struct DemoTests {
    private func corpus(in folder: TemporaryFolder) throws -> DictionaryCorpus {
        try DictionaryFixture.write(to: folder)
        let resources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/NearestCLI/Resources/static-embedding")
        return try DictionaryCorpus(
            WordNet(directory: folder.url.path).synsets, embedding: StaticEmbedding(directory: resources),
            queryCount: 100, progress: ProgressBar("embed", total: 10, isShown: false))
    }

    @Test("A text finds the definition nearest in meaning, and recall is measured")
    func findsByMeaning() throws {
        let folder = try TemporaryFolder()
        var corpus = try corpus(in: folder)
        #expect(corpus.entries.count == 10)
        #expect(corpus.queries.count == 10)
        let progress = ProgressBar("index", total: 10, isShown: false)
        let dictionary = try MeaningDictionary(corpus, progress: progress)
        for (text, word) in [
            ("device for measuring temperature", "thermometer"), ("no light at all", "dark"),
            ("somebody who works at a school", "teacher"),
        ] {
            let queryFound = corpus.embedding.embed(text)
            let query = try #require(queryFound)
            let hits = try dictionary.search(query, k: 3).hits
            #expect(hits.count == 3)
            #expect(hits[0].text.hasPrefix(word), "\(text): \(hits.map(\.text))")
            #expect(hits[0].similarity >= hits[1].similarity && hits[0].similarity <= 1)
        }
        let quality = try dictionary.measure(corpus, k: 10)
        #expect(quality.recall == 1)
        #expect(quality.queryCount == 10 && quality.queriesPerSecond > 0)
    }

    @Test("The vectors are written in the form that bench reads")
    func writesVectors() throws {
        let folder = try TemporaryFolder()
        let corpus = try corpus(in: folder)
        try corpus.write(prefix: folder.path("demo"))
        let command = try BenchCommand.parse([
            "--base", folder.path("demo.base.npy"), "--queries", folder.path("demo.queries.npy"), "--metric", "cosine",
            "--k", "3", "--exact", "--ef", "10", "--rounds", "1",
        ])
        let report = try command.measure()
        #expect(report.count == 10 && report.dimensions == 256)
        #expect(report.points.map(\.recall) == [1])
    }
}
