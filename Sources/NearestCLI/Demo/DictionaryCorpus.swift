// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Nearest
import VectorFiles

/// WordNet's definitions as entries of a database, and its usage examples, which are not stored, as queries.
struct DictionaryCorpus {
    let dimensions: Int
    let entries: [VectorEntry]
    let queries: [[Float]]

    /// Embeds more texts in the same way.
    var embedding: StaticEmbedding

    /// Embeds every definition, and examples spread over the whole dictionary. A text without any word of the vocabulary is left
    /// out.
    init(
        _ synsets: [WordNet.Synset], embedding: StaticEmbedding, queryCount: Int, progress: ProgressBar
    ) throws(CommandFailure) {
        var embedding = embedding
        var entries: [VectorEntry] = []
        entries.reserveCapacity(synsets.count)
        for (i, synset) in synsets.enumerated() {
            if let vector = embedding.embed(synset.text) {
                entries.append(VectorEntry(id: synset.id, vector: vector, metadata: ["text": .string(synset.text)]))
            }
            if i % 1024 == 0 { progress.update(i) }
        }
        progress.finish()
        let examples = synsets.flatMap(\.examples)
        let step = max(1, examples.count / max(queryCount, 1))
        var queries: [[Float]] = []
        for position in stride(from: 0, to: examples.count, by: step) where queries.count < queryCount {
            if let query = embedding.embed(examples[position]) { queries.append(query) }
        }
        guard !entries.isEmpty, !queries.isEmpty else {
            throw CommandFailure("the dictionary has no definition or no usage example whose words are known")
        }
        self.dimensions = embedding.dimensions
        self.entries = entries
        self.queries = queries
        self.embedding = embedding
    }

    /// Writes the vectors to `PREFIX.base.npy` and `PREFIX.queries.npy`.
    func write(prefix: String) throws(CommandFailure) {
        try orCommandFailure(
            NumPyFile.write(
                entries.flatMap(\.vector), rows: entries.count, columns: dimensions, to: prefix + ".base.npy"))
        try orCommandFailure(
            NumPyFile.write(
                queries.flatMap { $0 }, rows: queries.count, columns: dimensions, to: prefix + ".queries.npy"))
    }
}
