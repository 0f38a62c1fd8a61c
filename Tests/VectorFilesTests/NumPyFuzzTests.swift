// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import VectorFiles

@Suite("Damaged NumPy files")
struct NumPyFuzzTests {
    /// Bytes that mean something to a reader of the header.
    private static let telling: [UInt8] = Array("'(),:{}0123456789-+ <>|fi\n".utf8) + [0, 0x7F, 0x80, 0xC3, 0xFF]

    private static func damaged(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            guard !bytes.isEmpty else { break }
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[place] = telling.randomElement(using: &generator)!
            case 2: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 3: bytes.insert(telling.randomElement(using: &generator)!, at: place)
            case 4: bytes.remove(at: place)
            default: bytes.removeLast(Int.random(in: 0...min(8, bytes.count), using: &generator))
            }
        }
        return bytes
    }

    private static let originals: [NumPyBytes] = [
        NumPyBytes(floats: (0..<12).map(Float.init), shape: "(3, 4)"),
        NumPyBytes(descr: "<f2", shape: "(2, 10)", data: [UInt8](repeating: 0x3C, count: 40)),
        NumPyBytes(descr: "<i4", shape: "(11, 1)", data: [UInt8](repeating: 7, count: 44)),
        NumPyBytes(descr: "|i1", shape: "(1, 9)", data: [UInt8](repeating: 0x81, count: 9)),
    ]

    @Test("A damaged file is read within its bounds or refused by name", arguments: 0..<4, [1, 2] as [UInt8])
    func damagedFiles(original: Int, major: UInt8) throws {
        var file = Self.originals[original]
        file.major = major
        var accepted = 0
        var refused = 0
        for seed in 0..<500 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed << 8 | UInt64(original) << 4 | UInt64(major))
            try withFile(Self.damaged(file.bytes, using: &generator)) { path in
                do {
                    let read = try NumPyFile(path: path)
                    let count: Int
                    switch read.elementType {
                    case .float64, .float32, .float16, .int8, .uint8, .int16, .uint16: count = try read.floats().count
                    case .int32, .uint32, .int64, .uint64: count = try read.int32s().count
                    }
                    #expect(count == read.rows * read.columns, "seed \(seed)")
                    accepted += 1
                } catch let failure as VectorFileError {
                    #expect(failure.description.hasPrefix("\(path): "), "seed \(seed)")
                    refused += 1
                }
            }
        }
        // A flipped bit of the data goes unnoticed; most other damage does not.
        #expect(accepted > 10 && refused > 100, "\(accepted) read, \(refused) refused")
    }

    @Test("Random bytes behind a valid beginning are refused by name")
    func randomHeaders() throws {
        for seed in 0..<1000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let count = Int.random(in: 0..<200, using: &generator)
            var file = Self.originals[0]
            file.header = (0..<count).map { _ in
                Bool.random(using: &generator)
                    ? Self.telling.randomElement(using: &generator)! : UInt8.random(in: 0...255, using: &generator)
            }
            try withFile(file.bytes) { path in
                let failure = #expect(throws: VectorFileError.self, "seed \(seed)") { _ = try NumPyFile(path: path) }
                #expect(failure?.description.hasPrefix("\(path): ") ?? false, "seed \(seed)")
            }
        }
    }
}
