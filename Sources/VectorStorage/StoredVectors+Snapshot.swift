// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

extension StoredVectors {
    /// The most vectors that there can be, where the system has the address space.
    package static func capacity(dimensions: Int, rows: VectorRows = .float32) -> Int {
        Tensor<UInt8>.maximumRows(stride: rows.rowBytes(dimensions: dimensions))
    }

    /// The vectors of a file, whole or codes-only.
    ///
    /// - Parameters:
    ///   - rows: what whole vectors are kept as.
    ///   - codes: the file's codes, if codes-only vectors are decoded from them; nil if the vectors are whole.
    ///   - count: vectors, live and removed.
    package convenience init(
        dimensions: Int, metric: Metric, instructionSet: InstructionSet, rows: VectorRows = .float32,
        codes: CodeMatrix?, file: SnapshotFile, count: Int
    ) throws(StorageError) {
        guard let codes else {
            switch rows {
            case .float32:
                let matrix = try VectorMatrix(dimensions: dimensions, section: .vectors, of: file, count: count)
                self.init(matrix, metric: metric, instructionSet: instructionSet)
            case .float16:
                let matrix = try HalfMatrix(
                    dimensions: dimensions, metric: metric, instructionSet: instructionSet, file: file, count: count)
                self.init(matrix, metric: metric, instructionSet: instructionSet)
            }
            return
        }
        let capacity = Self.capacity(dimensions: dimensions, rows: rows)
        let codesOnly = try CodesOnlyVectors(codes: codes, rows: capacity, file: file)
        self.init(codesOnly, metric: metric, instructionSet: instructionSet, capacity: capacity)
    }

    /// Appends the vectors to a snapshot; of codes-only ones, what stands beside the codes.
    package func save(to writer: SnapshotWriter) throws(SnapshotError) {
        switch storage {
        case .whole(let matrix, _): try matrix.save(to: writer, section: .vectors)
        case .half(let matrix): try matrix.save(to: writer)
        case .codesOnly(let codesOnly): try codesOnly.save(to: writer)
        }
    }

    /// Throws unless every vector could have been inserted: none holds what is not a finite number, or is too long.
    package func verifyValues(maximumSquaredNorm: Float) throws(SnapshotError) {
        let norms = Norms(instructionSet: instructionSet)
        func isStorable(_ vector: UnsafePointer<Float>) -> Bool {
            norms.squaredNorm(vector, count: stride) <= maximumSquaredNorm
        }
        func verifyWhole(_ section: SnapshotSection) throws(SnapshotError) {
            let space = AlignedBuffer<Float>(capacity: stride, zero: 0)
            for slot in 0..<UInt32(count) where !isStorable(vector(slot, space: space.base)) {
                throw .malformed(section: section.name, reason: "the vector of slot \(slot) has no length")
            }
        }
        switch storage {
        case .whole: try verifyWhole(.vectors)
        case .half: try verifyWhole(.halfVectors)
        case .codesOnly(let codesOnly): try codesOnly.verifyKept(isStorable: isStorable)
        }
    }
}
