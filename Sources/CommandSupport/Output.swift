// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Standard output. A write that fails is an error.
package enum Output {
    /// Prints a value as one line of JSON, with sorted keys and without spaces.
    ///
    /// - Throws: ``CommandFailure``, as for a text. `EncodingError`: a number is not finite.
    package static func printJSON(_ value: some Encodable) throws { try print(json(value)) }

    /// A value as ``printJSON(_:)`` prints it, without the end of the line.
    package static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

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
