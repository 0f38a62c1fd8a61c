// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Throws wrong usage if an option's value is outside its range.
package func checkRange(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws {
    guard allowed.contains(value) else {
        let range =
            allowed.upperBound == .max
            ? "\(allowed.lowerBound) or more" : "from \(allowed.lowerBound) to \(allowed.upperBound)"
        throw ValidationError("\(name) is \(value); it must be \(range)")
    }
}
