// SPDX-License-Identifier: Apache-2.0

import HNSW

/// What a snapshot's section `index` holds. Numbers have 8 bytes.
///
/// | bytes   | content                                                                                    |
/// |---------|--------------------------------------------------------------------------------------------|
/// | 0-7     | dimensions                                                                                  |
/// | 8-15    | metric: 0 Manhattan, 1 squared Euclidean, 2 inner product, 3 cosine                            |
/// | 16-39   | M, efConstruction, efSearch                                                                 |
/// | 40-47   | seed                                                                                        |
/// | 48-55   | codes asked for: 0 the index's choice, 1 32-bit floats, 2 8 bits, 3 4 bits                       |
/// | 56-63   | 1 if vectors are kept beside codes                                                            |
/// | 64-71   | 1 if vectors are codes-only now                                                               |
/// | 72-79   | slots                                                                                       |
/// | 80-87   | vectors that are held                                                                         |
/// | 88-95   | vectors ever inserted                                                                         |
/// | 96-103  | vectors when codes were last made                                                             |
/// | 104-111 | what vectors are stored as: 0 32-bit floats, 1 half precision, which only version 3 of the format has;  |
/// |         | in version 1: vectors when codes were last found to suit                                        |
/// | 112-    | the slots of vectors that stay whole when others are given up, with their number before them    |
/// |         | and 4 bytes each; in version 1: of vectors that came since codes were found to suit               |
///
/// An index without codes leaves out the section `quantizer`. It holds:
///
/// 1. The kind of codes (8 bytes): 2 for 8 bits, 3 for 4 bits. 4 and 5 are the same, with dimensions scaled as `balance` says.
/// 2. The number of dimensions (8), and the center's value in each (4), scaled likewise.
///
/// ``SnapshotVersion1`` says what it held in version 1.
///
/// Only an index under the inner product may have the section `balance`, in version 3 of the format. It holds the number of
/// dimensions (8) and the center's value in each (4). The same follows for the weights.
struct IndexRecord {
    var dimensions: Int
    var metric: Metric
    var options: HNSWOptions
    var isCodesOnly: Bool
    var slotCount: Int
    var liveCount: Int
    var insertedCount: Int
    var codesLearntCount: Int
    var indistinctSlots: [UInt32]

    private static let rows: [VectorRows] = [.float32, .float16]
    private static let metrics: [Metric] = [.manhattan, .squaredEuclidean, .innerProduct, .cosine]
    fileprivate static let codes: [VectorCodes] = [.automatic, .float32, .int8, .int4]

    /// The oldest version of the format that can express what an index holds, so that older releases can read it.
    static func version(rows: VectorRows, isBalanced: Bool) -> Int { rows == .float32 && !isBalanced ? 2 : 3 }

    /// Above any real count, and so low that sums do not overflow.
    private static let countRange = 0...1 << 48

    /// The record of an index.
    init(_ index: borrowing IndexWriter) {
        dimensions = index.storage.dimensions
        metric = index.storage.metric
        options = index.storage.options
        isCodesOnly = index.vectors.isCodesOnly
        slotCount = index.vectors.count
        liveCount = index.storage.count
        insertedCount = index.storage.insertedCount.load(ordering: .relaxed)
        codesLearntCount = index.state.value.codesLearntCount
        indistinctSlots = index.indistinctSlots.map(\.rawValue).sorted()
    }

    func encoded() -> RecordWriter {
        var record = RecordWriter()
        record.append(UInt64(dimensions))
        record.append(UInt64(Self.metrics.firstIndex(of: metric) ?? 0))
        for value in [options.m, options.efConstruction, options.efSearch] { record.append(UInt64(value)) }
        record.append(options.seed)
        record.append(UInt64(Self.codes.firstIndex(of: options.codes) ?? 0))
        for isSet in [options.keepsVectors, isCodesOnly] { record.append(UInt64(isSet ? 1 : 0)) }
        for count in [slotCount, liveCount, insertedCount, codesLearntCount] { record.append(UInt64(count)) }
        record.append(UInt64(Self.rows.firstIndex(of: options.rows) ?? 0))
        record.append(indistinctSlots)
        return record
    }

    /// The record of a file.
    init(_ file: SnapshotFile) throws(SnapshotError) {
        guard var record = try file.record(.index) else {
            throw .malformed(section: SnapshotSection.index.name, reason: "it is missing")
        }
        try self.init(&record, version: file.header.version)
    }

