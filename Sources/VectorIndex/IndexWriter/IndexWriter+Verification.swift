// SPDX-License-Identifier: Apache-2.0

import HNSW

extension IndexWriter {
    /// Verifies what the options ask for while an index is opened.
    func verify(_ file: SnapshotFile, _ verification: SnapshotOptions.Verification) throws(SnapshotError) {
        func isSmall(_ tensor: SnapshotTensor) -> Bool { SnapshotVerification.Use.isSmall(tensor.section) }
        switch verification {
        case .full:
            try prove(file.tensors.map { .checksum($0) } + Proof.structure)
            storage.snapshot.begin(pending: [], isVerified: true)
        case .lazy:
            try prove(file.tensors.filter(isSmall).map { .checksum($0) })
            storage.snapshot.begin(pending: file.tensors.filter { !isSmall($0) }, isVerified: false)
        case .none:
            storage.snapshot.begin(pending: [], isVerified: false)
        }
    }

    /// Throws unless all is verified that changes and saving rely on.
    func requireVerified() throws(VectorIndexError) {
        try storage.snapshot.require(.change) { () throws(SnapshotError) in try prove(Proof.structure) }
    }

    /// What is to be proved of a file. Each proof is linear in its part, and relies on no other.
    private enum Proof {
        /// That a section's bytes are those that were written.
        case checksum(SnapshotTensor)

        // That every number leads where it should.
        case nodes, edges, values, keys

        static let structure: [Proof] = [.nodes, .edges, .values, .keys]
    }

    private func prove(_ proof: Proof) throws(SnapshotError) {
        switch proof {
        case .checksum(let tensor): try tensor.verify()
        case .nodes: try graph.verifyNodes()
        case .edges: try graph.verifyEdges()
        case .values:
            try codes?.verifyTerms()
            try vectors.verifyValues(maximumSquaredNorm: VectorIndexError.maximumSquaredNorm)
        case .keys: try verifyKeys()
        }
    }

    /// Carries out proofs on every core. If several fail, throws the error of the first in the list.
    private func prove(_ proofs: [Proof]) throws(SnapshotError) {
        var failures = [SnapshotError?](repeating: nil, count: proofs.count)
        failures.withUnsafeMutableBufferPointer { failures in
            Parallel.forEachPart(of: proofs.count, size: 1, threads: Processors.count) { _, part in
                for i in part {
                    do throws(SnapshotError) { try prove(proofs[i]) } catch { failures[i] = error }
                }
            }
        }
        if let failure = failures.lazy.compactMap({ $0 }).first { throw failure }
    }

    /// Every key leads to a vector, and every vector has a key.
    private func verifyKeys() throws(SnapshotError) {
        let slotCount = UInt32(vectors.count)
        try storage.directory.read { (directory) throws(SnapshotError) in
            try directory.verify { !graph.isRemoved($0) }
            let live = (0..<slotCount).count { !graph.isRemoved(Slot($0)) }
            guard live == directory.count else {
                throw .malformed(
                    section: SnapshotSection.keyTable.name, reason: "\(directory.count) keys of \(live) vectors")
            }
        }
        guard indistinctSlots.allSatisfy({ $0.index < vectors.count }) else {
            throw .malformed(section: SnapshotSection.index.name, reason: "a vector to be kept whole that there is not")
        }
    }
}
