// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VectorFiles

@Suite("Errors of files of vectors")
struct VectorFileErrorTests {
    /// One error of each case, its code and its text.
    private static let errors: [(error: VectorFileError, code: String, text: String)] = [
        (.cannotRead(path: "a", reason: "no"), "cannot-read", "a: cannot be read: no"),
        (.cannotWrite(path: "a", reason: "no"), "cannot-write", "a: cannot be written: no"),
        (
            .unknownFormat(path: "a", operation: .reading), "unknown-format",
            "a: its name must end in .npy, .fvecs, .bvecs or .ivecs"
        ),
        (
            .unknownFormat(path: "a", operation: .writingFloats), "unknown-format",
            "a: floats are written to .npy or .fvecs"
        ),
        (
            .unknownFormat(path: "a", operation: .writingIntegers), "unknown-format",
            "a: int32 are written to .npy or .ivecs"
        ),
        (.malformed(path: "a", reason: "not a .npy file"), "malformed", "a: not a .npy file"),
        (
            .rowLengthMismatch(path: "a", row: 3, expected: 8, found: 9), "row-length-mismatch",
            "a: row 3 has 9 dimensions; row 0 has 8"
        ),
        (
            .wrongElementType(path: "a", found: "float32", wanted: "int32"), "wrong-element-type",
            "a: holds float32, wanted int32"
        ),
        (
            .valueOutOfRange(path: "a", row: 3, value: "1e+300", type: "float32"), "value-out-of-range",
            "a: row 3 holds 1e+300, which is beyond float32"
        ),
        (
            .inexactValue(path: "a", row: 3, value: "16777217"), "inexact-value",
            "a: row 3 holds 16777217, which no float32 equals"
        ),
        (
            .keyOutOfRange(path: "a", key: 1 << 40), "key-out-of-range",
            "a: the key 1099511627776 is beyond int32; a .npy file can hold it"
        ),
        (
            .unwritableShape(path: "a", rows: 0, columns: 3), "unwritable-shape",
            "a: 0 rows of 3 values; files of this kind hold one or more, of 1 to 65536 values"
        ),
    ]

    @Test("Each case has its code, its path and its text", arguments: 0..<errors.count)
    func texts(place: Int) {
        let (error, code, text) = Self.errors[place]
        #expect(error.code == code && error.path == "a" && error.description == text)
    }

    @Test("Files at fault throw the case that says why")
    func cases() throws {
        try withFile(NumPyBytes(descr: "<i4", shape: "(2, 1)", data: [1, 0, 0, 0, 1, 0, 0, 1]).bytes) { path in
            let file = try NumPyFile(path: path)
            #expect(throws: VectorFileError.inexactValue(path: path, row: 1, value: "16777217")) {
                try file.floats()
            }
            #expect(throws: VectorFileError.wrongElementType(path: path, found: "int32", wanted: "int8")) {
                try file.int8s()
            }
        }
        try withFile([1, 0, 0, 0, 7, 2, 0, 0, 0, 7], extension: "bvecs") { path in
            let table = try VectorTable(path: path)
            #expect(throws: VectorFileError.rowLengthMismatch(path: path, row: 1, expected: 1, found: 2)) {
                try table.floats()
            }
        }
        try withFile([], extension: "hnsw") { path in
            let reason = "0 bytes; the header of an hnswlib index takes 96"
            #expect(throws: VectorFileError.malformed(path: path, reason: reason)) {
                try HnswlibFile(path: path, dimensions: 3)
            }
        }
    }
}
