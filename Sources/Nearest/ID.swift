// SPDX-License-Identifier: Apache-2.0

/// A string that is equal to another if their UTF-8 is. `String` compares characters, and calls some different texts equal.
struct ID: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: ID, b: ID) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // No id is the beginning of another's hash.
        hasher.combine(0xFF as UInt8)
    }
}

extension String {
    /// The text for a message: 64 characters of a longer one, and how long it is.
    var shortened: String {
        guard utf8.count > 256 else { return self }
        return "\(prefix(64))… (\(utf8.count) bytes)"
    }
}
