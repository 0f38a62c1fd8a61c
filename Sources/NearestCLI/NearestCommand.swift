// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The `nearest` command.
@main
struct NearestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nearest",
        abstract: "Vector search on one machine: build an index, ask it, measure it, check it.",
        discussion: """
            Exit codes: 0 done; 1 the data or a file is at fault, said in one line on standard error; 64 wrong usage.

            NEAREST_ISA=portable|avx2|avx512 forces an instruction set.
            """,
        version: "nearest 0.1.0",
        subcommands: [
            BuildCommand.self, SearchCommand.self, InfoCommand.self, VerifyCommand.self, ConvertCommand.self,
            BenchCommand.self, TuneCommand.self, ExactCommand.self, DemoCommand.self,
        ])
}
