// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VectorFiles

/// The bytes of a `.npy` file, put together by hand so that each part can be wrong.
struct NumPyBytes {
    var magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
    var major: UInt8 = 1
    var minor: UInt8 = 0

    /// The header's length where it is not the true one.
    var statedLength: Int?
    var header: [UInt8]
    var data: [UInt8]

    init(descr: String, shape: String, order: String = "False", data: [UInt8]) {
        self.init(header: "{'descr': '\(descr)', 'fortran_order': \(order), 'shape': \(shape), }\n", data: data)
    }

    init(header: String, data: [UInt8]) {
        self.header = Array(header.utf8)
        self.data = data
    }

    /// A file of little-endian floats.
    init(floats: [Float], shape: String) {
        self.init(descr: "<f4", shape: shape, data: floats.flatMap { littleEndianBytes($0.bitPattern) })
    }

    var bytes: [UInt8] {
        let length = statedLength ?? header.count
        let lengthBytes = major == 1 ? littleEndianBytes(UInt16(length)) : littleEndianBytes(UInt32(length))
        return magic + [major, minor] + lengthBytes + header + data
    }
}

func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// Calls `body` with the path of a file that does not exist, and removes what is there afterwards.
func withTemporaryPath<Result>(
    extension name: String = "npy", _ body: (String) throws -> Result
) rethrows -> Result {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("nearest-\(UUID().uuidString).\(name)")
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
}

/// Calls `body` with the path of a file of these bytes, and removes it afterwards.
func withFile<Result>(
    _ bytes: [UInt8], extension name: String = "npy", _ body: (String) throws -> Result
) throws -> Result {
    try withTemporaryPath(extension: name) { path in
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try body(path)
    }
}

/// Requires that the operation fails with a message that begins with the path and holds `reason`, or any reason.
func expectRefusal(
    of path: String, because reason: String? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ operation: () throws -> Void
) {
    let failure = #expect(throws: VectorFileError.self, sourceLocation: sourceLocation) { try operation() }
    guard let failure else { return }
    #expect(failure.description.hasPrefix("\(path): "), sourceLocation: sourceLocation)
    if let reason { #expect(failure.description.contains(reason), sourceLocation: sourceLocation) }
}
