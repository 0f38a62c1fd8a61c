// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

/// What is still to be verified of an opened snapshot, and before which use.
final class SnapshotVerification: @unchecked Sendable {
    // SAFETY: `state` is guarded. The sections' memory belongs to the index that owns this, and is not changed before `change` is
    // verified.

    /// A use of the index.
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

    /// The uses for which nothing is left to verify, one bit each.
    private let verified: Atomic<Int>

    /// There is nothing to verify. If the index comes from a file, ``begin(pending:isVerified:)`` follows before any use.
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

    /// Verifies what a use relies on, unless that is done.
    ///
    /// - Parameter structure: proves that the index can be changed.
    /// - Throws: ``VectorIndexError/snapshot(_:)``, and the same at every later call.
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
    /// Sections that are always read when an index is opened.
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
