// SPDX-License-Identifier: Apache-2.0

/// Vectors of a span, one after the other, that have been checked: all values are finite. Under cosine they are copies of length 1.
struct CheckedRows: ~Copyable {
    let dimensions: Int
    let count: Int
    private let kernel: Float32Kernel
    private let base: UnsafePointer<Float>
    private let copy: UnsafeMutablePointer<Float>?
    private let squaredNorms: UnsafeMutablePointer<Float>

    /// The largest of the rows' Euclidean norms.
    private let largestNorm: Float

    /// - Parameter values: outlive this, as the caller's argument does.
    init(
        _ values: Span<Float>, dimensions: Int, metric: Metric, instructionSet: InstructionSet
    ) throws(DistanceError) {
        guard dimensions > 0 else { throw .noDimensions }
        guard values.count % dimensions == 0 else {
            throw .dimensionMismatch(expected: dimensions, found: values.count)
        }
        let count = values.count / dimensions
        let norms = Norms(instructionSet: instructionSet)
        let squaredNorms = UnsafeMutablePointer<Float>.allocate(capacity: max(count, 1))
        let copy = metric == .cosine ? UnsafeMutablePointer<Float>.allocate(capacity: max(values.count, 1)) : nil
        // SAFETY: the pointer is used while the argument `values` lives, which the callers hold for the whole of their calls.
        let source = values.withUnsafeBufferPointer { $0.baseAddress } ?? UnsafePointer(squaredNorms)
        copy?.initialize(from: source, count: values.count)
        var largest: Float = 0
        var fault: DistanceError?
        for i in 0..<count {
            let row = source + i * dimensions
            squaredNorms[i] = norms.squaredNorm(row, count: dimensions)
            // Squares of finite values may overflow.
            if !squaredNorms[i].isFinite, !(0..<dimensions).allSatisfy({ row[$0].isFinite }) {
                fault = .notFinite(index: i)
            } else if let copy {
                if norms.normalize(copy + i * dimensions, count: dimensions) == 0 { fault = .zeroVector(index: i) }
                squaredNorms[i] = 1
            }
            guard fault == nil else { break }
            largest = max(largest, squaredNorms[i])
        }
        if let fault {
            squaredNorms.deallocate()
            copy?.deallocate()
            throw fault
        }
        self.dimensions = dimensions
        self.count = count
        self.copy = copy
        self.squaredNorms = squaredNorms
        base = copy.map { UnsafePointer($0) } ?? source
        largestNorm = largest.squareRoot()
        kernel = Float32Kernel(
            metric: metric, rows: base, paddedDimensions: dimensions, stride: dimensions, instructionSet: instructionSet
        )
    }

    deinit {
        copy?.deallocate()
        squaredNorms.deallocate()
    }

    func row(_ index: Int) -> UnsafePointer<Float> { base + index * dimensions }

    /// The Euclidean norm of a row.
    func norm(_ index: Int) -> Float { squaredNorms[index].squareRoot() }

    /// The distance from a query to a row, with the bits of ``scan(_:first:count:into:)``.
    func distance(_ query: UnsafePointer<Float>, _ index: Int) -> Float {
        var distance: Float = 0
        kernel.scan(query, first: index, count: 1, into: &distance)
        return distance
    }

    /// `distances[i]` becomes the distance from a query to row `first + i`.
    func scan(_ query: UnsafePointer<Float>, first: Int, count: Int, into distances: UnsafeMutablePointer<Float>) {
        kernel.scan(query, first: first, count: count, into: distances)
    }

    /// `distances[i * count + j]` becomes the batched distance from the i-th of some queries to row `first + j`.
    func batch(
        _ queries: borrowing CheckedRows, queries range: Range<Int>, first: Int, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        let block = QueryBlock(
            base: queries.row(range.lowerBound), count: range.count, stride: dimensions,
            squaredNorms: queries.squaredNorms + range.lowerBound)
        kernel.batch(block, first: first, count: count, into: distances)
    }

    /// How far a batched distance from a query may be off that of ``scan(_:first:count:into:)``.
    func batchError(queryNorm: Float) -> Float {
        // Both are off the true distance by the bound at most.
        2 * kernel.batchError(queryNorm: queryNorm, rowNorm: largestNorm)
    }
}
