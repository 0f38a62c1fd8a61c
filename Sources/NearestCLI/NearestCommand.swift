// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The `nearest` command.
@main
struct NearestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nearest",
        abstract: "Vector search on one machine: build an index, search it, measure it, check it.",
        discussion: """
            Exit codes: 0 done; 1 the data or a file is at fault, said in one line on standard error; 64 wrong usage.

            NEAREST_ISA=portable|avx2|avx512 forces an instruction set.
            """,
        version: "nearest 0.1.0",
        subcommands: [
            BuildCommand.self, SearchCommand.self, InfoCommand.self, VerifyCommand.self, ConvertCommand.self,
            BenchCommand.self, TuneCommand.self, ExactCommand.self, DemoCommand.self,
        ])

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let refusal = unknownSubcommand(arguments.first) { exit(withError: ValidationError(refusal)) }
        main(arguments)
    }

    /// Why the first argument names no subcommand; nil if it does, or if it is an option. Left to the parser, the message would be
    /// about the option that follows.
    static func unknownSubcommand(_ name: String?) -> String? {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
        guard let name, !name.hasPrefix("-"), !names.contains(name) else { return nil }
        let nearest = names.map { (name: $0, distance: editDistance(name, $0)) }.min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= 2 else {
            return "there is no subcommand '\(name)'; there are \(names.joined(separator: ", "))"
        }
        return "there is no subcommand '\(name)'; did you mean '\(nearest.name)'?"
    }

    /// Characters to insert, to delete or to replace until one text is the other (Levenshtein).
    private static func editDistance(_ a: String, _ b: String) -> Int {
        let b = Array(b)
        var row = Array(0...b.count)
        for (i, character) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let replaced = diagonal + (character == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
