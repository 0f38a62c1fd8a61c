// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VectorFiles

@Suite("NumPy files that are refused")
struct NumPyRefusalTests {
    private static let valid = NumPyBytes(floats: [1, 2, 3, 4, 5, 6], shape: "(2, 3)")

    /// Requires that the bytes are refused, with the path and a message that holds `reason`.
    private func expectRefused(
        _ bytes: [UInt8], _ reason: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try withFile(bytes) { path in
            expectRefusal(of: path, because: reason, sourceLocation: sourceLocation) { _ = try NumPyFile(path: path) }
        }
    }

    private func expectRefused(
        _ file: NumPyBytes, _ reason: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try expectRefused(file.bytes, reason, sourceLocation: sourceLocation)
    }

    @Test("The file that the others differ from is read")
    func validFile() throws {
        try withFile(Self.valid.bytes) { path in
            let values = try NumPyFile(path: path).floats()
            #expect(values == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test("A missing file is refused")
    func missing() {
        withTemporaryPath { path in
            expectRefusal(of: path, because: "cannot be read") { _ = try NumPyFile(path: path) }
        }
    }

    @Test("A directory is refused")
    func directory() throws {
        try withTemporaryPath { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            expectRefusal(of: path, because: "cannot be read") { _ = try NumPyFile(path: path) }
        }
    }

    @Test("An empty file is refused")
    func empty() throws {
        try expectRefused([], "not a .npy file")
    }

    @Test("A file cut off anywhere is refused", arguments: [1, 2] as [UInt8])
    func truncated(major: UInt8) throws {
        var file = Self.valid
        file.major = major
        let bytes = file.bytes
        for count in 0..<bytes.count { try expectRefused(Array(bytes.prefix(count)), nil) }
    }

    @Test("A header that is cut off is refused")
    func truncatedHeader() throws {
        try expectRefused(Array(Self.valid.bytes.prefix(40)), "cut off")
    }

    @Test("Another file's first bytes are refused")
    func wrongMagic() throws {
        for place in 0..<6 {
            var file = Self.valid
            file.magic[place] ^= 0x20
            try expectRefused(file, "not a .npy file")
        }
        try expectRefused(Array("PK\u{3}\u{4} and the rest of an archive".utf8), "not a .npy file")
    }

    @Test("A version that is not known is refused", arguments: [0, 4, 9, 255] as [UInt8])
    func unknownVersion(major: UInt8) throws {
        var file = Self.valid
        file.major = major
        try expectRefused(file, "version \(major)")
    }

    @Test("An order that is neither is refused")
    func order() throws {
        for order in ["false", "Falsey", "0", ""] {
            try expectRefused(NumPyBytes(descr: "<f4", shape: "(1, 1)", order: order, data: [0, 0, 0, 0]), nil)
        }
    }

    @Test(
        "Elements of another type are refused",
        arguments: ["=f4", "|f4", "|b1", "<c8", "|O", "<U3", "f4", "<", "", "<f4 ", "<f3", "<M8[ns]"])
    func otherTypes(descr: String) throws {
        try expectRefused(
            NumPyBytes(descr: descr, shape: "(1, 1)", data: [0, 0, 0, 0]),
            "type '\(descr)', which are not read: save x.astype")
    }

    @Test("Records are refused")
    func records() throws {
        let header = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1), }"
        try expectRefused(NumPyBytes(header: header, data: [0, 0, 0, 0]), "records")
    }

    @Test("One, three or no dimensions are refused")
    func otherDimensions() throws {
        try expectRefused(NumPyBytes(floats: [1, 2], shape: "(2,)"), "1 dimensions")
        try expectRefused(NumPyBytes(floats: [1, 2], shape: "(1, 2, 1)"), "3 dimensions")
        try expectRefused(NumPyBytes(floats: [1], shape: "()"), "0 dimensions")
    }

    @Test("One dimension is read as one column where that is asked for, three or none are refused there too")
    func oneDimension() throws {
        try withFile(NumPyBytes(floats: [1, 2], shape: "(2,)").bytes) { path in
            let file = try NumPyFile(path: path, acceptsOneDimension: true)
            let values = try file.floats()
            #expect(file.rows == 2 && file.columns == 1 && values == [1, 2])
        }
        for shape in ["(1, 2, 1)", "()"] {
            try withFile(NumPyBytes(floats: [1, 2], shape: shape).bytes) { path in
                expectRefusal(of: path, because: "one or two are read") {
                    _ = try NumPyFile(path: path, acceptsOneDimension: true)
                }
            }
        }
    }

