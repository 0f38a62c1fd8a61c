// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import VectorFiles

@Suite("Files of hnswlib that are read")
struct HnswlibFileTests {
    private let bytes: [UInt8]
    private let file: HnswlibFile

    init() throws {
        bytes = try HnswlibFixture.bytes()
        file = try HnswlibFixture.read(bytes)
    }

    @Test("What was put into an index is read from its file")
    func contents() throws {
        try withFile(bytes, extension: "hnsw") { path in
            let file = try HnswlibFile(path: path, dimensions: HnswlibFixture.dimensions)
            #expect(file.path == path && file.count == 24 && file.capacity == 30 && file.dimensions == 3)
            #expect(file.m == 3 && file.efConstruction == 20)
            #expect(file.labels == HnswlibFixture.labels)
            #expect(file.vectors() == HnswlibFixture.vectors)
            #expect(file.isDeleted == (0..<24).map { HnswlibFixture.deleted.contains($0) })
        }
    }

    @Test("The graph's levels and links are read")
    func graph() throws {
        #expect(file.entryPoint == 11 && file.levels[11] == 2)
        #expect(file.levels.filter { $0 > 0 }.count == 6)
        for element in 0..<file.count {
            for level in 0...file.levels[element] {
                let neighbors = file.neighbors(of: element, onLevel: level)
                // The one element of the highest level has no other to be linked to.
                #expect(neighbors.isEmpty == (level == 2))
                #expect(!neighbors.contains(UInt32(element)) && Set(neighbors).count == neighbors.count)
            }
        }
    }

    @Test("A missing and an empty file are refused")
    func missing() throws {
        withTemporaryPath(extension: "hnsw") { path in
            expectRefusal(of: path, because: "cannot be read") { _ = try HnswlibFile(path: path, dimensions: 3) }
        }
        try withFile([], extension: "hnsw") { path in
            expectRefusal(of: path, because: "0 bytes") { _ = try HnswlibFile(path: path, dimensions: 3) }
        }
    }

    @Test("Other dimensions than those of the file are refused", arguments: [1, 2, 4, 65_536])
    func wrongDimensions(dimensions: Int) {
        expectRefusal(of: HnswlibFixture.name, because: "vectors of 12 bytes; \(dimensions) dimensions take") {
            _ = try HnswlibFixture.read(bytes, dimensions: dimensions)
        }
    }

    @Test("Dimensions that no index has are refused", arguments: [0, -1, 65_537, .max, .min])
    func dimensionsOutOfRange(dimensions: Int) {
        expectRefusal(of: HnswlibFixture.name, because: "\(dimensions) dimensions are not read") {
            _ = try HnswlibFixture.read(bytes, dimensions: dimensions)
        }
    }

    @Test("A file cut off anywhere or with more behind it is refused")
    func truncated() {
        for count in 0..<bytes.count {
            expectRefusal(of: HnswlibFixture.name) { _ = try HnswlibFixture.read(Array(bytes.prefix(count))) }
        }
        for count in 1...100 {
            expectRefusal(of: HnswlibFixture.name, because: "\(count) bytes behind") {
                _ = try HnswlibFixture.read(bytes + [UInt8](repeating: 0, count: count))
            }
        }
    }

    /// The bytes that no reader needs: the level multiplier, which M determines, and places behind a list's neighbors.
    private func idleBytes() -> Set<Int> {
        var idle = Set(80..<88)
        func skip(_ list: Int, used: Int, places: Int) { idle.formUnion(list + 4 + 4 * used..<list + 4 + 4 * places) }
        var upper = 96 + file.count * 48
        for element in 0..<file.count {
            skip(96 + element * 48, used: file.neighbors(of: element, onLevel: 0).count, places: 6)
            upper += 4
            for level in 0..<file.levels[element] {
                skip(upper, used: file.neighbors(of: element, onLevel: level + 1).count, places: 3)
                upper += 16
            }
        }
        return idle
    }

    @Test("A flipped bit is refused or read as another number", arguments: 0..<8)
    func flippedBits(bit: Int) {
        let original = HnswlibReading(file)
        let idle = idleBytes()
        var accepted = 0
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(bit)
            do throws(VectorFileError) {
                let file = try HnswlibFixture.read(damaged)
                let reading = HnswlibReading(file)
                #expect((reading == original) == idle.contains(place), "byte \(place)")
                accepted += 1
            } catch {
                #expect(error.description.hasPrefix(HnswlibFixture.name + ": "), "byte \(place)")
            }
        }
        #expect(accepted > 24 * 12)
    }

    @Test("A damaged file is read within its bounds or refused by name")
    func damaged() {
        var accepted = 0
        var refused = 0
        for seed in 0..<3000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            do throws(VectorFileError) {
                let file = try HnswlibFixture.read(Damage.apply(to: bytes, using: &random))
                let reading = HnswlibReading(file)
                #expect(reading.labels.count == file.count, "seed \(seed)")
                #expect(reading.vectorBits.count == 3 * file.count, "seed \(seed)")
                for (level, list) in reading.neighbors.flatMap({ $0.enumerated() }) {
                    #expect(list.allSatisfy { $0 < file.count && file.levels[Int($0)] >= level }, "seed \(seed)")
                }
                accepted += 1
            } catch {
                #expect(error.description.hasPrefix(HnswlibFixture.name + ": "), "seed \(seed)")
                refused += 1
            }
        }
        #expect(accepted > 100 && refused > 1000, "\(accepted) read, \(refused) refused")
    }

    @Test("Random bytes are refused")
    func randomBytes() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let count = Int.random(in: 0..<2000, using: &random)
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            expectRefusal(of: HnswlibFixture.name) { _ = try HnswlibFixture.read(noise) }
            expectRefusal(of: HnswlibFixture.name) {
                _ = try HnswlibFixture.read(Array(bytes.prefix(96)) + noise)
            }
        }
    }
}
