// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Foundation
import VectorFiles

/// Turns text into a vector without a neural network: the sum of its pieces' vectors, divided by its length.
struct StaticEmbedding {
    let dimensions: Int

    private let tokenizer: WordPieceTokenizer

    /// One row a piece of the vocabulary.
    private let table: [Int8]

    /// The pieces of the words met so far: text repeats its words.
    private var piecesByWord: [String: [Int]] = [:]

    /// Reads `vocab.txt` and `table.i8.npy` from a folder.
    ///
    /// - Throws: ``CommandFailure``: a file is missing or malformed, or the two do not fit each other.
    init(directory: URL) throws(CommandFailure) {
        let vocabularyPath = directory.appendingPathComponent("vocab.txt").path
        guard let data = FileManager.default.contents(atPath: vocabularyPath) else {
            throw CommandFailure("\(vocabularyPath): cannot be read")
        }
        var lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard let tokenizer = WordPieceTokenizer(vocabulary: lines.map(String.init)) else {
            throw CommandFailure("\(vocabularyPath): has no piece [UNK]")
        }
        let file = try orCommandFailure(NumPyFile(path: directory.appendingPathComponent("table.i8.npy").path))
        guard file.rows == lines.count, file.columns > 0 else {
            throw CommandFailure("\(file.path): \(file.rows) × \(file.columns) for \(lines.count) pieces")
        }
        self.tokenizer = tokenizer
        table = try orCommandFailure(file.int8s())
        dimensions = file.columns
    }

    /// The table that is part of this program.
    static func bundled() throws(CommandFailure) -> StaticEmbedding {
        let name = "swift-nearest_NearestCLI.resources"
        let folder = Bundle.main.bundleURL.appendingPathComponent(name).appendingPathComponent("static-embedding")
        guard FileManager.default.fileExists(atPath: folder.path) else {
            throw CommandFailure("\(folder.path): not there; the embedding table belongs beside the program")
        }
        return try StaticEmbedding(directory: folder)
    }

    /// The text's vector, of unit length; nil if the vocabulary knows none of its words.
    mutating func embed(_ text: String) -> [Float]? {
        var sum = [Float](repeating: 0, count: dimensions)
        for word in tokenizer.words(text) {
            for piece in pieces(ofWord: word) {
                let row = piece * dimensions
                for i in 0..<dimensions { sum[i] += Float(table[row + i]) }
            }
        }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 0 else { return nil }
        return sum.map { $0 / length }
    }

    private mutating func pieces(ofWord word: String) -> [Int] {
        if let pieces = piecesByWord[word] { return pieces }
        let pieces = tokenizer.pieces(ofWord: word)
        piecesByWord[word] = pieces
        return pieces
    }
}
