// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization
import TestSupport
import Testing
import VectorIndex

@Suite("Many threads")
struct ConcurrencyTests {
    /// What searching threads saw that they must not see.
    private struct Findings: Sendable {
        var searches = 0
        var problems: [String] = []
    }

    @Test("Searches beside insertions, batches and removals see only live keys", arguments: IndexKind.allCases)
    func searchesBesideChanges(kind: IndexKind) throws {
        let seed: UInt64 = 91
        let dimensions = 8
        var generator = SeededGenerator(seed: seed)
        let vectors = generator.vectors(count: 900, dimensions: dimensions)
        let queries = (0..<16).map { _ in generator.vector(dimensions: dimensions) }
        let index = try kind.make(dimensions: dimensions, metric: .squaredEuclidean)
        // Keys 0..<100 stay; 100..<300 are removed before the searches begin; the others come, and 300..<500 go again.
        try index.insertAll(Array(vectors.prefix(300 * dimensions)), keys: 0..<300)
        for key in 100..<300 as Range<UInt64> { try index.remove(key: key) }
        let allowed = Set(0..<100 as Range<UInt64>).union(300..<900)
        let isDone = Atomic(false)
        let findings = Guarded(Findings())
        let changes: @Sendable () throws -> Void = {
            for first in stride(from: 300, to: 900, by: 60) {
                let values = Array(vectors[first * dimensions..<(first + 60) * dimensions])
                if first % 120 == 60 {
                    try index.insertAll(values, keys: UInt64(first)..<UInt64(first + 60))
                } else {
                    try index.insertEach(values, keys: UInt64(first)..<UInt64(first + 60))
                }
                if first >= 480, first < 660 {
                    for key in first - 180..<first - 120 { try index.remove(key: UInt64(key)) }
                }
            }
            for key in 480..<500 as Range<UInt64> { try index.remove(key: key) }
        }
        onThreads(5) { thread in
            if thread == 0 {
                defer { isDone.store(true, ordering: .releasing) }
                do { try changes() } catch { findings.withLock { $0.problems.append("change: \(error)") } }
                return
            }
            var i = thread
            repeat {
                i += 1
                do {
                    let found = try index.search(queries[i % 16], k: 20)
                    let keys = Set(found.map(\.key))
                    let isSorted = zip(found, found.dropFirst()).allSatisfy { $0.distance <= $1.distance }
                    let isStorable = found.count == 20 && keys.count == 20 && keys.isSubset(of: allowed) && isSorted
                    let vector = try index.vector(for: UInt64(i % 100)).map(Array.init)
                    let isStored = vector == vectors.vector(i % 100, dimensions) && index.count >= 100
                    findings.withLock {
                        $0.searches += 1
                        if !isStorable || !isStored { $0.problems.append("\(keys), sorted: \(isSorted)") }
                    }
                } catch { findings.withLock { $0.problems.append("search: \(error)") } }
            } while !isDone.load(ordering: .acquiring)
        }
        let (searches, problems) = findings.withLock { ($0.searches, $0.problems) }
        #expect(searches > 0)
        #expect(problems.isEmpty, "seed \(seed), of \(searches) searches")
        let live = Set(0..<900 as Range<UInt64>).subtracting(100..<500)
        #expect(Set(try index.search(queries[0], k: .max).map(\.key)) == live)
        if let index = index as? HNSWIndex { try index.checkInvariants() }
    }

    @Test("Insertions from many threads are all made", arguments: IndexKind.allCases)
    func insertionsBesideOneAnother(kind: IndexKind) throws {
        var generator = SeededGenerator(seed: 92)
        let vectors = generator.vectors(count: 400, dimensions: 6)
        let index = try kind.make(dimensions: 6, metric: .cosine)
        let refused = Atomic(0)
        onThreads(8) { thread in
            // Two threads want every key: one of them is refused.
            for i in 0..<100 {
                let key = thread / 2 * 100 + i
                do throws(VectorIndexError) { try index.insert(vectors.vector(key, 6), key: UInt64(key)) } catch {
                    refused.add(error == .duplicateKey(UInt64(key)) ? 1 : 1_000_000, ordering: .relaxed)
                }
            }
        }
        #expect(refused.load(ordering: .relaxed) == 400)
        #expect(index.count == 400)
        for i in 0..<400 { #expect(try index.search(vectors.vector(i, 6), k: 1).map(\.key) == [UInt64(i)]) }
        if let index = index as? HNSWIndex { try index.checkInvariants() }
    }

    @Test("The invariants can be checked while a batch is linked")
    func invariantsBesideBatch() throws {
        var generator = SeededGenerator(seed: 93)
        let vectors = generator.vectors(count: 800, dimensions: 6)
        let index = try HNSWIndex(dimensions: 6, metric: .manhattan)
        let violations = Guarded<[String]>([])
        let checks = DispatchGroup()
        var calls = 0
        // Every check that begins amid the batch must wait for its end.
        try index.insert(contentsOf: vectors.span, keys: Array(0..<800), threads: 2) { _ in
            calls += 1
            guard calls % 10 == 1, calls < 50 else { return }
            DispatchQueue.global().async(group: checks) {
                do { try index.checkInvariants() } catch { violations.withLock { $0.append("\(error)") } }
            }
            // Time for a check that does not wait for the batch to go wrong.
            _ = checks.wait(timeout: .now() + .milliseconds(20))
        }
        checks.wait()
        #expect(calls > 20)
        #expect(violations.withLock { $0 }.isEmpty)
    }
}
