// SPDX-License-Identifier: Apache-2.0

/// Where the tensors of an index come from: fresh memory, or the sections of a file.
package enum TensorSource {
    case fresh
    case file(SnapshotFile)

    package var file: SnapshotFile? {
        guard case .file(let file) = self else { return nil }
        return file
    }

    /// A tensor with room for `capacity` rows. The file has the first `rows` of them.
    ///
    /// - Parameters:
    ///   - rows: rows that are usable; ignored where nothing is stored.
    ///   - isOptional: whether a file may leave the section out, which stands for zeros.
    package func tensor<Element>(
        _ section: SnapshotSection, stride: Int, capacity: Int, rows: Int, isOptional: Bool = false
    ) throws(StorageError) -> Tensor<Element> {
        guard case .file(let file) = self else { return try Tensor(stride: stride, rows: capacity) }
        let memory = try Tensor<Element>.memory(
            stride: stride, rows: capacity, fileOffset: file.header.entry(section)?.offset ?? 0)
        let rowBytes = stride * MemoryLayout<Element>.stride
        let length = file.length(section)
        guard length > 0 || !isOptional else {
            let tensor = Tensor<Element>(stride: stride, rows: capacity, memory: memory)
            try tensor.ensure(rows: rows)
            return tensor
        }
        // Division, so that no number of rows overflows.
        guard length % rowBytes == 0, length / rowBytes == rows else {
            throw .snapshot(
                .malformed(section: section.name, reason: "\(length) bytes; wanted \(rows) rows of \(rowBytes)"))
        }
        try file.fill(memory, with: section)
        return Tensor(stride: stride, rows: capacity, memory: memory)
    }
}
