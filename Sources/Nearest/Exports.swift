@_exported import VectorIndex
