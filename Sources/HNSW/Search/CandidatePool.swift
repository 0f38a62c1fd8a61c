// SPDX-License-Identifier: Apache-2.0

/// The candidates and results of one search in one sorted array: `C` and `W` of Algorithm 2.
///
/// The pool keeps the `limit` nearest results seen. It also keeps every node that routes only and is nearer than the last of them.
/// Such nodes do not count. A flag in each key says that its node has been expanded. The next candidate is the first key without
/// the flag. A new key is inserted by walking from the end, because most keys belong there.
///
/// A search with a filter or a radius fits what it keeps and expands to what it finds (``adapt()``).
struct CandidatePool: ~Copyable {
    private(set) var count = 0

    private var keys: UnsafeMutablePointer<NodeKey>
    private var capacity: Int
    private(set) var limit = 1

    /// Keys that an adaptive search keeps, those of nodes that route only included.
    private var keyLimit = Int.max
    private var expansionLimit = 1
    private var resultCount = 0

    /// What a search with a filter or a radius would keep if every node were admitted and none lay within the radius, and the
    /// results that it keeps at least. nil without both.
    private var adaptive: (limit: Int, kept: Int, expected: Int)?

    /// ``expansionEnd`` of an adaptive search.
    private var adaptiveEnd = 0

    /// Nodes within this distance are all kept.
    private var radius = -Float.infinity

    /// Keys within the radius.
    private var nearCount = 0

    /// Whether a node was left out, or dropped, because enough others are nearer.
    private var hasDropped = false

    /// Every key before this one is expanded.
    private var cursor = 0

    /// No farther node enters: the distance of the last key once `limit` results are here, infinite before.
    private(set) var bound = Float.infinity

    init(capacity: Int) {
        self.capacity = max(capacity, 2)
        keys = .allocate(capacity: self.capacity)
    }

    deinit { keys.deallocate() }

    subscript(index: Int) -> NodeKey { keys[index] }

    /// Whether as many results are here as are kept.
    var isFull: Bool { adaptive == nil ? resultCount >= limit : bound < .infinity }

    /// Empties the pool for a search that keeps `limit` results and expands all of them.
    mutating func reset(limit: Int) {
        self.limit = limit
        keyLimit = .max
        adaptive = nil
        radius = -.infinity
        nearCount = 0
        hasDropped = false
        expansionLimit = limit
        count = 0
        resultCount = 0
        cursor = 0
        bound = .infinity
        if capacity <= limit { grow(to: limit + 1) }
    }

    /// Empties the pool for a search with a filter or a radius.
    ///
    /// - Parameters:
    ///   - limit: results that are kept and expanded if every node is admitted and none lies within the radius.
    ///   - kept: results that are kept at least.
    ///   - radius: all within this distance are kept; nil for none.
    ///   - expected: nodes within the radius that `limit` suffices for.
    mutating func reset(limit: Int, keeping kept: Int, within radius: Float?, expected: Int = 0) {
        reset(limit: limit)
        adaptive = (limit, min(kept, limit), expected)
        adaptiveEnd = 0
        if let radius { self.radius = radius }
    }

    /// Fits what is kept and expanded to the share of results among the keys, and to the number of keys within the radius.
    private mutating func adapt() {
        guard let adaptive, count > 0 else { return }
        let keysPerResult = Float(count) / Float(max(resultCount, 1))
        let nearCount = nearCount
        func end(_ limit: Int) -> Int {
            max(
                SearchBudget.candidates(limit, keysPerResult: keysPerResult),
                SearchBudget.candidates(limit, nearCount: nearCount, expected: adaptive.expected))
        }
        let wanted = end(adaptive.limit)
        let mostKeys = max(32 * adaptive.limit, 1024)
        if count >= wanted, resultCount >= adaptive.kept || radius > -.infinity || count > mostKeys {
            // Some more than are expanded, because the share is an estimate, and more within the radius may come.
            keyLimit = resultCount == count && nearCount == 0 ? wanted : wanted + wanted / 4
            trim()
        } else {
            bound = .infinity
        }
        adaptiveEnd = resultCount == 0 && nearCount == 0 ? .max : end(expansionLimit)
    }

    /// Adds a node that has not been added before, unless `limit` results are nearer.
    ///
    /// Returns how many keys from the cursor on lie before it; `.max` if it was not added.
    @discardableResult
    mutating func push(_ key: NodeKey) -> Int {
        if adaptive == nil ? resultCount == limit && !(key < keys[count - 1]) : key.distance > bound {
            hasDropped = true
            return .max
        }
        if count == capacity { grow(to: 2 * capacity) }
        // A copy: otherwise the compiler must assume that each store may change `self.keys`.
        let keys = keys
        var i = count
        while i > 0, key < keys[i - 1] {
            keys[i] = keys[i - 1]
            i -= 1
        }
        keys[i] = key
        count += 1
        if i < cursor { cursor = i }
        if !key.routesOnly { resultCount += 1 }
        if key.distance <= radius { nearCount += 1 }
        if adaptive == nil, resultCount >= limit { trim() }
        adapt()
        return i &- cursor
    }