    private init(_ record: inout RecordReader, version: Int) throws(SnapshotError) {
        dimensions = try record.next("the number of dimensions", in: IndexLimits.dimensions)
        metric = Self.metrics[try record.next("the metric", in: 0...Self.metrics.count - 1)]
        let m = try record.next("M", in: HNSWOptions.mRange)
        let efConstruction = try record.next("efConstruction", in: HNSWOptions.efConstructionRange)
        let efSearch = try record.next("efSearch", in: HNSWOptions.efSearchRange)
        let seed = try record.next(UInt64.self)
        let codes = Self.codes[try record.next("the kind of codes", in: 0...Self.codes.count - 1)]
        options = HNSWOptions(m: m, efConstruction: efConstruction, efSearch: efSearch, seed: seed, codes: codes)
        options.keepsVectors = try record.next("whether vectors are kept", in: 0...1) == 1
        isCodesOnly = try record.next("whether vectors are codes-only", in: 0...1) == 1
        slotCount = try record.next("the number of slots", in: 0...Slot.maximumCount)
        liveCount = try record.next("the number of vectors", in: 0...slotCount)
        insertedCount = try record.next(
            "the number of vectors ever inserted", in: liveCount...Self.countRange.upperBound)
        codesLearntCount = try record.next("the number of vectors when codes were made", in: Self.countRange)
        if version == 1 {
            _ = try record.next("the number of vectors when codes suited", in: Self.countRange)
        } else {
            let known = version == 2 ? 0...0 : 0...Self.rows.count - 1
            options.rows = Self.rows[try record.next("the kind of rows", in: known)]
        }
        let slots = try record.array(UInt32.self)
        indistinctSlots = version == 1 ? [] : slots
        try record.finish()
        guard options.keepsVectors || codes != .float32, !(options.keepsVectors && isCodesOnly) else {
            throw record.malformed("neither vectors nor codes are kept, or vectors that should not be there are not")
        }
    }
}

extension RowQuantizer {
    func encoded() -> RecordWriter {
        var record = RecordWriter()
        record.append(UInt64(IndexRecord.codes.firstIndex(of: codes) ?? 0) + (isScaled ? 2 : 0))
        record.append(center)
        return record
    }

    /// What a file's codes are.
    static func kind(in file: SnapshotFile) throws(SnapshotError) -> VectorCodes {
        guard var record = try file.record(.quantizer) else { return .float32 }
        return try kind(&record).codes
    }

    private static func kind(
        _ record: inout RecordReader
    ) throws(SnapshotError) -> (codes: VectorCodes, areScaled: Bool) {
        let number = try record.next("the kind of codes", in: 2...5)
        return (number % 2 == 0 ? .int8 : .int4, number > 3)
    }

    /// What rounded the vectors of a file to codes; nil if it has none.
    init?(
        _ file: SnapshotFile, index: IndexRecord, balance: ProductBalance?, instructionSet: InstructionSet
    ) throws(SnapshotError) {
        guard var record = try file.record(.quantizer) else { return nil }
        let (codes, areScaled) = try Self.kind(&record)
        guard [codes, .automatic].contains(index.options.codes) else {
            throw record.malformed("codes of another kind than is asked for")
        }
        guard !areScaled || balance != nil else {
            throw .malformed(section: SnapshotSection.balance.name, reason: "it is missing")
        }
        let center = try record.floats("the center")
        try record.finish()
        // Vectors have no values beyond 2⁶³, and neither has their center.
        guard center.count == index.dimensions, center.allSatisfy({ abs($0) <= 0x1p63 }) else {
            throw record.malformed("a center of \(center.count) values")
        }
        self.init(
            codes, metric: index.metric, center: center, scales: areScaled ? balance?.scales : nil,
            instructionSet: instructionSet)
    }
}

extension ProductBalance {
    func encoded() -> RecordWriter {
        var record = RecordWriter()
        record.append(center)
        record.append(weights)
        return record
    }

    /// The balance of a file's index; nil if it has none.
    init?(_ file: SnapshotFile, index: IndexRecord) throws(SnapshotError) {
        // A file with sections that no part of the index reads is refused.
        guard file.header.version >= 3, index.metric == .innerProduct, var record = try file.record(.balance) else {
            return nil
        }
        let center = try record.floats("the center")
        let weights = try record.floats("the weights")
        try record.finish()
        guard center.count == index.dimensions, weights.count == index.dimensions,
            center.allSatisfy({ abs($0) <= 0x1p63 }), weights.allSatisfy({ $0 > 0 && $0 <= 1 })
        else {
            throw record.malformed("a balance of \(center.count) values and \(weights.count) weights")
        }
        self.init(center: center, weights: weights)
    }
}

