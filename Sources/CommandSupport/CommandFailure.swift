// SPDX-License-Identifier: Apache-2.0

/// What ends a command with exit code 1: the data or a file is at fault. One line.
package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
