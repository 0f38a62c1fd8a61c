// SPDX-License-Identifier: Apache-2.0

import DistanceKernels
import VectorStorage

@testable import HNSW
@testable import VectorIndex

/// What only the writer of an index knows.
extension HNSWIndex {
    var vectors: StoredVectors { writer.withLock { $0.vectors } }
    var codes: CodeMatrix? { writer.withLock { $0.codes } }
    var balance: ProductBalance? { writer.withLock { $0.state.value.balance } }
    var isCalibrationDue: Bool { storage.isCalibrationDue }
    var freeSlotCount: Int { writer.withLock { $0.graph.freeSlotCount } }
    var tombstoneCount: Int { writer.withLock { $0.graph.tombstoneCount } }
    var outliers: [Node] { writer.withLock { $0.graph.ledger.outliers } }

    func isRemoved(_ slot: Slot) -> Bool { writer.withLock { $0.graph.isRemoved(slot) } }
    func isNode(_ slot: Slot) -> Bool { writer.withLock { $0.graph.ledger.flags.base[slot.index].isNode } }
}
