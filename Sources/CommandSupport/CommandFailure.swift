// SPDX-License-Identifier: Apache-2.0

import Nearest
import VectorFiles

/// What ends a command with exit code 1: the data or a file is at fault. One line.
package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    package init(_ error: VectorFileError) { self.init(error.description) }
}

/// The result of an expression that reads or writes a file of vectors.
///
/// - Throws: ``CommandFailure`` with the text of the error that the expression throws.
package func orCommandFailure<Result>(
    _ body: @autoclosure () throws(VectorFileError) -> Result
) throws(CommandFailure) -> Result {
    do throws(VectorFileError) { return try body() } catch { throw CommandFailure(error) }
}

/// Runs `body`. If it refuses a vector, the error names the file and the row.
///
/// - Throws: ``CommandFailure``: a vector of the file is refused. Other errors of `body` pass unchanged.
package func namingFile<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch VectorIndexError.batchVector(let row, let reason) {
        throw CommandFailure("\(path): row \(row): \(reason)")
    } catch let error as VectorIndexError where error.isOfAVector {
        throw CommandFailure("\(path): row 0: \(error)")
    }
}

extension VectorIndexError {
    /// Whether a vector is at fault, which was the only one of its batch.
    fileprivate var isOfAVector: Bool {
        switch self {
        case .dimensionMismatch, .nonFiniteValue, .valueOutOfRange, .magnitudeTooLarge, .zeroVector: true
        default: false
        }
    }
}
