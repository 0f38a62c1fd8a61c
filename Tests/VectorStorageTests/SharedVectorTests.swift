// SPDX-License-Identifier: Apache-2.0

import Testing
import VectorStorage

@Suite("Shared vector")
struct SharedVectorTests {
    private static let values: [Float] = [3, 1, 4, 1.5, 9, 2, 6]

    private static func matrix(_ vectors: [[Float]]) throws -> VectorMatrix {
        let matrix = try VectorMatrix(dimensions: vectors[0].count)
        try matrix.ensure(additional: vectors.count)
        for vector in vectors { _ = matrix.append(vector) }
        return matrix
    }

    private static func address(_ vector: SharedVector) -> UnsafePointer<Float>? {
        vector.withSpan { $0.withUnsafeBufferPointer { $0.baseAddress } }
    }

    @Test("A vector lies in the matrix: nothing is copied")
    func sharesStorage() throws {
        let matrix = try Self.matrix([[Float](repeating: 0, count: 7), Self.values])
        let vector = SharedVector(matrix.pin(version: 0), Slot(1))
        let copy = vector
        #expect(Self.address(vector) == matrix.row(Slot(1)))
        #expect(Self.address(copy) == matrix.row(Slot(1)))
        #expect(vector.withSpan { $0.count } == 7)
    }

    @Test("A vector stays in place while its matrix grows")
    func stableWhileGrowing() throws {
        let matrix = try Self.matrix([Self.values])
        let vector = SharedVector(matrix.pin(version: 0), Slot(0))
        let before = Self.address(vector)
        try matrix.ensure(additional: 50_000)
        for _ in 0..<1000 { _ = matrix.append([Float](repeating: 8, count: 7)) }
        #expect(Self.address(vector) == before)
        #expect(Array(vector) == Self.values)
    }

    @Test("Changing an element copies: neither the matrix nor other copies see it")
    func mutationCopies() throws {
        let matrix = try Self.matrix([Self.values])
        let original = SharedVector(matrix.pin(version: 0), Slot(0))
        var changed = original
        changed[2] = -7
        #expect(changed[2] == -7)
        #expect(Array(changed) == [3, 1, -7, 1.5, 9, 2, 6])
        #expect(Array(original) == Self.values)
        #expect(Array(UnsafeBufferPointer(start: matrix.row(Slot(0)), count: 7)) == Self.values)
        #expect(Self.address(changed) != matrix.row(Slot(0)))

        // A copy of the copy is on its own too.
        var again = changed
        again[0] = 100
        #expect(changed[0] == 3 && again[0] == 100 && again[2] == -7)
    }

    @Test("The second change happens in place")
    func laterMutationsInPlace() throws {
        var vector = SharedVector(try Self.matrix([Self.values]).pin(version: 0), Slot(0))
        vector[0] = 1
        let address = Self.address(vector)
        for i in vector.indices { vector[i] += 1 }
        #expect(Self.address(vector) == address)
        #expect(Array(vector) == [2, 2, 5, 2.5, 10, 3, 7])
    }

    @Test("A vector keeps the storage alive, and releases it at the end")
    func keepsStorageAlive() throws {
        var matrix: VectorMatrix? = try Self.matrix([Self.values])
        weak let observed = matrix
        var vector: SharedVector? = SharedVector(matrix!.pin(version: 0), Slot(0))
        matrix = nil
        #expect(observed != nil)
        #expect(vector.map(Array.init) == Self.values)
        vector = nil
        #expect(observed == nil)
    }

    @Test("A changed vector no longer holds the matrix")
    func changedVectorReleasesMatrix() throws {
        var matrix: VectorMatrix? = try Self.matrix([Self.values])
        weak let observed = matrix
        var vector = SharedVector(matrix!.pin(version: 0), Slot(0))
        matrix = nil
        vector[1] = 5
        #expect(observed == nil)
        #expect(Array(vector) == [3, 5, 4, 1.5, 9, 2, 6])
    }

    @Test("Vectors of the same elements are equal and have the same hash, wherever they lie")
    func equality() throws {
        let a = SharedVector(try Self.matrix([Self.values]).pin(version: 0), Slot(0))
        let b = SharedVector(
            try Self.matrix([[Float](repeating: 0, count: 7), Self.values]).pin(version: 0), Slot(1))
        var owned = b
        owned[0] = 8
        #expect(a != owned)
        owned[0] = 3
        #expect(a == b && a == owned)
        #expect(a.hashValue == b.hashValue && a.hashValue == owned.hashValue)
        #expect(Set([a, b, owned]).count == 1)
        let shorter = SharedVector(try Self.matrix([Array(Self.values.dropLast())]).pin(version: 0), Slot(0))
        #expect(a != shorter)
        let zero = SharedVector(try Self.matrix([[0]]).pin(version: 0), Slot(0))
        let negativeZero = SharedVector(try Self.matrix([[-0.0]]).pin(version: 0), Slot(0))
        #expect(zero == negativeZero && zero.hashValue == negativeZero.hashValue)
    }

    @Test("A vector is a collection of its dimensions, without the padding")
    func collection() throws {
        let vector = SharedVector(try Self.matrix([Self.values]).pin(version: 0), Slot(0))
        #expect(vector.startIndex == 0 && vector.endIndex == 7 && vector.count == 7)
        #expect(vector.indices.elementsEqual(0..<7))
        #expect(vector.index(vector.startIndex, offsetBy: 6) == 6)
        #expect(vector.distance(from: 2, to: 5) == 3)
        #expect(Array(vector.reversed()) == Self.values.reversed())
        #expect(Array(vector[2..<5]) == [4, 1.5, 9])
        #expect(vector.last == 6 && vector.max() == 9)
        #expect(vector.map { $0 } == Self.values)
        #expect(vector.description == Self.values.description)
        var sorted = vector
        sorted.sort()
        sorted.swapAt(0, 6)
        #expect(Array(sorted) == [9, 1.5, 2, 3, 4, 6, 1])
        #expect(Array(vector) == Self.values)
    }

    @Test("A body's error and result come back from the span")
    func spanResultAndError() throws {
        struct Stop: Error {}
        let vector = SharedVector(try Self.matrix([Self.values]).pin(version: 0), Slot(0))
        #expect(vector.withSpan { $0[4] } == 9)
        #expect(throws: Stop.self) { try vector.withSpan { _ in throw Stop() } }
    }

    @Test("It is unique when no index and no other value has its elements, and so after it was changed")
    func uniqueness() throws {
        var stored = SharedVector(try Self.matrix([Self.values]).pin(version: 0), Slot(0))
        var isUnique = [stored.isUnique()]
        stored[0] += 1
        isUnique.append(stored.isUnique())
        var copy = stored
        isUnique += [stored.isUnique(), copy.isUnique()]
        copy[1] = 7
        isUnique += [stored.isUnique(), copy.isUnique()]
        #expect(isUnique == [false, true, false, false, true, true])
        #expect(copy[1] == 7 && stored[1] == Self.values[1] && stored[0] == copy[0])
    }
}