/// The parts of an index that is opened from a file.
struct OpenedSnapshot: ~Copyable {
    let record: IndexRecord
    let instructionSet: InstructionSet
    let state: SearchState
    let graph: GraphWriter
    let directory: KeyDirectory

    /// Reads the records of a file and makes its tensors memory, without a check of their content.
    ///
    /// - Parameter wantedSet: the instruction set that was asked for.
    init(
        _ file: SnapshotFile, instructionSet: InstructionSet, wantedSet: InstructionSet?
    ) throws(StorageError) {
        var record = try StorageError.wrap { () throws(SnapshotError) in try IndexRecord(file) }
        record.options.instructionSet = wantedSet
        let balance = try StorageError.wrap { () throws(SnapshotError) in try ProductBalance(file, index: record) }
        let (vectors, codes) = try Self.vectors(file, record, balance: balance, instructionSet: instructionSet)
        let calibrated = try StorageError.wrap { () throws(SnapshotError) in
            try Calibrated(file, dimensions: record.dimensions)
        }
        let graph = try GraphWriter(
            parameters: record.options.parameters, capacity: vectors.capacity, file: file, slotCount: record.slotCount)
        let directory = try KeyDirectory(
            capacity: vectors.capacity, file: file, count: record.liveCount, slotCount: record.slotCount)
        try StorageError.wrap { () throws(SnapshotError) in try file.requireAllRead() }
        self.record = record
        self.instructionSet = instructionSet
        state = SearchState(
            vectors: vectors, codes: codes, balance: balance, codesLearntCount: record.codesLearntCount,
            calibrated: calibrated)
        self.graph = graph
        self.directory = directory
    }

    private static func vectors(
        _ file: SnapshotFile, _ record: IndexRecord, balance: ProductBalance?, instructionSet: InstructionSet
    ) throws(StorageError) -> (StoredVectors, CodeMatrix?) {
        let capacity = StoredVectors.capacity(dimensions: record.dimensions, rows: record.options.rows)
        if file.header.version == 1,
            let old = try StorageError.wrap({ () throws(SnapshotError) in try SnapshotVersion1(file, index: record) })
        {
            let vectors = try old.vectors(file, instructionSet: instructionSet)
            let codes = try vectors.encoded(old.codes, instructionSet: instructionSet)
            return (record.isCodesOnly ? try vectors.codesOnly(by: codes, keeping: []) : vectors, codes)
        }
        let quantizer = try StorageError.wrap { () throws(SnapshotError) in
            try RowQuantizer(file, index: record, balance: balance, instructionSet: instructionSet)
        }
        guard quantizer != nil || !record.isCodesOnly else {
            throw .snapshot(.malformed(section: SnapshotSection.quantizer.name, reason: "it is missing"))
        }
        var codes: CodeMatrix?
        if let quantizer {
            codes = try CodeMatrix(
                quantizer: quantizer, instructionSet: instructionSet, rows: capacity, file: file,
                count: record.slotCount)
        }
        let vectors = try StoredVectors(
            dimensions: record.dimensions, metric: record.metric, instructionSet: instructionSet,
            rows: record.options.rows, codes: record.isCodesOnly ? codes : nil, file: file, count: record.slotCount)
        return (vectors, codes)
    }
}

extension StoredVectors {
    /// The codes of all vectors, about a center that suits them.
    func encoded(_ kind: VectorCodes, instructionSet: InstructionSet) throws(StorageError) -> CodeMatrix {
        let sample = sample((0..<count).spread(RowQuantizer.sampleSize).map { UInt32($0) })
        let center = withExtendedLifetime(sample) {
            RowQuantizer.center(of: sample.pointers, dimensions: dimensions)
        }
        let quantizer = RowQuantizer(kind, metric: metric, center: center, instructionSet: instructionSet)
        return try encoded(by: quantizer, instructionSet: instructionSet)
    }

    /// The codes of all vectors.
    func encoded(by quantizer: RowQuantizer, instructionSet: InstructionSet) throws(StorageError) -> CodeMatrix {
        let matrix = try CodeMatrix(quantizer: quantizer, instructionSet: instructionSet, rows: capacity)
        try matrix.ensure(additional: count)
        forEachVector { matrix.store($1, at: $0) }
        return matrix
    }
}
