// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// What of an opened snapshot is still to be verified, and before what.
final class SnapshotVerification: @unchecked Sendable {
    // SAFETY: `state` is guarded; the sections' memory belongs to the index that owns this, and is not changed before `change` has
    // been verified.

    /// What is about to be done with the index.
    enum Use: Int, CaseIterable {
        /// Vectors are read by their keys.
        case lookup

        /// The graph is searched.
        case search

        /// The index is changed or saved.
        case change
    }

    private struct State {
        var pending: [SnapshotTensor]
        var failure: SnapshotError?
    }

    private let state: Guarded<State>

    /// The uses for which nothing is to be verified any more, a bit each.
    private let verified: Atomic<Int>

    /// Nothing to verify: the index does not come from a file, or ``begin(pending:isVerified:)`` says more before anybody uses it.
    init() {
        state = Guarded(State(pending: []))
        verified = Atomic(Self.bits(Use.allCases))
    }

    /// - Parameters:
    ///   - pending: sections whose checksums are still to be compared.
    ///   - isVerified: whether it is proved that the index can be changed.
    func begin(pending: [SnapshotTensor], isVerified: Bool) {
        state.withLock { $0.pending = pending }
        let uses: [Use] = isVerified ? Use.allCases : pending.isEmpty ? [.lookup, .search] : []
        verified.store(Self.bits(uses), ordering: .releasing)
    }

    private static func bits(_ uses: [Use]) -> Int { uses.reduce(0) { $0 | 1 << $1.rawValue } }

    /// Verifies what a use must know, unless that is done.
    ///
    /// - Parameter structure: proves that the index can be changed.
    /// - Throws: ``VectorIndexError/snapshot(_:)``, now and ever after.
    func require(
        _ use: Use, structure: () throws(SnapshotError) -> Void = {}
    ) throws(VectorIndexError) {
        if verified.load(ordering: .acquiring) & 1 << use.rawValue != 0 { return }
        try verify(use, structure: structure)
    }

    @inline(never)
    private func verify(_ use: Use, structure: () throws(SnapshotError) -> Void) throws(VectorIndexError) {
        let failure: SnapshotError? = state.withLock { state in
            if let failure = state.failure { return failure }
            guard verified.load(ordering: .relaxed) & 1 << use.rawValue == 0 else { return nil }
            do throws(SnapshotError) {
                for tensor in state.pending where use.reads(tensor.section) { try tensor.verify() }
                state.pending.removeAll { use.reads($0.section) }
                if use == .change { try structure() }
                let uses = Use.allCases.filter { other in
                    other == use || other != .change && !state.pending.contains { other.reads($0.section) }
                }
                _ = verified.bitwiseOr(Self.bits(uses), ordering: .releasing)
                return nil
            } catch {
                state.failure = error
                return error
            }
        }
        if let failure { throw .snapshot(failure) }
    }
}

extension SnapshotVerification.Use {
    /// Sections that are read when an index is opened, in any case.
    static func isSmall(_ section: SnapshotSection) -> Bool {
        switch section {
        case .keys, .keyTable, .states, .lifetimeHints, .levels, .flags, .firstUpperRows: true
        default: false
        }
    }

    fileprivate func reads(_ section: SnapshotSection) -> Bool {
        switch section {
        case .vectors, .halfVectors, .codes, .codeTerms, .remainders, .keptVectors: true
        case .baseNeighbors, .upperNeighbors: self != .lookup
        default: self == .change
        }
    }
}
