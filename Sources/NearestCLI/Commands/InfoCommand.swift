// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CommandSupport
import Foundation
import Nearest

/// `nearest info`: what this machine offers and what is used of it, or what a saved index holds.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a saved index is, or what this machine offers.",
        discussion: """
            Of a file: what it was built with and its sections, without opening all of it; `nearest verify` checks the content. \
            Without one: the processor's features, the kernels in use, the BLAS and how searches run.
            """)

    @Argument(help: ArgumentHelp("A saved index.", valueName: "FILE.nearest"))
    var file: String?

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    struct Report: Encodable {
        struct BLAS: Encodable {
            var name: String
            var build: String?
            var core: String?

            /// Nil where there is no BLAS to test. The key is then absent.
            var selfTestPassed: Bool?
        }

        var processorFeatures: [String]
        var supportedInstructionSets: [String]
        var instructionSet: String
        var processors: Int
        var blas: BLAS

        /// The constants of searches, by the length of a row.
        var search: [Search]

        struct Search: Encodable {
            var dimensions: Int
            var codes: String
            var constants: SearchConstants
        }
    }

    func run() throws {
        if let file {
            let report = SnapshotReport(try IndexFile(path: file).info())
            return try json ? Output.printJSON(report) : Output.print(report.text())
        }
        let instructionSet: InstructionSet
        do throws(InstructionSetError) {
            instructionSet = try InstructionSet.resolve()
        } catch {
            throw CommandFailure("NEAREST_ISA: \(error)")
        }
        let report = Report(instructionSet: instructionSet, backend: BatchedProducts.backend)
        try json ? Output.printJSON(report) : Output.print(report.text())
    }
}

extension InfoCommand.Report {
    init(instructionSet: InstructionSet, backend: BatchedProducts.Backend) {
        self.init(
            processorFeatures: ProcessorFeatures.detected,
            supportedInstructionSets: InstructionSet.supported.map(\.rawValue), instructionSet: instructionSet.rawValue,
            processors: ProcessInfo.processInfo.activeProcessorCount, blas: BLAS(backend),
            search: [128, 384, 960].flatMap { dimensions in
                VectorCodes.usable.map { codes in
                    Search(
                        dimensions: dimensions, codes: CodesOption(codes).rawValue,
                        constants: SearchConstants(codes, dimensions: dimensions))
                }
            })
    }

    func text() -> String {
        let features = processorFeatures.isEmpty ? "none used" : processorFeatures.joined(separator: " ")
        let blas: String
        switch self.blas.selfTestPassed {
        case true?:
            blas = "OpenBLAS, self-test passed; \(self.blas.build ?? ""), kernels for \(self.blas.core ?? "")"
        case false?: blas = "OpenBLAS failed its self-test and is not used; \(self.blas.build ?? "")"
        case nil: blas = "none linked; the blocked kernel is used"
        }
        let search = search.map { row in
            "\(row.dimensions) dimensions, codes \(row.codes): \(row.constants.candidatesAtOnce) candidates at once, "
                + "\(row.constants.linesAhead) of \(row.constants.rowBytes / 64) cache lines of a row ahead"
        }
        return """
            processors:       \(processors)
            features:         \(features)
            instruction set:  \(instructionSet), of \(supportedInstructionSets.joined(separator: ", "))
            search:           \(search.joined(separator: "\n                  "))
            batched products: \(blas)
            """
    }
}

extension InfoCommand.Report.BLAS {
    init(_ backend: BatchedProducts.Backend) {
        switch backend {
        case .openBLAS(let build, let core):
            self.init(name: "OpenBLAS", build: build, core: core, selfTestPassed: true)
        case .blockedAfterFailedSelfTest(let build, let core):
            self.init(name: "none", build: build, core: core, selfTestPassed: false)
        case .blocked:
            self.init(name: "none")
        }
    }
}
