// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest

/// `nearest verify`: checks a saved index.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every byte of a saved index, and the invariants of its graph.",
        discussion: "Exits with 0 and prints one line only if every check holds.")

    @Argument(help: ArgumentHelp("A saved index.", valueName: "FILE.nearest"))
    var file: String

    func run() throws { try Output.print(try verify()) }

    /// Verifies the file. Returns the line to print of a sound one.
    func verify() throws(CommandFailure) -> String {
        let index = try IndexFile(path: file).open(SnapshotOptions(verification: .full))
        do throws(IndexInvariantViolation) { try index.checkInvariants() } catch {
            throw CommandFailure("\(file): \(error)")
        }
        return "\(file): verified, \(index.count) vectors x \(index.dimensions), \(MetricOption(index.metric).rawValue)"
    }
}
