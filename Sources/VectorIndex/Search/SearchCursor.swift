// SPDX-License-Identifier: Apache-2.0

/// How far the pages of a search have come.
///
/// ```swift
/// var request = SearchRequest(k: 20)
/// var page = try index.search(query, request: request)
/// while !page.isEmpty {
///     show(page)
///     var cursor = request.after ?? SearchCursor()
///     cursor.advance(past: page)
///     request.after = cursor
///     page = try index.search(query, request: request)
/// }
/// ```
///
/// The pages are sorted by distance. No page repeats a result, and none is lost between two, also where distances are equal. A vector
/// that is inserted between two pages is on a later one, whether or not it is nearer. The time of a page grows with the results
/// before it, as if all of them were asked for.
public struct SearchCursor: Sendable, Hashable {
    private var passed: Set<UInt64> = []

    /// Where a search begins.
    public init() {}

    /// Results that were passed.
    public var count: Int { passed.count }

    /// Moves past a page of results.
    public mutating func advance(past page: [Neighbor]) {
        for neighbor in page { passed.insert(neighbor.key) }
    }

    func hasPassed(_ key: UInt64) -> Bool { passed.contains(key) }
}
