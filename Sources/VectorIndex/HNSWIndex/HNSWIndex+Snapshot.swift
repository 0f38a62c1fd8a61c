// SPDX-License-Identifier: Apache-2.0

import HNSW
import Synchronization

extension HNSWIndex {
    /// Saves the index to a file, from which ``init(contentsOf:options:)-(String,_)`` opens it without building it again.
    ///
    /// A temporary file in the same folder is written first. It replaces the old file when all of it is on the disk, so at any time
    /// the old or the new one is there. A process that reads the old one goes on reading it.
    ///
    /// An index that has not changed is saved to the same bytes. Changes wait until it is saved; searches do not. Writes about as
    /// many bytes as ``memoryBytes`` says.
    ///
    /// - Parameter path: the file to write or to replace, in a folder that is there.
    /// - Returns: the length of the file in bytes.
    /// - Throws: ``VectorIndexError/snapshot(_:)``: the file cannot be written (``SnapshotError/cannotWrite(path:code:)`` says
    ///   why), or the index was opened from a damaged one. The old file is unchanged, with the exception that ``SnapshotError``
    ///   names.
    @discardableResult
    public func save(to path: String) throws(VectorIndexError) -> Int {
        try save(to: path, calls: .real)
    }

    /// Saves by the given system calls.
    package func save(to path: String, calls: SystemCalls) throws(VectorIndexError) -> Int {
        try writer.withLock { (writer) throws(VectorIndexError) in try writer.save(to: path, calls: calls) }
    }

    /// Opens a saved index. It gives the same answers to the bit, and changes go on where they were when it was saved. The file is
    /// not changed before the index is saved to it.
    ///
    /// Nothing is built. While the index is open, the file may be deleted, or replaced by ``save(to:)-(String)`` or a renaming. It
    /// must not be written to or cut off: the system ends a process that reads a page that no longer exists. An index that is
    /// ``SnapshotResidency/loaded`` does not read the file again.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - options: what is checked, and where the content is kept.
    /// - Throws: ``VectorIndexError``: ``VectorIndexError/snapshot(_:)`` if the file cannot be read, is no snapshot, is in a newer
    ///   format, or is damaged, and where; the instruction set is not supported; or the system has no memory.
    public convenience init(
        contentsOf path: String, options: SnapshotOptions = SnapshotOptions()
    ) throws(VectorIndexError) {
        let instructionSet: InstructionSet
        do { instructionSet = try InstructionSet.resolve(options.instructionSet) } catch {
            throw .instructionSet(error)
        }
        do throws(StorageError) {
            let file = try StorageError.wrap { () throws(SnapshotError) in
                try SnapshotFile(path, residency: options.residency, prefaults: options.verification == .full)
            }
            try self.init(OpenedSnapshot(file, instructionSet: instructionSet, wantedSet: options.instructionSet))
            try StorageError.wrap { () throws(SnapshotError) in
                try writer.withLock { (writer) throws(SnapshotError) in try writer.verify(file, options.verification) }
            }
        } catch {
            throw VectorIndexError(error)
        }
    }
}
