// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest
import TestSupport
import Testing
import VectorFiles

@testable import CommandSupport
@testable import NearestCLI

@Suite("What the convert command refuses")
struct ConvertRefusalTests {
    private let fixture: SavedIndexFixture

    init() throws { fixture = try SavedIndexFixture() }

    private func failure(_ source: String, _ target: String, _ options: [String] = []) -> String {
        expectExit(1, ConvertCommand.self, [fixture.path(source), fixture.path(target)] + options) {
            _ = try $0.convert()
        }
    }

    @Test(
        "Wrong usage is refused with exit code 64, before a file is looked at",
        arguments: [
            [], ["a.npy"], ["a.txt", "a.npy"], ["a.npy", "a"], ["a.npy", "a.nearest"], ["a.npy", "a.bin"],
            ["a.nearest", "b.nearest"], ["a.bin", "b.hnswlib", "--dimensions", "3"], ["a.npy", "a.bvecs"],
            ["a.nearest", "a.ivecs"], ["a.bin", "a.npy"], ["a.bin", "a.nearest", "--dimensions", "3"],
            ["a.bin", "a.nearest", "--metric", "l2"],
            ["a.bin", "a.nearest", "--metric", "l1", "--dimensions", "3"],
            ["a.bin", "a.npy", "--dimensions", "0"], ["a.bin", "a.npy", "--dimensions", "65537"],
            ["a.bin", "a.npy", "--dimensions", "3", "--metric", "l2"],
            ["a.nearest", "a.npy", "--dimensions", "3"], ["a.nearest", "a.bin", "--metric", "l2"],
            ["a.nearest", "a.bin", "--codes", "int8"], ["a.npy", "a.fvecs", "--build-threads", "2"],
            ["a.bin", "a.nearest", "--dimensions", "3", "--metric", "l2", "--build-threads", "0"],
            ["a.npy", "b.npy", "--keys-out", "k.npy"], ["a.nearest", "a.bin", "--keys-out", "k.npy"],
            ["a.nearest", "a.npy", "--keys-out", "k.fvecs"], ["a.nearest", "a.npy", "--keys-out", "a.npy"],
            ["a.npy", "a.x", "--to", "faiss"], ["a.x", "a.npy", "--from", "hnswlib"],
        ])
    func wrongUsage(arguments: [String]) {
        expectExit(64, ConvertCommand.self, arguments) { _ in }
    }

    @Test("Files that are missing, of another kind, or damaged are refused with exit code 1 and one line")
    func filesAtFault() throws {
        try fixture.build()
        let foreign = ["--dimensions", "12"]
        for name in ["none", "base"] {
            // Named as what they are not.
            if name == "base" {
                let bytes = try fixture.folder.bytes("base.npy")
                for ending in ["nearest", "bin", "fvecs"] { try fixture.folder.write(bytes, to: "base.\(ending)") }
            }
            #expect(failure("\(name).nearest", "x.npy").contains("\(name).nearest"))
            #expect(failure("\(name).nearest", "x.bin").contains("\(name).nearest"))
            #expect(failure("\(name).bin", "x.npy", foreign).contains("\(name).bin"))
            #expect(failure("\(name).bin", "x.nearest", foreign + ["--metric", "l2"]).contains("\(name).bin"))
            #expect(failure("\(name).fvecs", "x.npy").contains("\(name).fvecs"))
        }
        try fixture.damage("a.nearest", section: "baseNeighbors", to: "b.nearest")
        #expect(
            failure("b.nearest", "x.bin").hasSuffix("section 'baseNeighbors' is damaged: its checksum does not match"))
        #expect(failure("b.nearest", "x.npy").contains("damaged"))
        _ = try ConvertCommand.parse([fixture.path("a.nearest"), fixture.path("a.bin")]).convert()
        #expect(failure("a.bin", "x.npy", ["--dimensions", "13"]).contains("dimensions"))
        try fixture.folder.write(Array(try fixture.folder.bytes("a.bin").dropLast(3)), to: "b.bin")
        #expect(failure("b.bin", "x.npy", foreign).contains("b.bin"))
        #expect(try !fixture.folder.names.contains { $0.hasPrefix("x.") })
        for target in ["no/such/x.npy", "no/such/x.bin", "base.npy/x.bin"] {
            #expect(failure("a.nearest", target).contains("cannot be written"))
        }
        #expect(failure("a.bin", "no/such/x.nearest", foreign + ["--metric", "l2"]).contains("cannot be written"))
    }

    @Test("A metric, a parameter or a vector that the other side does not have is an error that says so")
    func unknownToTheOther() throws {
        try fixture.build("a.nearest", ["--metric", "l1"])
        #expect(failure("a.nearest", "x.bin").hasSuffix("its metric is l1; hnswlib has l2, ip and cosine"))
        let foreign = ["--dimensions", "1", "--metric", "l2"]
        func write(m: Int = 4, efConstruction: Int = 40, vectors: [Float] = [1, 2]) throws {
            let graph = HnswlibGraph(
                dimensions: 1, m: m, efConstruction: efConstruction, entryPoint: 0, labels: [5_000_000_000, 7],
                vectors: vectors, neighbors: [[[1]], [[0]]])
            try HnswlibFile.write(graph, to: fixture.path("a.bin"))
        }
        try write(m: 513)
        #expect(failure("a.bin", "x.nearest", foreign).hasSuffix("M is 513; an index has from 2 to 512"))
        try write(efConstruction: 70_000)
        #expect(
            failure("a.bin", "x.nearest", foreign).hasSuffix("ef_construction is 70000; an index has from 1 to 65536"))
        try write(vectors: [1, .nan])
        #expect(failure("a.bin", "x.nearest", foreign).contains("the vector of label 7: "))
        try write(vectors: [0, 1])
        #expect(
            failure("a.bin", "x.nearest", ["--dimensions", "1", "--metric", "cosine"])
                .contains("the vector of label 5000000000: "))
        #expect(
            failure("a.bin", "x.npy", ["--dimensions", "1", "--keys-out", fixture.path("k.ivecs")])
                .contains("the key 5000000000 is beyond int32; a .npy file can hold it"))
        #expect(try !fixture.folder.names.contains { $0.hasPrefix("x.") || $0.hasPrefix("k.") })
    }
}
