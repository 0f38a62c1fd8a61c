// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

extension StoredVectors {
    /// The most vectors that there can be, where the system has the address space.
    package static func capacity(dimensions: Int) -> Int {
        Tensor<Float>.maximumRows(stride: VectorMatrix.paddedDimensions(dimensions))
    }

    /// The vectors of a file, whole or compact.
    ///
    /// - Parameters:
    ///   - codes: the file's codes, if compact vectors are decoded from them; nil if the vectors are whole.
    ///   - count: vectors, live and dead.
    package convenience init(
        dimensions: Int, metric: Metric, instructionSet: InstructionSet, codes: CodeMatrix?, file: SnapshotFile,
        count: Int
    ) throws(StorageError) {
        guard let codes else {
            let matrix = try VectorMatrix(dimensions: dimensions, section: .vectors, of: file, count: count)
            self.init(matrix, metric: metric, instructionSet: instructionSet)
            return
        }
        let capacity = Self.capacity(dimensions: dimensions)
        let compact = try CompactVectors(codes: codes, rows: capacity, file: file)
        self.init(compact, metric: metric, instructionSet: instructionSet, capacity: capacity)
    }

    /// Appends the vectors to a snapshot; of compact ones, what stands beside the codes.
    package func save(to writer: SnapshotWriter) throws(SnapshotError) {
        switch storage {
        case .whole(let matrix, _): try matrix.save(to: writer, section: .vectors)
        case .compact(let compact): try compact.save(to: writer)
        }
    }

    /// Throws unless every vector could have been inserted: none holds what is not a finite number, or is too long.
    package func verifyValues(maximumSquaredNorm: Float) throws(SnapshotError) {
        func isSound(_ kernel: Float32Kernel, _ vector: UnsafePointer<Float>) -> Bool {
            kernel.squaredNorm(vector) <= maximumSquaredNorm
        }
        switch storage {
        case .whole(let matrix, let kernel):
            for slot in 0..<UInt32(count) where !isSound(kernel, matrix.row(Slot(slot))) {
                throw .malformed(
                    section: SnapshotSection.vectors.name, reason: "the vector of slot \(slot) has no length")
            }
        case .compact(let compact):
            let kernel = decodedRows(1).kernel
            try compact.verifyKept { isSound(kernel, $0) }
        }
    }
}
