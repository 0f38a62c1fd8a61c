// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Nearest

/// `nearest verify`: whether a saved index is whole.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every byte of a saved index, and what must hold of its graph.",
        discussion: "Exits with 0 and prints one line only if every check holds.")

    @Argument(help: ArgumentHelp("A saved index.", valueName: "FILE.nearest"))
    var file: String

    func run() throws { try Output.print(try verify()) }

    /// Verifies the file; returns what is said of one that passes.
    func verify() throws(CommandFailure) -> String {
        let index = try IndexFile(path: file).open(SnapshotOptions(verification: .full))
        do throws(IndexInvariantViolation) { try index.checkInvariants() } catch {
            throw CommandFailure("\(file): \(error)")
        }
        return "\(file): verified, \(index.count) vectors x \(index.dimensions), \(MetricOption(index.metric).rawValue)"
    }
}
