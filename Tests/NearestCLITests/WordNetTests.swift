// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import CommandSupport
@testable import NearestCLI

@Suite("WordNet's files")
struct WordNetTests {
    @Test("A line gives words, definition and usage examples")
    func parsesLine() throws {
        let line = try #require(DictionaryFixture.verbs.first)
        let synset = try #require(WordNet.parse(line, type: "v"))
        #expect(
            synset
                == WordNet.Synset(
                    id: "v00000010", words: ["run", "sprint"], definition: "move fast on foot",
                    examples: ["she ran to the bus", "they run every morning"]))
        #expect(synset.text == "run, sprint: move fast on foot")
    }

    @Test("The word count is hexadecimal, and underscores are spaces")
    func parsesWords() throws {
        let river = try #require(WordNet.parse(DictionaryFixture.nouns[5], type: "n"))
        #expect(river.words == ["river", "a", "b", "c", "d", "e", "f", "g", "h", "i"])
        let bread = try #require(WordNet.parse(DictionaryFixture.nouns[3], type: "n"))
        #expect(bread.words == ["bread", "loaf of bread"])
    }

    @Test("A definition that is a quotation is kept")
    func quotedDefinition() throws {
        let line = #"00000070 10 n 01 motto 0 000 | "to be or not to be"  "#
        let synset = try #require(WordNet.parse(line, type: "n"))
        #expect(synset.definition == "to be or not to be")
    }

    @Test(
        "A malformed line is refused",
        arguments: [
            "", "nonsense", "00000010 06 n 01 thermometer 0 000 no bar", "00000010 06 n zz word 0 000 | gloss",
            "00000010 06 n 02 word 0 | gloss", "00000010 06 n 00 000 | gloss", "00000010 06 n ff word 0 000 | gloss",
        ])
    func malformedLine(line: String) {
        #expect(WordNet.parse(line, type: "n") == nil)
    }

    @Test("A dictionary is read from its four files, without the licence's lines")
    func readsFiles() throws {
        let folder = try TemporaryFolder()
        try DictionaryFixture.write(to: folder)
        let wordNet = try WordNet(directory: folder.url.path)
        #expect(wordNet.synsets.count == 10)
        #expect(Set(wordNet.synsets.map(\.id)).count == 10)
        #expect(wordNet.synsets.last?.text == "quickly: with speed")
    }

    @Test("A missing folder and a malformed file are failures that name the file")
    func missingOrMalformed() throws {
        let folder = try TemporaryFolder()
        let missing = #expect(throws: CommandFailure.self) { try WordNet(directory: folder.path("none")) }
        #expect(missing?.description.contains("data.noun") == true)
        try DictionaryFixture.write(to: folder)
        try folder.write("not a synset\n", to: "data.verb")
        let malformed = #expect(throws: CommandFailure.self) { try WordNet(directory: folder.url.path) }
        #expect(malformed?.description.contains("data.verb: line 1") == true)
    }
}