    /// Adds nodes that have not been added before, unless `limit` results are nearer. The pool ends as if each had been pushed
    /// (``push(_:)``).
    ///
    /// - Parameter fresh: `freshCount` keys, which are sorted here.
    mutating func merge(_ fresh: UnsafeMutablePointer<NodeKey>, count freshCount: Int) {
        guard freshCount > 0 else { return }
        Self.sort(fresh, count: freshCount)
        if count + freshCount > capacity { grow(to: max(2 * capacity, count + freshCount)) }
        let keys = keys
        var (old, new, place) = (count - 1, freshCount - 1, count + freshCount - 1)
        while new >= 0 {
            while old >= 0, fresh[new] < keys[old] {
                keys[place] = keys[old]
                old &-= 1
                place &-= 1
            }
            keys[place] = fresh[new]
            if !fresh[new].routesOnly { resultCount &+= 1 }
            if fresh[new].distance <= radius { nearCount &+= 1 }
            new &-= 1
            place &-= 1
        }
        count += freshCount
        cursor = min(cursor, place + 1)
        if adaptive != nil { return adapt() }
        if resultCount >= limit { trim() }
    }

    /// Sorts a few keys.
    private static func sort(_ keys: UnsafeMutablePointer<NodeKey>, count: Int) {
        for i in 1..<max(count, 1) {
            let key = keys[i]
            var place = i
            while place > 0, key < keys[place - 1] {
                keys[place] = keys[place - 1]
                place &-= 1
            }
            keys[place] = key
        }
    }

    /// The distance below which a node would be among the next `count` to be expanded, infinite if fewer are left.
    func expansionBound(_ count: Int) -> Float {
        let place = cursor + count
        return place < min(self.count, expansionEnd) ? keys[place].distance : .infinity
    }

    /// Keys from this one on are not expanded. Nodes that route only do not count, and each in the pool is taken to be nearer.
    private var expansionEnd: Int {
        min(count, adaptive == nil ? expansionLimit &+ (count &- resultCount) : adaptiveEnd)
    }

    /// Sets how many of the nearest results are expanded. After a raise, the search goes on with the keys that it has kept.
    mutating func limitExpansion(to newLimit: Int) {
        expansionLimit = min(wholeLimit, newLimit)
        adapt()
    }

    /// Results that are kept if every node is admitted, and none lies within the radius.
    var wholeLimit: Int { adaptive?.limit ?? limit }

    /// Whether nothing is left to expand, and nothing was dropped: the search came to all that edges lead to.
    var isExhausted: Bool { !isFull && expansionEnd == count && !hasDropped }

    /// The nearest node, whether it is a result or not.
    var nearestKey: NodeKey? { count > 0 ? keys[0].unflagged : nil }

    /// The nearest result.
    var nearestResult: NodeKey? {
        for i in 0..<count where !keys[i].routesOnly { return keys[i].unflagged }
        return nil
    }

    /// Calls `body` with the nearest results, `limit` at most, without flags.
    func forEachResultKey(limit: Int, _ body: (NodeKey) -> Void) {
        var left = limit
        var i = 0
        while left > 0, i < count {
            if !keys[i].routesOnly {
                body(keys[i].unflagged)
                left &-= 1
            }
            i &+= 1
        }
    }

    /// Marks the nearest candidate that is not yet expanded, and returns it; nil when none is left.
    mutating func popNearest() -> Node? {
        let end = expansionEnd
        while cursor < end {
            let key = keys[cursor]
            if !key.isExpanded {
                keys[cursor].bits |= NodeKey.expandedBit
                cursor += 1
                return key.node
            }
            cursor += 1
        }
        return nil
    }

    /// Calls `body` with at most `limit` candidates that ``popNearest()`` returns next if nothing nearer is pushed: a guess, for
    /// prefetching.
    func forEachNearest(limit: Int, _ body: (Node) -> Void) {
        var left = limit
        var i = cursor
        let end = expansionEnd
        while left > 0, i < end {
            if !keys[i].isExpanded {
                body(keys[i].node)
                left &-= 1
            }
            i &+= 1
        }
    }

    /// Drops what lies behind the `limit`-th result. An adaptive search drops what lies behind the most keys that it keeps, but
    /// nothing within the radius and none of the results that it keeps at least.
    private mutating func trim() {
        if let adaptive {
            while count > keyLimit, keys[count - 1].distance > radius,
                keys[count - 1].routesOnly || resultCount > adaptive.kept
            {
                dropLast()
            }
        } else {
            while resultCount > limit || resultCount == limit && keys[count - 1].routesOnly { dropLast() }
        }
        cursor = min(cursor, count)
        bound = max(keys[count - 1].distance, radius)
    }

    private mutating func dropLast() {
        hasDropped = true
        count -= 1
        if !keys[count].routesOnly { resultCount -= 1 }
    }

    private mutating func grow(to newCapacity: Int) {
        let grown = UnsafeMutablePointer<NodeKey>.allocate(capacity: newCapacity)
        grown.update(from: keys, count: count)
        keys.deallocate()
        keys = grown
        capacity = newCapacity
    }
}
