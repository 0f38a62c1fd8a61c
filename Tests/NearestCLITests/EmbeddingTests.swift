// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("Word pieces and embedding")
struct EmbeddingTests {
    private func tokenizer() throws -> WordPieceTokenizer {
        let vocabulary = ["[PAD]", "[UNK]", "un", "##aff", "##able", "##a", "aff", "cafe", "don", "'", "t", "!", "日"]
        return try #require(WordPieceTokenizer(vocabulary: vocabulary))
    }

    @Test("Words are lower-cased, stripped of accents, and split at white space and punctuation")
    func words() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.words("Don't  Café!\tx\u{0}y\n") == ["don", "'", "t", "cafe", "!", "xy"])
        #expect(tokenizer.words("Ångström — “naïve”") == ["angstrom", "—", "“", "naive", "”"])
        #expect(tokenizer.words("").isEmpty)
        #expect(tokenizer.words(" \n\t").isEmpty)
    }

    @Test("A word is taken apart by the longest pieces from the left")
    func longestMatch() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.pieces(ofWord: "unaffable") == [2, 3, 4])
        #expect(tokenizer.pieces(ofWord: "una") == [2, 5])
        #expect(tokenizer.pieces(ofWord: "cafe") == [7])
        #expect(tokenizer.pieces(ofWord: "日") == [12])
    }

    @Test("A word that cannot be taken apart is unknown, and so is a very long one")
    func unknownWords() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.pieces(ofWord: "unx") == [1])
        #expect(tokenizer.pieces(ofWord: "zebra") == [1])
        #expect(tokenizer.pieces(ofWord: String(repeating: "t", count: 101)) == [1])
        #expect(WordPieceTokenizer(vocabulary: ["a", "b"]) == nil)
    }

    private func embedding() throws -> StaticEmbedding {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try StaticEmbedding(
            directory: source.appendingPathComponent("Sources/NearestCLI/Resources/static-embedding"))
    }

    @Test("A text's vector has unit length, and texts alike in meaning are near")
    func embedsMeaning() throws {
        var embedding = try embedding()
        #expect(embedding.dimensions == 256)
        let aFound = embedding.embed("a tool for measuring temperature")
        let a = try #require(aFound)
        let bFound = embedding.embed("thermometer: an instrument that shows how hot it is")
        let b = try #require(bFound)
        let cFound = embedding.embed("a long poem about love")
        let c = try #require(cFound)
        let dot = { (x: [Float], y: [Float]) in zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect(abs(dot(a, a) - 1) < 1e-5)
        #expect(dot(a, b) > dot(a, c) + 0.2)
    }

    @Test("A text without a known word has no vector")
    func noVector() throws {
        var embedding = try embedding()
        #expect(embedding.embed("") == nil)
        #expect(embedding.embed("   ") == nil)
        #expect(embedding.embed("\u{1F980}\u{1F980}") == nil)
    }

    @Test("A table that does not fit its vocabulary is refused")
    func refusesMismatch() throws {
        let folder = try TemporaryFolder()
        #expect(throws: CommandFailure.self) { try StaticEmbedding(directory: folder.url) }
        try folder.write("[UNK]\na\nb\n", to: "vocab.txt")
        #expect(throws: CommandFailure.self) { try StaticEmbedding(directory: folder.url) }
        try NumPyFile.write([1, 2, 3] as [Int32], rows: 3, columns: 1, to: folder.path("table.i8.npy"))
        #expect(throws: CommandFailure.self) { try StaticEmbedding(directory: folder.url) }
    }
}
