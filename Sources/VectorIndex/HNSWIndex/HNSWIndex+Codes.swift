// SPDX-License-Identifier: Apache-2.0

import HNSW

extension HNSWIndex {
    /// What vectors are compared by while the graph is searched. `float32` while there are fewer than 256 vectors, then
    /// ``HNSWOptions/codes`` or what the index chose. Never `automatic`.
    public var codesInUse: VectorCodes {
        readers.read(graph) { _, _ in state.value.codes?.quantizer.codes ?? .float32 }
    }
}
