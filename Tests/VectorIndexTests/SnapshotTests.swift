// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VectorIndex

@Suite("A saved index")
struct SnapshotTests {
    static let fixtures: [SnapshotFixture] = {
        var fixtures: [SnapshotFixture] = []
        for metric in Metric.allCases {
            for history in SnapshotFixture.History.allCases {
                for codes in [VectorCodes.float32, .int8, .int4] {
                    fixtures.append(SnapshotFixture(metric: metric, codes: codes, history: history))
                }
            }
        }
        // So many that codes are learnt, vectors given up for them, and recall measured.
        fixtures.append(SnapshotFixture(metric: .manhattan, codes: .automatic, count: 4200))
        fixtures.append(SnapshotFixture(metric: .squaredEuclidean, codes: .automatic, keepsVectors: false, count: 4200))
        fixtures.append(
            SnapshotFixture(metric: .cosine, codes: .int4, keepsVectors: false, count: 2100, history: .changed))
        fixtures.append(
            SnapshotFixture(metric: .innerProduct, codes: .int8, keepsVectors: false, count: 2100, history: .changed))
        // Whose edges are balanced.
        for codes in [.automatic, .float32, .int4] as [VectorCodes] {
            fixtures.append(SnapshotFixture(metric: .innerProduct, codes: codes, history: .changed, mean: 2))
        }
        fixtures.append(
            SnapshotFixture(
                metric: .innerProduct, codes: .int4, keepsVectors: false, count: 2100, history: .changed, mean: 2))
        for metric in Metric.allCases {
            for codes in [VectorCodes.float32, .int4] {
                fixtures.append(SnapshotFixture(metric: metric, codes: codes, history: .changed, rows: .float16))
            }
        }
        fixtures.append(SnapshotFixture(metric: .cosine, codes: .automatic, count: 4200, rows: .float16))
        fixtures.append(SnapshotFixture(codes: .automatic, keepsVectors: false, count: 4200, rows: .float16))
        fixtures.append(SnapshotFixture(codes: .int8, keepsVectors: false, history: .changed, rows: .float16))
        fixtures.append(SnapshotFixture(history: .emptied, rows: .float16))
        for dimensions in [1, 32, 769] {
            fixtures.append(SnapshotFixture(history: .grown, dimensions: dimensions, rows: .float16))
        }
        for count in 0...3 {
            for history in SnapshotFixture.History.allCases {
                fixtures.append(SnapshotFixture(count: count, history: history))
            }
        }
        for m in [2, 40, 512] { fixtures.append(SnapshotFixture(m: m, history: .changed)) }
        for dimensions in [1, 16, 769] { fixtures.append(SnapshotFixture(history: .changed, dimensions: dimensions)) }
        return fixtures
    }()

    @Test("It answers as before when it is opened, to the bit, and is saved to the same bytes", arguments: fixtures)
    func reopened(fixture: SnapshotFixture) throws {
        let folder = try TemporaryFolder()
        let index = try fixture.make()
        let expected = try fixture.answers(index)
        let length = try index.save(to: folder.path("a"))
        let bytes = try folder.bytes("a")
        #expect(bytes.count == length)
        try index.save(to: folder.path("b"))
        #expect(try folder.bytes("b") == bytes)

        let opened = try HNSWIndex(contentsOf: folder.path("a"))
        #expect(opened.count == index.count)
        #expect(opened.dimensions == index.dimensions)
        #expect(opened.metric == index.metric)
        #expect(opened.options == index.options)
        #expect(opened.codesInUse == index.codesInUse)
        #expect(opened.calibration == index.calibration)
        try opened.checkInvariants()
        try opened.save(to: folder.path("b"))
        #expect(try folder.bytes("b") == bytes)
        #expect(try fixture.answers(opened) == expected)
        for key in 0..<100 as Range<UInt64> {
            #expect(opened.contains(key: key) == index.contains(key: key))
            #expect(try opened.vector(for: key) == index.vector(for: key))
        }
    }

