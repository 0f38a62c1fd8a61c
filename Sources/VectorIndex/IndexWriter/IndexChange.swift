// SPDX-License-Identifier: Apache-2.0

/// Insertions and removals that become one version of an index.
///
/// Each call is checked at once, and sees what the calls before it did to the keys. Nothing is applied before the change ends.
/// Inserted vectors are copied until then: 4 bytes a value.
public struct IndexChange: ~Copyable {
    private let dimensions: Int
    private let isStored: (UInt64) -> Bool
    private var prepared: PreparedVector

    /// The inserted vectors one after the other, in the order of the calls. Some may have been removed again.
    private var values: [Float] = []

    /// The key of each inserted vector; nil if it was removed again.
    private var keys: [UInt64?] = []

    /// Where in `keys` the vector under a key is.
    private var positionByKey: [UInt64: Int] = [:]

    /// Keys whose vectors in the index are removed, in the order of the calls.
    private var removed: [UInt64] = []
    private var removedSet: Set<UInt64> = []

    /// - Parameters:
    ///   - prepared: room for a vector of the index.
    ///   - isStored: whether the index holds a key.
    init(dimensions: Int, prepared: consuming PreparedVector, isStored: @escaping (UInt64) -> Bool) {
        self.dimensions = dimensions
        self.prepared = prepared
        self.isStored = isStored
    }

    /// Whether the index will hold a vector under the key if the change ends now.
    public func contains(key: UInt64) -> Bool {
        positionByKey[key] != nil || (isStored(key) && !removedSet.contains(key))
    }

    /// Adds a vector of `dimensions` finite values under a new key.
    ///
    /// - Throws: ``VectorIndexError``: the vector is refused, or the key is present. The change is as it was before the call.
    public mutating func insert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError) {
        guard !contains(key: key) else { throw .duplicateKey(key) }
        try vector.withSpan { (vector) throws(VectorIndexError) in try append(vector) }
        enter([key])
    }

    /// Adds many vectors.
    ///
    /// - Parameters:
    ///   - vectors: one vector of `dimensions` values for each key, or all values one vector after the other.
    ///   - keys: the key of each vector.
    /// - Throws: ``VectorIndexError``: the number of values, a vector or a key is refused. The change is as it was before the call.
    ///   ``VectorIndexError/batchVector(position:reason:)`` names the refused vector of several.
    public mutating func insert(
        contentsOf vectors: borrowing some VectorListInput & ~Copyable & ~Escapable, keys: [UInt64]
    ) throws(VectorIndexError) {
        try vectors.check(keys: keys, dimensions: dimensions)
        var seen = Set<UInt64>(minimumCapacity: keys.count)
        for key in keys {
            guard !contains(key: key) else { throw .duplicateKey(key) }
            guard seen.insert(key).inserted else { throw .repeatedKey(key) }
        }
        let oldCount = values.count
        for i in keys.indices {
            do throws(VectorIndexError) {
                try vectors.withVector(at: i, dimensions: dimensions) { (vector) throws(VectorIndexError) in
                    try append(vector)
                }
            } catch {
                values.removeLast(values.count - oldCount)
                throw keys.count == 1 ? error : .batchVector(position: i, reason: error)
            }
        }
        enter(keys)
    }

    /// Adds a vector under a key, and removes the one that is there.
    ///
    /// - Returns: whether there was one.
    /// - Throws: ``VectorIndexError``: the vector is refused. The change is as it was before the call.
    @discardableResult
    public mutating func upsert(
        _ vector: borrowing some VectorInput & ~Copyable & ~Escapable, key: UInt64
    ) throws(VectorIndexError) -> Bool {
        try vector.withSpan { (vector) throws(VectorIndexError) in try append(vector) }
        let isReplaced = remove(key: key)
        enter([key])
        return isReplaced
    }

    /// Removes the vector under a key. Returns whether there was one.
    @discardableResult
    public mutating func remove(key: UInt64) -> Bool {
        if let position = positionByKey.removeValue(forKey: key) {
            keys[position] = nil
            return true
        }
        guard isStored(key), removedSet.insert(key).inserted else { return false }
        removed.append(key)
        return true
    }

    /// Removes the vectors under some keys. Keys that are not there are left out. Returns how many vectors were removed.
    @discardableResult
    public mutating func remove(keys: [UInt64]) -> Int {
        var count = 0
        for key in keys where remove(key: key) { count += 1 }
        return count
    }

    /// Copies a vector that can be stored.
    private mutating func append(_ vector: Span<Float>) throws(VectorIndexError) {
        try prepared.prepare(vector)
        vector.withUnsafeBufferPointer { values.append(contentsOf: $0) }
    }

    /// Gives the vectors that were appended last their keys.
    private mutating func enter(_ newKeys: [UInt64]) {
        for key in newKeys {
            positionByKey[key] = keys.count
            keys.append(key)
        }
    }

    /// What the change comes to.
    consuming func collected() -> CollectedChange {
        guard positionByKey.count < keys.count else {
            return CollectedChange(keys: keys.compactMap { $0 }, values: values, removedKeys: removed)
        }
        var kept: [Float] = []
        kept.reserveCapacity(positionByKey.count * dimensions)
        for i in keys.indices where keys[i] != nil { kept += values[i * dimensions..<(i + 1) * dimensions] }
        return CollectedChange(keys: keys.compactMap { $0 }, values: kept, removedKeys: removed)
    }
}

/// What an ``IndexChange`` comes to: vectors to remove, then vectors to add. A key may be in both lists.
struct CollectedChange {
    /// The keys of the vectors to add.
    let keys: [UInt64]

    /// The vectors to add, one after the other.
    let values: [Float]

    /// Keys of stored vectors, each once.
    let removedKeys: [UInt64]
}
