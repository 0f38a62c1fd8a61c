// SPDX-License-Identifier: Apache-2.0

// A user of indexes needs Metric, InstructionSet and SharedVector by name, and imports one module.
@_exported import DistanceKernels
@_exported import VectorStorage