    @Test("It is changed as if it had never been closed, and the file is not", arguments: fixtures)
    func changed(fixture: SnapshotFixture) throws {
        let folder = try TemporaryFolder()
        let index = try fixture.make()
        try index.save(to: folder.path("a"))
        let bytes = try folder.bytes("a")
        let opened = try HNSWIndex(contentsOf: folder.path("a"))
        try fixture.change(index)
        try fixture.change(opened)
        #expect(try folder.bytes("a") == bytes)
        try opened.checkInvariants()
        #expect(try fixture.answers(opened) == fixture.answers(index))
        try index.save(to: folder.path("a"))
        try opened.save(to: folder.path("b"))
        #expect(try folder.bytes("a") == folder.bytes("b"))
        #expect(try folder.names == ["a", "b"])
    }

    @Test(
        "It answers the same wherever its content is kept and whenever it is verified",
        arguments: SnapshotResidency.allCases, SnapshotOptions.Verification.allCases)
    func options(residency: SnapshotResidency, verification: SnapshotOptions.Verification) throws {
        for rows in VectorRows.allCases {
            try expectSame(rows: rows, residency: residency, verification: verification)
        }
    }

    private func expectSame(
        rows: VectorRows, residency: SnapshotResidency, verification: SnapshotOptions.Verification
    ) throws {
        let folder = try TemporaryFolder()
        let fixture = SnapshotFixture(codes: .automatic, history: .changed, rows: rows)
        let index = try fixture.make()
        let expected = try fixture.answers(index)
        try index.save(to: folder.path("a"))
        let opened = try HNSWIndex(
            contentsOf: folder.path("a"), options: SnapshotOptions(verification: verification, residency: residency))
        #expect(try opened.vector(for: 301) == index.vector(for: 301))
        #expect(try fixture.answers(opened) == expected)
        try fixture.change(index)
        try fixture.change(opened)
        #expect(try fixture.answers(opened) == fixture.answers(index))
    }

    @Test("Its calibration on the caller's queries is kept with it")
    func calibration() throws {
        let folder = try TemporaryFolder()
        for metric in Metric.allCases {
            let fixture = SnapshotFixture(metric: metric, codes: .automatic, count: 1200)
            let index = try fixture.make()
            try index.calibrate(queries: fixture.queries.flatMap { $0 })
            try index.save(to: folder.path("a"))
            let opened = try HNSWIndex(contentsOf: folder.path("a"))
            #expect(opened.calibration == index.calibration)
            try opened.save(to: folder.path("b"))
            #expect(try folder.bytes("a") == folder.bytes("b"))
            // Measured anew, on the same queries.
            try fixture.change(index)
            try fixture.change(opened)
            try index.calibrate()
            try opened.calibrate()
            #expect(opened.calibration == index.calibration)
        }
    }

    @Test(
        "Threads that use it first at the same time all get what was saved",
        arguments: [.lazy, .none] as [SnapshotOptions.Verification])
    func firstUses(verification: SnapshotOptions.Verification) throws {
        let folder = try TemporaryFolder()
        let fixture = SnapshotFixture(codes: .int4, history: .changed)
        let index = try fixture.make()
        let expected = try index.search(each: fixture.queries.flatMap { $0 }, k: 7)
        try index.save(to: folder.path("a"))
        for _ in 0..<10 {
            let opened = try HNSWIndex(
                contentsOf: folder.path("a"), options: SnapshotOptions(verification: verification))
            let problems = Guarded<[String]>([])
            onThreads(6) { thread in
                do {
                    switch thread {
                    case 0: try opened.insert([Float](repeating: 100, count: fixture.dimensions), key: 1_000_000)
                    case 1: _ = try opened.vector(for: 301)
                    case 2: try opened.save(to: folder.path("b"))
                    default:
                        let found = try opened.search(each: fixture.queries.flatMap { $0 }, k: 7)
                        if found != expected { problems.withLock { $0.append("another answer") } }
                    }
                } catch {
                    problems.withLock { $0.append("\(error)") }
                }
            }
            #expect(problems.withLock { $0 } == [])
        }
    }
}
