// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VectorFiles

@Suite("Files of vectors by their names")
struct VectorTableTests {
    private static let floats: [Float] = [1, 2, 3, 4, 5, 6]

    @Test(
        "Floats are written and read by the name's ending, in capitals too",
        arguments: ["npy", "fvecs", "FVECS", "Npy"])
    func floatRoundTrip(name: String) throws {
        try withTemporaryPath(extension: name) { path in
            try VectorTable.write(Self.floats, rows: 3, columns: 2, to: path)
            let table = try VectorTable(path: path)
            #expect(table.path == path && table.rows == 3 && table.columns == 2)
            #expect(try table.floats() == Self.floats)
            #expect(try table.floats(limit: 1) == [1, 2])
            expectRefusal(of: path, because: path.lowercased().hasSuffix("npy") ? "wanted integers" : "wanted int32") {
                _ = try table.int32s()
            }
        }
    }

    @Test("Integers are written and read by the name's ending", arguments: ["npy", "ivecs"])
    func integerRoundTrip(name: String) throws {
        try withTemporaryPath(extension: name) { path in
            try VectorTable.write([7, -1, .max, .min] as [Int32], rows: 2, columns: 2, to: path)
            let table = try VectorTable(path: path)
            #expect(table.rows == 2 && table.columns == 2)
            #expect(try table.int32s() == [7, -1, .max, .min])
        }
    }

    @Test("Halves and bytes are read as floats")
    func narrowTypes() throws {
        let halves = NumPyBytes(descr: "<f2", shape: "(2, 1)", data: [0x00, 0x3C, 0x00, 0xC0])
        let int8s = NumPyBytes(descr: "|i1", shape: "(2, 2)", data: [0, 127, 128, 255])
        for (bytes, name, all, first) in [
            (halves.bytes, "npy", [1, -2], [1]), (int8s.bytes, "npy", [0, 127, -128, -1], [0, 127]),
            ([2, 0, 0, 0, 128, 255, 2, 0, 0, 0, 0, 1], "bvecs", [128, 255, 0, 1], [128, 255]),
        ] as [([UInt8], String, [Float], [Float])] {
            try withFile(bytes, extension: name) { path in
                let table = try VectorTable(path: path)
                #expect(try table.floats() == all)
                #expect(try table.floats(limit: 1) == first)
            }
        }
    }

    @Test("A name of another ending is refused", arguments: ["txt", "vecs", "npz", "npy.gz", ""])
    func unknownName(name: String) throws {
        try withFile(NumPyBytes(floats: [1], shape: "(1, 1)").bytes, extension: name) { path in
            expectRefusal(of: path, because: "must end in .npy, .fvecs, .bvecs or .ivecs") {
                _ = try VectorTable(path: path)
            }
            expectRefusal(of: path, because: ".npy or .fvecs") {
                try VectorTable.write([1] as [Float], rows: 1, columns: 1, to: path)
            }
            expectRefusal(of: path, because: ".npy or .ivecs") {
                try VectorTable.write([1] as [Int32], rows: 1, columns: 1, to: path)
            }
        }
    }

    @Test("A file of one format under another's name is refused")
    func wrongName() throws {
        let numPy = NumPyBytes(floats: [1, 2], shape: "(1, 2)").bytes
        for name in ["fvecs", "bvecs", "ivecs"] {
            try withFile(numPy, extension: name) { path in
                expectRefusal(of: path, because: "dimensions") { _ = try VectorTable(path: path) }
            }
        }
        try withFile([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]) { path in
            expectRefusal(of: path, because: "not a .npy file") { _ = try VectorTable(path: path) }
        }
    }
}
