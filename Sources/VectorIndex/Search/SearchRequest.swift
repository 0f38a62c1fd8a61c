// SPDX-License-Identifier: Apache-2.0

/// What a search is asked for.
///
/// ```swift
/// var request = SearchRequest(k: 10)
/// request.effort = .exact
/// let nearest = try index.search(query, request: request)
/// ```
public struct SearchRequest: Sendable, Hashable {
    /// Results wanted, 0 or more. A search finds all vectors if there are fewer.
    public var k: Int

    /// What the search does to find them.
    public var effort: SearchEffort

    /// What results carry besides their keys and distances.
    public var including: SearchFields

    /// Which vectors may be returned; nil for all. A search returns `k` of them, or all if there are fewer.
    public var filter: KeyFilter?

    /// The largest distance of a result, in the metric's units; nil for any. A search then finds all vectors within it, `k` at most.
    public var within: Float?

    /// Where the search goes on; nil to begin. The results are those that follow the ones that the cursor has passed.
    public var after: SearchCursor?

    /// Makes a request. Ranges are checked by the search.
    @inlinable
    public init(
        k: Int, effort: SearchEffort = .automatic, including: SearchFields = [], filter: KeyFilter? = nil,
        within: Float? = nil, after: SearchCursor? = nil
    ) {
        self.k = k
        self.effort = effort
        self.including = including
        self.filter = filter
        self.within = within
        self.after = after
    }
}

/// What a search does to find the nearest vectors. An ``ExactIndex`` compares every vector under each of these.
public enum SearchEffort: Sendable, Hashable {
    /// Keeps ``HNSWOptions/efSearch`` candidates.
    case automatic

    /// Keeps this many candidates, the paper's `ef`: 1 or more. It keeps at least as many as results are wanted.
    ///
    /// A search compares some 10 to 30 vectors for each candidate. Its time is about linear in the candidates and logarithmic in
    /// the number of vectors.
    case candidates(Int)

    /// Finds this share of the true nearest on average over queries: above 0, up to 1.
    ///
    /// The average also holds within every neighborhood that the ``HNSWIndex/calibration`` looks at, as far as its sample can tell.
    /// The search begins with the candidates that the calibration names, and doubles them while its results still change.
    ///
    /// A query may be of another kind than the stored vectors. Then it lies farther from its nearest result than members of the
    /// data do, and the search goes on for longer. To be surer of the recall, call ``HNSWIndex/calibrate(queries:threads:)`` with
    /// such queries.
    ///
    /// Every vector is compared if no measured setting reaches the recall, if a search would cost as much, and in an index of fewer
    /// than 1,000 vectors. The first search for a recall after the index has grown by a twentieth or lost a fifth calibrates.
    case recall(Double)

    /// Compares every vector.
    case exact
}

/// What results carry besides their keys and distances.
public struct SearchFields: OptionSet, Sendable, Hashable {
    /// A bit for each field.
    public let rawValue: Int

    /// Makes a set of the fields that have these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// The vectors as they are stored.
    ///
    /// Vectors of 32-bit floats share the memory of an ``HNSWIndex``. While one is held, the memory of removed vectors is not
    /// reused. Other vectors are copies, and so are those of an ``ExactIndex``.
    public static let vectors = SearchFields(rawValue: 1)
}

/// Called with the number of queries answered so far, from time to time and on any thread. Throws to cancel the search.
public typealias SearchProgress = @Sendable (Int) throws(CancellationError) -> Void

extension SearchRequest {
    /// Results to find: those wanted, and those that the cursor has passed.
    var reach: Int {
        guard k > 0, let after else { return k }
        let (sum, isTooLarge) = k.addingReportingOverflow(after.count)
        return isTooLarge ? .max : sum
    }

    /// The results wanted, of the ``reach`` nearest.
    func page(of nearest: [Neighbor]) -> [Neighbor] {
        guard let after else { return nearest }
        return Array(nearest.lazy.filter { !after.hasPassed($0.key) }.prefix(k))
    }

    /// Throws if a parameter is outside its range.
    func check() throws(VectorIndexError) {
        try VectorIndexError.check("k", k, in: IndexLimits.k)
        if let within, within.isNaN { throw .invalidDistance }
        switch effort {
        case .automatic, .exact: break
        case .candidates(let count): try VectorIndexError.check("candidates", count, in: HNSWOptions.efSearchRange)
        case .recall(let recall): guard recall > 0, recall <= 1 else { throw .invalidRecall(recall) }
        }
    }
}
