// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

@Suite("Saving an index that is in use")
struct SnapshotSavingTests {
    private let folder: TemporaryFolder
    private let fixture = SnapshotFixture(count: 240, history: .changed)

    init() throws { folder = try TemporaryFolder() }

    /// Calls whose first write waits.
    private final class BlockedCalls: Sendable {
        private let hasBegun = DispatchSemaphore(value: 0)
        private let mayGoOn = DispatchSemaphore(value: 0)
        private let isFirst = Guarded(true)

        var calls: SystemCalls {
            var calls = SystemCalls.real
            calls.write = { [self] file, bytes, count, offset in
                let isFirst = isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                }
                if isFirst {
                    hasBegun.signal()
                    mayGoOn.wait()
                }
                return SystemCalls.real.write(file, bytes, count, offset)
            }
            return calls
        }

        func waitForBeginning() { hasBegun.wait() }

        func goOn() { mayGoOn.signal() }
    }

    @Test("Searches go on while it is saved, and changes wait")
    func besideSearches() throws {
        let index = try fixture.make()
        let expected = try fixture.answers(index)
        let path = folder.path("a")
        let blocked = BlockedCalls()
        let group = DispatchGroup()
        let steps = Guarded<[String]>([])
        DispatchQueue(label: "save").async(group: group) {
            do { _ = try index.save(to: path, calls: blocked.calls) } catch { Issue.record(error) }
            steps.withLock { $0.append("saved") }
        }
        blocked.waitForBeginning()
        DispatchQueue(label: "change").async(group: group) {
            do { try index.insert([Float](repeating: 1, count: 6), key: 5000) } catch { Issue.record(error) }
            steps.withLock { $0.append("changed") }
        }
        #expect(try fixture.answers(index) == expected)
        #expect(try index.vector(for: 701) != nil)
        usleep(20_000)
        #expect(!index.contains(key: 5000))
        #expect(steps.withLock { $0 }.isEmpty)
        blocked.goOn()
        group.wait()
        #expect(index.contains(key: 5000))
        let opened = try HNSWIndex(contentsOf: path)
        #expect(!opened.contains(key: 5000))
        #expect(try fixture.answers(opened) == expected)
    }

    @Test("A second index saved to the same file does not disturb it")
    func besideAnother() throws {
        let index = try fixture.make()
        let other = try SnapshotFixture().make()
        let path = folder.path("a")
        try index.save(to: path)
        let bytes = try folder.bytes("a")
        let blocked = BlockedCalls()
        let group = DispatchGroup()
        DispatchQueue(label: "save").async(group: group) {
            do { _ = try index.save(to: path, calls: blocked.calls) } catch { Issue.record(error) }
        }
        blocked.waitForBeginning()
        let names = try folder.names
        #expect(names.count == 2)
        try other.save(to: path)
        #expect(try folder.names == names)
        #expect(try folder.bytes("a") != bytes)
        blocked.goOn()
        group.wait()
        #expect(try folder.names == ["a"])
        #expect(try folder.bytes("a") == bytes)
    }

    @Test("Of two that are saved to one file, one is there wholly in the end")
    func savers() throws {
        let indexes = try [fixture.make(), SnapshotFixture().make()]
        let path = folder.path("a")
        let bytes = try indexes.map { index in
            try index.save(to: path)
            return try folder.bytes("a")
        }
        onThreads(2) { thread in
            for _ in 0..<15 {
                do { try indexes[thread].save(to: path) } catch { Issue.record(error) }
            }
        }
        #expect(bytes.contains(try folder.bytes("a")))
        #expect(try folder.names == ["a"])
    }

    @Test("It is saved to the file that it is mapped from, and who opened that before answers as before")
    func ontoItself() throws {
        let path = folder.path("a")
        let twin = try fixture.make()
        try twin.save(to: path)
        let index = try HNSWIndex(contentsOf: path)
        var others: [(index: HNSWIndex, answers: [[Neighbor]])] = []
        for turn in 0..<4 as Range<UInt64> {
            let verification = SnapshotOptions.Verification.allCases[Int(turn) % 3]
            let other = try HNSWIndex(contentsOf: path, options: SnapshotOptions(verification: verification))
            others.append((other, try fixture.answers(twin)))
            for changed in [index, twin] {
                var generator = SeededGenerator(seed: 641 + turn)
                try changed.insert(
                    contentsOf: generator.vectors(count: 40, dimensions: 6),
                    keys: (0..<40).map { 5000 + turn * 100 + $0 })
                for key in 0..<20 as Range<UInt64> { try changed.remove(key: 301 + turn * 60 + key * 3) }
            }
            try index.save(to: path)
            #expect(try folder.names == ["a"])
        }
        for other in others { #expect(try fixture.answers(other.index) == other.answers) }
        let opened = try HNSWIndex(contentsOf: path)
        #expect(try fixture.answers(opened) == fixture.answers(twin))
        try index.checkInvariants()
        try opened.checkInvariants()
    }

    /// What may happen to the file of an open index.
    enum Loss: CaseIterable {
        case deleted, replacedByRenaming, replacedBySaving
    }

    @Test(
        "It goes on without its file, and is saved elsewhere or there again",
        arguments: Loss.allCases, SnapshotOptions.Verification.allCases)
    func withoutFile(loss: Loss, verification: SnapshotOptions.Verification) throws {
        let path = folder.path("a")
        let twin = try fixture.make()
        try twin.save(to: path)
        let index = try HNSWIndex(contentsOf: path, options: SnapshotOptions(verification: verification))
        switch loss {
        case .deleted: try FileManager.default.removeItem(atPath: path)
        case .replacedByRenaming:
            try folder.write([1, 2, 3], to: "b")
            #expect(rename(folder.path("b"), path) == 0)
        case .replacedBySaving: try SnapshotFixture().make().save(to: path)
        }
        #expect(try fixture.answers(index) == fixture.answers(twin))
        try fixture.change(index)
        try fixture.change(twin)
        #expect(try fixture.answers(index) == fixture.answers(twin))
        try twin.save(to: folder.path("twin"))
        for name in ["elsewhere", "a"] {
            try index.save(to: folder.path(name))
            #expect(try folder.bytes(name) == folder.bytes("twin"))
        }
        #expect(try folder.names == ["a", "elsewhere", "twin"])
    }

    @Test("It is not copied in memory to be saved", .enabled(if: AllocationCounter.works))
    func memory() throws {
        for (count, dimensions) in [(80, 65_536), (2500, 2048)] {
            let index = try HNSWIndex(
                dimensions: dimensions, metric: .squaredEuclidean,
                options: HNSWOptions(m: 4, efConstruction: 4, codes: VectorCodes.float32))
            // Equal vectors are linked in no time.
            try index.insert(
                contentsOf: [Float](repeating: 1, count: count * dimensions), keys: Array(0..<UInt64(count)))
            for key in stride(from: 0, to: UInt64(count), by: 2) { try index.remove(key: key) }
            let path = folder.path("a")
            var length = 0
            let bytes = try AllocationCounter.bytes { () throws(VectorIndexError) in length = try index.save(to: path) }
            #expect(length > 20 << 20)
            #expect(bytes < 1 << 20, "of \(length)")
        }
    }
}
