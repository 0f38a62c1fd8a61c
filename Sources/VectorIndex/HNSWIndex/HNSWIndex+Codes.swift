// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// What vectors are compared by while the graph is searched: ``HNSWOptions/codes`` or what the index chose, once there are 256
    /// vectors; `float32` before. Never `automatic`.
    public var codesInUse: VectorCodes {
        readers.read(graph) { _, _ in state.value.codes?.quantizer.codes ?? .float32 }
    }
}
