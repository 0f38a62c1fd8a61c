// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A process that runs `snapshot-child`.
final class ChildProcess {
    /// How a process ended.
    enum End: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    private let process = Process()
    private let folder: TemporaryFolder

    init(_ arguments: String...) throws {
        folder = try TemporaryFolder()
        let output = try folder.write([], to: "output")
        process.executableURL = Self.products.appendingPathComponent("snapshot-child")
        process.arguments = arguments
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        // OpenBLAS's threads wait for ever for memory that there is not.
        process.environment = ProcessInfo.processInfo.environment.merging([
            "OPENBLAS_NUM_THREADS": "1", "SWIFT_BACKTRACE": "enable=no",
        ]) { $1 }
        try process.run()
    }

    deinit {
        if isRunning { kill() }
    }

    /// The lines that it has written, whole ones only.
    var output: [String] {
        get throws {
            try String(decoding: folder.bytes("output"), as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        }
    }

    var isRunning: Bool { process.isRunning }

    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    /// Waits until it has ended.
    @discardableResult
    func end() -> End {
        process.waitUntilExit()
        return process.terminationReason == .exit
            ? .exit(process.terminationStatus) : .signal(process.terminationStatus)
    }

    /// The folder that executables are built in: that of the test bundle, which the runner names.
    private static var products: URL {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? CommandLine.arguments[0]
        let end = bundle.range(of: ".xctest")?.upperBound ?? bundle.endIndex
        return URL(fileURLWithPath: String(bundle[..<end])).deletingLastPathComponent()
    }
}
