// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Nearest

/// `nearest info`: what this machine offers and what is used of it.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show the processor's features, the kernels in use and the BLAS.")

    @Argument(help: ArgumentHelp("A saved index. Not available yet.", valueName: "FILE.nearest"))
    var file: String?

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    struct Report: Encodable {
        struct BLAS: Encodable {
            var name: String
            var build: String?
            var core: String?

            /// nil where there is no BLAS to test; the key is then absent.
            var selfTestPassed: Bool?
        }

        var processorFeatures: [String]
        var supportedInstructionSets: [String]
        var instructionSet: String
        var processors: Int
        var blas: BLAS
    }

    mutating func validate() throws {
        guard file == nil else { throw ValidationError("saved indexes are not available yet") }
    }

    func run() throws {
        let instructionSet: InstructionSet
        do throws(InstructionSetError) {
            instructionSet = try InstructionSet.resolve()
        } catch {
            throw CommandFailure("NEAREST_ISA: \(error)")
        }
        let report = Report(
            processorFeatures: ProcessorFeatures.detected,
            supportedInstructionSets: InstructionSet.supported.map(\.rawValue), instructionSet: instructionSet.rawValue,
            processors: ProcessInfo.processInfo.activeProcessorCount, blas: Self.blas)
        try Output.print(json ? String(decoding: try JSONEncoder().encode(report), as: UTF8.self) : Self.text(report))
    }

    private static var blas: Report.BLAS {
        switch BatchedProducts.backend {
        case .openBLAS(let build, let core):
            .init(name: "OpenBLAS", build: build, core: core, selfTestPassed: true)
        case .blockedAfterFailedSelfTest(let build, let core):
            .init(name: "none", build: build, core: core, selfTestPassed: false)
        case .blocked:
            .init(name: "none")
        }
    }

    private static func text(_ report: Report) -> String {
        let features = report.processorFeatures.isEmpty ? "none used" : report.processorFeatures.joined(separator: " ")
        let blas: String
        switch report.blas.selfTestPassed {
        case true?:
            blas = "OpenBLAS, self-test passed; \(report.blas.build ?? ""), kernels for \(report.blas.core ?? "")"
        case false?: blas = "OpenBLAS failed its self-test and is not used; \(report.blas.build ?? "")"
        case nil: blas = "none linked; the blocked kernel is used"
        }
        return """
            processors:       \(report.processors)
            features:         \(features)
            instruction set:  \(report.instructionSet), of \(report.supportedInstructionSets.joined(separator: ", "))
            batched products: \(blas)
            """
    }
}
