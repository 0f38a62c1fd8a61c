// SPDX-License-Identifier: Apache-2.0

import HNSW

extension IndexWriter {
    /// Saves the index to a file by the given system calls. Returns the length of the file in bytes.
    func save(to path: String, calls: SystemCalls) throws(VectorIndexError) -> Int {
        try requireVerified()
        do throws(SnapshotError) {
            let state = state.value
            let version = IndexRecord.version(rows: storage.options.rows, isBalanced: state.balance != nil)
            let file = try SnapshotWriter(path, version: version, calls: calls)
            try file.append(.index, IndexRecord(self).encoded())
            if let codes = state.codes { try file.append(.quantizer, codes.quantizer.encoded()) }
            if let calibrated = state.calibrated {
                try file.append(.calibration, calibrated.encoded(dimensions: storage.dimensions))
            }
            if let balance = state.balance { try file.append(.balance, balance.encoded()) }
            try graph.save(to: file)
            try storage.directory.read { (directory) throws(SnapshotError) in
                try directory.save(to: file, slotCount: state.vectors.count)
            }
            try state.codes?.save(to: file)
            try state.vectors.save(to: file)
            return try file.finish()
        } catch {
            throw .snapshot(error)
        }
    }
}
