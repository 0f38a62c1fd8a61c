// SPDX-License-Identifier: Apache-2.0

/// The ranges of parameters that every index shares. ``HNSWOptions`` has its own.
package enum IndexLimits {
    package static let dimensions = 1...65_536
    package static let k = 0...Int.max
    package static let threads = 1...1024
}
