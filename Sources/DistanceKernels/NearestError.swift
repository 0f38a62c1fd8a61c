// SPDX-License-Identifier: Apache-2.0

/// An error of this library.
///
/// The ``code`` stays the same from release to release: bindings and servers pass it on. The description is for people.
public protocol NearestError: Error, Sendable, CustomStringConvertible {
    /// The name of what is wrong: words in lower case, joined by hyphens. An error that only says where another occurred has the
    /// code of that one.
    var code: String { get }
}
