// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Foundation

/// The dictionary WordNet 3.0, read from its database files.
///
/// A line of `data.noun`, `data.verb`, `data.adj` or `data.adv` is a synset; a line that begins with two spaces is the license:
///
///     offset lexicographer-file type word-count word lexical-id [word lexical-id ...] ... | gloss
///
/// `word-count` is hexadecimal, spaces in a word are underscores, and a gloss is a definition followed by usage examples in
/// double quotes. Source: the manual page wndb(5WN).
struct WordNet {
    struct Synset: Equatable {
        /// File type and offset, such as `n00001740`: unique in the dictionary.
        var id: String
        var words: [String]
        var definition: String
        var examples: [String]
    }

    static let defaultDirectory = "/usr/share/wordnet"

    private static let files = [("data.noun", "n"), ("data.verb", "v"), ("data.adj", "a"), ("data.adv", "r")]

    let synsets: [Synset]

    /// Reads the dictionary.
    ///
    /// - Throws: ``CommandFailure``: a file is missing or a line malformed.
    init(directory: String = defaultDirectory) throws(CommandFailure) {
        var synsets: [Synset] = []
        for (name, type) in Self.files {
            let path = directory + "/" + name
            guard let data = FileManager.default.contents(atPath: path) else {
                throw CommandFailure("\(path): cannot be read; the dictionary is in the Debian package wordnet-base")
            }
            var lineNumber = 0
            for line in data.split(separator: UInt8(ascii: "\n")) {
                lineNumber += 1
                if line.starts(with: "  ".utf8) { continue }
                guard let synset = Self.parse(String(decoding: line, as: UTF8.self), type: type) else {
                    throw CommandFailure("\(path): line \(lineNumber) is not a synset")
                }
                synsets.append(synset)
            }
        }
        self.synsets = synsets
    }

    /// The synset on one line; nil if the line is malformed.
    static func parse(_ line: String, type: String) -> Synset? {
        guard let bar = line.range(of: " | ") else { return nil }
        let fields = line[..<bar.lowerBound].split(separator: " ")
        guard fields.count >= 4, let wordCount = Int(fields[3], radix: 16), wordCount > 0,
            fields.count >= 4 + 2 * wordCount
        else { return nil }
        let words = (0..<wordCount).map { i in
            fields[4 + 2 * i].replacingOccurrences(of: "_", with: " ")
        }
        let gloss = line[bar.upperBound...]
        return Synset(
            id: type + fields[0], words: words, definition: definition(gloss), examples: examples(gloss))
    }

    /// A gloss up to its first usage example.
    private static func definition(_ gloss: Substring) -> String {
        let end = gloss.firstIndex(of: "\"") ?? gloss.endIndex
        let text = gloss[..<end].trimmingCharacters(in: CharacterSet(charactersIn: " ;:,"))
        // Few glosses are a quotation from the start.
        return text.isEmpty ? gloss.trimmingCharacters(in: CharacterSet(charactersIn: " ;\"")) : text
    }

    /// What stands between pairs of double quotes.
    private static func examples(_ gloss: Substring) -> [String] {
        let parts = gloss.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count - 1, by: 2).map { parts[$0].trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }
}

extension WordNet.Synset {
    /// What is embedded and shown: "words: definition".
    var text: String { words.joined(separator: ", ") + ": " + definition }
}
