// SPDX-License-Identifier: Apache-2.0

import Nearest
import Testing

@Suite("Codes of errors")
struct ErrorCodeTests {
    /// What bindings and servers rely on: an entry is added with a case, and never changed.
    private static let codes: [(error: any NearestError, code: String)] = [
        (InstructionSetError.unknown(name: "x"), "unknown-instruction-set"),
        (InstructionSetError.unsupported(.avx2), "unsupported-instruction-set"),
        (DistanceError.noDimensions, "no-dimensions"),
        (DistanceError.dimensionMismatch(expected: 2, found: 3), "dimension-mismatch"),
        (DistanceError.notFinite(index: 0), "non-finite-value"),
        (DistanceError.zeroVector(index: 0), "zero-vector"),
        (SnapshotError.cannotRead(path: "a", code: 2), "cannot-read"),
        (SnapshotError.cannotWrite(path: "a", code: 28), "cannot-write"),
        (SnapshotError.notARegularFile(path: "a"), "not-a-regular-file"),
        (SnapshotError.notASnapshot(path: "a"), "not-a-snapshot"),
        (SnapshotError.foreignByteOrder, "foreign-byte-order"),
        (SnapshotError.newerVersion(found: 9, newestKnown: 3), "newer-version"),
        (SnapshotError.lengthMismatch(expected: 2, found: 1), "length-mismatch"),
        (SnapshotError.checksumMismatch(section: "keys"), "checksum-mismatch"),
        (SnapshotError.malformed(section: "keys", reason: "r"), "malformed"),
        (SnapshotError.missingVector(key: 1), "missing-vector"),
        (VectorIndexError.dimensionMismatch(expected: 2, found: 3), "dimension-mismatch"),
        (VectorIndexError.nonFiniteValue(position: 0), "non-finite-value"),
        (VectorIndexError.valueOutOfRange(position: 0), "value-out-of-range"),
        (VectorIndexError.magnitudeTooLarge, "magnitude-too-large"),
        (VectorIndexError.zeroVector, "zero-vector"),
        (VectorIndexError.duplicateKey(1), "duplicate-key"),
        (VectorIndexError.repeatedKey(1), "repeated-key"),
        (VectorIndexError.invalidParameter(name: "k", value: -1, allowed: 0...1), "invalid-parameter"),
        (VectorIndexError.nothingKept, "nothing-kept"),
        (VectorIndexError.invalidRecall(2), "invalid-recall"),
        (VectorIndexError.batchMismatch(keys: 1, values: 1, dimensions: 2), "batch-mismatch"),
        (VectorIndexError.outOfMemory(bytes: 1), "out-of-memory"),
        (VectorIndexError.capacityExceeded(maximum: 1), "capacity-exceeded"),
        (VectorIndexError.cancelled, "cancelled"),
        (MetadataError.tooDeep(maximum: 64), "metadata-too-deep"),
        (MetadataError.notFinite(name: "n"), "metadata-not-finite"),
        (VectorDatabaseError.duplicateID("a"), "duplicate-id"),
        (VectorDatabaseError.repeatedID("a"), "repeated-id"),
        (IndexInvariantViolation.graph(reason: "r"), "graph-invariant"),
        (IndexInvariantViolation.key(1, slot: 0), "key-invariant"),
        (IndexInvariantViolation.count(vectors: 1, keys: 2, counted: 3), "count-invariant"),
    ]

    @Test("The code of an error does not change, and its description is one line")
    func codesAreStable() {
        for (error, code) in Self.codes {
            #expect(error.code == code)
            #expect(!error.description.isEmpty && !error.description.contains("\n"))
        }
    }

    @Test("An error that says where another occurred has the code of that one")
    func wrapped() {
        let inner = VectorIndexError.zeroVector
        let batch = VectorIndexError.batchVector(position: 3, reason: inner)
        let wrappers: [any NearestError] = [
            batch, VectorDatabaseError.invalidEntry(id: "a", reason: inner), VectorDatabaseError.index(batch),
            IndexInvariantViolation.file(inner),
        ]
        for error in wrappers { #expect(error.code == "zero-vector") }
        #expect(VectorDatabaseError.index(.snapshot(.foreignByteOrder)).code == "foreign-byte-order")
        #expect(VectorIndexError.instructionSet(.unknown(name: "x")).code == "unknown-instruction-set")
        let reason = MetadataError.tooDeep(maximum: 64)
        #expect(VectorDatabaseError.invalidMetadata(id: "a", reason: reason).code == "metadata-too-deep")
    }
}
