// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Standard output. What cannot be written is an error.
package enum Output {
    /// Prints a text and what ends it.
    ///
    /// - Throws: ``CommandFailure``: standard output is closed, or what it leads to is full.
    package static func print(_ text: String, terminator: String = "\n") throws(CommandFailure) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((text + terminator).utf8))
        } catch {
            throw CommandFailure("standard output cannot be written")
        }
    }
}
