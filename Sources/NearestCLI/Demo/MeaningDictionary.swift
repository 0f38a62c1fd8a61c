// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Nearest

/// WordNet's definitions in a vector database, searched by meaning.
struct MeaningDictionary {
    /// A definition found.
    struct Hit {
        var text: String

        /// The cosine of the two texts' vectors: 1 for the same direction.
        var similarity: Float
    }

    /// How well and how fast the database answers, beside exact search.
    struct Quality {
        var queryCount: Int
        var recall: Double
        var queriesPerSecond: Double
        var exactQueriesPerSecond: Double
    }

    let database: VectorDatabase

    init(_ corpus: DictionaryCorpus, threads: Int? = nil, progress: ProgressBar) throws(VectorDatabaseError) {
        // Twice the usual candidates: about 97 of 100 true neighbors are found (`nearest demo` prints the figure).
        let options = HNSWOptions(efSearch: 128)
        database = try VectorDatabase(dimensions: corpus.dimensions, metric: .cosine, options: options)
        try database.insert(contentsOf: corpus.entries, threads: threads) { progress.update($0) }
        progress.finish()
    }

    /// The definitions nearest in meaning, and the seconds that the search took.
    func search(_ query: [Float], k: Int) throws(VectorDatabaseError) -> (hits: [Hit], seconds: Double) {
        let start = ContinuousClock.now
        let results = try database.search(query, k: k)
        let seconds = (ContinuousClock.now - start).seconds
        let hits = results.map { result in
            var text = result.id
            if case .string(let found)? = result.metadata["text"] { text = found }
            return Hit(text: text, similarity: 1 - result.distance)
        }
        return (hits, seconds)
    }

    /// Recall@k over the corpus's queries, and the speed on one thread.
    func measure(_ corpus: DictionaryCorpus, k: Int) throws -> Quality {
        let exact = try ExactIndex(dimensions: corpus.dimensions, metric: database.metric)
        try exact.insert(contentsOf: corpus.entries.flatMap(\.vector), keys: corpus.entries.indices.map(UInt64.init))
        var start = ContinuousClock.now
        let truth = try exact.search(each: corpus.queries.flatMap { $0 }, k: k, threads: 1)
        let exactSeconds = (ContinuousClock.now - start).seconds

        start = ContinuousClock.now
        let found = try corpus.queries.map { try database.search($0, k: k) }
        let seconds = (ContinuousClock.now - start).seconds
        let recall = Recall.mean(
            of: found.map { $0.map(\.distance) }, kthTrueDistances: truth.map { $0.last?.distance ?? -.infinity },
            k: min(k, corpus.entries.count))
        let count = Double(corpus.queries.count)
        return Quality(
            queryCount: corpus.queries.count, recall: recall, queriesPerSecond: seconds > 0 ? count / seconds : 0,
            exactQueriesPerSecond: exactSeconds > 0 ? count / exactSeconds : 0)
    }
}
