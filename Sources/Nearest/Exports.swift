// SPDX-License-Identifier: Apache-2.0

// `import Nearest` is all that a user of the database or of an index writes.
@_exported import VectorIndex
