// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Splits text into the pieces of BERT's uncased vocabulary.
///
/// Text is lower-cased and stripped of accents, split at white space and punctuation (a punctuation mark is a word of its own);
/// each word is then taken apart from the left by the longest piece that fits, `##` marking the continuation of a word.
/// Source: Devlin et al., "BERT" (2018); Wu et al., "Google's Neural Machine Translation System" (2016), section 4.1.
struct WordPieceTokenizer {
    private let pieces: [String: Int]
    private let unknown: Int

    /// A word longer than this is unknown, as in BERT.
    private static let maximumWordLength = 100

    /// - Parameter vocabulary: the pieces; a piece's id is its position. Nil if `[UNK]` is not among them.
    init?(vocabulary: [String]) {
        pieces = Dictionary(vocabulary.enumerated().map { ($1, $0) }) { first, _ in first }
        guard let unknown = pieces["[UNK]"] else { return nil }
        self.unknown = unknown
    }

    /// The ids of the pieces of a word that ``words(_:)`` has found; `[UNK]` alone if it cannot be taken apart.
    func pieces(ofWord word: String) -> [Int] {
        let characters = Array(word.unicodeScalars)
        guard characters.count <= Self.maximumWordLength else { return [unknown] }
        var ids: [Int] = []
        var start = 0
        while start < characters.count {
            var end = characters.count
            var found: Int?
            while end > start, found == nil {
                var piece = start > 0 ? "##" : ""
                piece.unicodeScalars.append(contentsOf: characters[start..<end])
                found = pieces[piece]
                if found == nil { end -= 1 }
            }
            guard let found else { return [unknown] }
            ids.append(found)
            start = end
        }
        return ids
    }

    /// The words and punctuation marks of a text, lower-cased and without accents.
    func words(_ text: String) -> [String] {
        let isASCII = text.utf8.allSatisfy { $0 < 0x80 }
        let folded = isASCII ? text.lowercased() : text.lowercased().decomposedStringWithCanonicalMapping
        var words: [String] = []
        var word = ""
        let finishWord = {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for scalar in folded.unicodeScalars {
            switch Self.kind(of: scalar) {
            case .letter: word.unicodeScalars.append(scalar)
            case .space: finishWord()
            case .punctuation:
                finishWord()
                words.append(String(scalar))
            case .dropped: break
            }
        }
        finishWord()
        return words
    }

    private enum Kind { case letter, space, punctuation, dropped }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        if scalar.isASCII {
            switch scalar.value {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return .letter
            case 0x09, 0x0A, 0x0D, 0x20: return .space
            case 0x21...0x7E: return .punctuation
            default: return .dropped  // control characters
            }
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .control, .format, .surrogate, .privateUse, .unassigned: return .dropped
        case .spaceSeparator, .lineSeparator, .paragraphSeparator: return .space
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return .punctuation
        default: return .letter
        }
    }
}