    @Test(
        "A shape that is not two sizes is refused",
        arguments: [
            "(-1, -1)", "(-1, 1)", "(1, -1)", "(1.0, 1)", "(1L, 1L)", "(0x1, 1)", "(one, 1)", "(1 1, 1)",
            "(9223372036854775808, 1)", "(1, 99999999999999999999999)",
        ])
    func malformedShape(shape: String) throws {
        try expectRefused(NumPyBytes(floats: [1], shape: shape), "malformed shape")
    }

    @Test(
        "A shape of more elements than an integer counts is refused",
        arguments: [
            "(9223372036854775807, 1)", "(1, 9223372036854775807)", "(4611686018427387904, 1)",
            "(4294967296, 4294967296)", "(9223372036854775807, 9223372036854775807)", "(3037000500, 3037000500)",
            "(4611686018427387905, 4)",
        ])
    func overflowingShape(shape: String) throws {
        // 4611686018427387904 × 4 bytes and 4294967296 × 4294967296 are 0 modulo 2^64, as an empty file has.
        try expectRefused(NumPyBytes(floats: [1], shape: shape), "bytes of data")
        try expectRefused(NumPyBytes(floats: [], shape: shape), "bytes of data")
    }

    @Test("A shape without its parentheses is refused", arguments: ["1, 1", "(1, 1", "[1, 1]", "None (1, 1)"])
    func shapeWithoutParentheses(shape: String) throws {
        try expectRefused(NumPyBytes(floats: [1], shape: shape), "no shape")
    }

    @Test("Less or more data than the shape says is refused", arguments: [-24, -4, -1, 1, 3, 4, 24])
    func wrongDataLength(difference: Int) throws {
        var file = Self.valid
        if difference < 0 {
            file.data.removeLast(-difference)
        } else {
            file.data += [UInt8](repeating: 0, count: difference)
        }
        try expectRefused(file, "\(24 + difference) bytes of data; the header says 2 × 3")
    }

    @Test("A header length beyond the file is refused")
    func headerBeyondFile() throws {
        for (major, length) in [(1, 1000), (1, 0xFFFF), (2, 1000), (2, 0xFFFF_FFFF), (3, 0x7FFF_FFFF)] {
            var file = Self.valid
            (file.major, file.statedLength) = (UInt8(major), length)
            try expectRefused(file, "cut off")
        }
    }

    @Test("A header length that is too small is refused")
    func headerTooShort() throws {
        for length in 0..<Self.valid.header.count {
            var file = Self.valid
            file.statedLength = length
            try expectRefused(file, nil)
        }
    }

    @Test("A header that is not UTF-8 is refused")
    func headerNotText() throws {
        for bytes in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x80]] as [[UInt8]] {
            var file = Self.valid
            file.header.insert(contentsOf: bytes, at: 1)
            try expectRefused(file, "not text")
        }
    }

    @Test("A header without one of its keys is refused")
    func missingKeys() throws {
        let data = [UInt8](repeating: 0, count: 4)
        try expectRefused(
            NumPyBytes(header: "{'fortran_order': False, 'shape': (1, 1), }", data: data), "no element type")
        try expectRefused(NumPyBytes(header: "{'descr': '<f4', 'shape': (1, 1), }", data: data), "no element order")
        try expectRefused(NumPyBytes(header: "{'descr': '<f4', 'fortran_order': False, }", data: data), "no shape")
        try expectRefused(NumPyBytes(header: "", data: data), "no element type")
        try expectRefused(NumPyBytes(header: "{'descr':", data: data), "no element type")
    }

    @Test("Elements of the wrong type are not converted")
    func wrongElements() throws {
        try withFile(Self.valid.bytes) { path in
            let floats = try NumPyFile(path: path)
            expectRefusal(of: path, because: "wanted integers") { _ = try floats.int32s() }
            expectRefusal(of: path, because: "wanted int8") { _ = try floats.int8s() }
        }
    }

    @Test("A file that cannot be written is refused")
    func unwritable() {
        withTemporaryPath { path in
            let inside = path + "/result.npy"
            expectRefusal(of: inside, because: "cannot be written") {
                try NumPyFile.write([1] as [Int32], rows: 1, columns: 1, to: inside)
            }
        }
    }
}
