// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest

/// `nearest demo`: a dictionary searched by meaning.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Search a dictionary by meaning.",
        discussion: """
            Embeds the 117,659 definitions of WordNet 3.0, indexes them, and answers texts with the definitions nearest in \
            meaning. Without texts it answers a few examples and then, on a terminal, each line that is typed.

              nearest demo "device for measuring temperature" "fear of spiders"
            """)

    @Argument(help: ArgumentHelp("What to look for.", valueName: "TEXT"))
    var texts: [String] = []

    @Option(help: ArgumentHelp("WordNet's database files.", valueName: "DIR"))
    var wordnet = WordNet.defaultDirectory

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Use only N definitions, spread over the dictionary.", valueName: "N"))
    var limit: Int?

    @Option(parsing: .unconditional, help: "Definitions to show for each text.")
    var k = 5

    @Option(
        help: ArgumentHelp(
            "Instead of answering, write the definitions' vectors to PREFIX.base.npy and 1,000 usage examples' to "
                + "PREFIX.queries.npy.", valueName: "PREFIX"))
    var vectorsOut: String?

    static let examples = [
        "device for measuring temperature", "a piece of music for four performers", "fear of closed spaces",
        "to move quickly on foot", "without any light",
    ]

    mutating func validate() throws {
        try checkRange("--k", k, 1...1000)
        if let limit { try checkRange("--limit", limit, 1...Int.max) }
    }

    func run() throws {
        let start = ContinuousClock.now
        var synsets = try WordNet(directory: wordnet).synsets
        if let limit, limit < synsets.count {
            synsets = (0..<limit).map { synsets[$0 * synsets.count / limit] }
        }
        let synsetCount = synsets.count
        let progress = { ProgressBar($0, total: synsetCount) }
        var corpus = try DictionaryCorpus(
            synsets, embedding: StaticEmbedding.bundled(), queryCount: 1000, progress: progress("embed"))
        if let vectorsOut { return try corpus.write(prefix: vectorsOut) }
        let dictionary = try MeaningDictionary(corpus, progress: progress("index"))
        let seconds = (ContinuousClock.now - start).seconds
        try Output.print(
            "\(dictionary.database.count) definitions read, embedded and indexed in \(String(format: "%.1f", seconds)) s"
        )

        for text in texts.isEmpty ? Self.examples : texts { try answer(text, embeddedBy: &corpus, from: dictionary) }

        let quality = try dictionary.measure(corpus, k: 10)
        try Output.print(
            String(
                format: "\nrecall@10 %.4f against exact search, %ld usage examples as queries, one thread:",
                quality.recall, quality.queryCount)
                + String(
                    format: " %.0f queries/s (exact search in batches: %.0f)", quality.queriesPerSecond,
                    quality.exactQueriesPerSecond))

        guard texts.isEmpty, isatty(0) == 1 else { return }
        try Output.print("\nType what you look for; an empty line or the end of input (control-D) ends.")
        while let line = try prompt(), !line.isEmpty { try answer(line, embeddedBy: &corpus, from: dictionary) }
    }

    private func prompt() throws -> String? {
        try Output.print("> ", terminator: "")
        return readLine()
    }

    private func answer(
        _ text: String, embeddedBy corpus: inout DictionaryCorpus, from dictionary: MeaningDictionary
    ) throws {
        guard let query = corpus.embedding.embed(text) else {
            try Output.print("\n\"\(text)\": none of its words is known")
            return
        }
        let (hits, seconds) = try dictionary.search(query, k: k)
        try Output.print(String(format: "\n\"%@\" (%.0f microseconds)", text, seconds * 1e6))
        for (i, hit) in hits.enumerated() {
            try Output.print(String(format: "  %2ld. %.3f  %@", i + 1, hit.similarity, hit.text))
        }
    }
}
