// SPDX-License-Identifier: Apache-2.0

import Foundation

// SAFETY: libFuzzer runs one input at a time, on one thread.
nonisolated(unsafe) let fuzz = Result { try SnapshotFuzz() }

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
func runInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try fuzz.get().run(UnsafeBufferPointer(start: bytes, count: count))
    } catch {
        fatalError("\(error)")
    }
    return 0
}

#if FUZZING
    /// libFuzzer's own `main`, which cannot have that name here: the package manager gives it to ``Main``.
    @_silgen_name("LLVMFuzzerRunDriver")
    private func runDriver(
        _ count: UnsafeMutablePointer<CInt>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
        _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    ) -> CInt
#endif

@main
struct Main {
    /// Fuzzes (`make fuzz-snapshot`); built without libFuzzer, runs the inputs in the files that are named.
    static func main() throws {
        #if FUZZING
            if let folder = ProcessInfo.processInfo.environment["FUZZ_SEEDS"] {
                try SnapshotFuzz.writeInputs(to: folder)
            }
            var count = CommandLine.argc
            var arguments = CommandLine.unsafeArgv
            exit(runDriver(&count, &arguments, { runInput($0, $1) }))
        #else
            for path in CommandLine.arguments.dropFirst() {
                let input = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
                _ = input.withUnsafeBufferPointer { runInput($0.baseAddress, $0.count) }
                print("\(path): no defect")
            }
        #endif
    }
}
