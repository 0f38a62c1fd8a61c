// SPDX-License-Identifier: Apache-2.0
//
// What tests of snapshots let another process do: snapshot-child COMMAND PATH [NUMBER] [WORD]

import Synchronization
import TestSupport
import VectorIndex

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

let path = CommandLine.arguments[2]
let number = CommandLine.arguments.count > 3 ? Int(CommandLine.arguments[3]) ?? 0 : 0
let word = CommandLine.arguments.last ?? ""

/// Writes a line at once.
func say(_ line: some CustomStringConvertible) {
    let bytes = Array("\(line)\n".utf8)
    _ = write(1, bytes, bytes.count)
}

/// Makes the file the next version, over and over, and says so each time.
func saveForEver() throws -> Never {
    let opened = try VersionedIndex(contentsOf: path)
    var version = try opened.version()
    while true {
        version += 1
        try opened.change(to: version)
        try opened.index.save(to: path)
        say(version)
    }
}

/// Makes the file the next version, and is killed at a call that saves it: in the middle of it, if it is a write.
func saveAndDie(at fatal: Int) throws {
    let counter = Atomic(0)
    @Sendable func isFatal() -> Bool { counter.wrappingAdd(1, ordering: .relaxed).oldValue == fatal }
    @Sendable func die() { kill(getpid(), SIGKILL) }
    let real = SystemCalls.real
    let calls = SystemCalls(
        write: { file, bytes, count, offset in
            if isFatal() {
                _ = real.write(file, bytes, count / 2, offset)
                die()
            }
            return real.write(file, bytes, count, offset)
        },
        synchronize: { file in
            if isFatal() { die() }
            return real.synchronize(file)
        },
        rename: { folder, old, new in
            if isFatal() { die() }
            return real.rename(folder, old, new)
        })
    let opened = try VersionedIndex(contentsOf: path)
    try opened.change(to: try opened.version() + 1)
    _ = try opened.index.save(to: path, calls: calls)
}

/// Saves the versions that follow a number.
func save(_ count: Int, versionsAfter first: Int) throws {
    let made = try VersionedIndex()
    for version in first + 1...first + count {
        try made.change(to: version)
        try made.index.save(to: path)
    }
}

/// Opens and searches the file again and again.
func read(_ count: Int) throws {
    var last = 0
    for turn in 0..<count {
        let residency = SnapshotResidency.allCases[turn % SnapshotResidency.allCases.count]
        let version = try VersionedIndex(contentsOf: path, options: SnapshotOptions(residency: residency)).version()
        guard version >= last else { throw VersionedIndex.Mixture(description: "\(version) after \(last)") }
        last = version
    }
}

/// Lets this process have no more of a resource while `body` runs.
func limit(_ resource: some FixedWidthInteger, to value: Int, _ body: () throws -> Void) rethrows {
    #if canImport(Glibc)
        let resource = __rlimit_resource_t(UInt32(resource))
    #else
        let resource = Int32(resource)
    #endif
    var old = rlimit()
    getrlimit(resource, &old)
    var new = rlimit(rlim_cur: rlim_t(value), rlim_max: old.rlim_max)
    setrlimit(resource, &new)
    defer { setrlimit(resource, &old) }
    try body()
}

/// Bytes of address space that this process has; 0 where it cannot know.
func addressSpace() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 64)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    return strtol(line, nil, 10) * sysconf(Int32(_SC_PAGESIZE))
}

do {
    switch CommandLine.arguments[1] {
    case "save-for-ever": try saveForEver()
    case "save-and-die": try saveAndDie(at: number)
    case "save": try save(20, versionsAfter: number)
    case "read": try read(number)
    case "save-without-room":
        signal(SIGXFSZ, SIG_IGN)
        let opened = try VersionedIndex(contentsOf: path)
        try limit(1 /* RLIMIT_FSIZE */, to: number) { _ = try opened.index.save(to: path) }
    case "save-without-rights":
        if geteuid() == 0, setuid(65_534) != 0 { throw VersionedIndex.Mixture(description: "still root") }
        try VersionedIndex(contentsOf: path).index.save(to: path)
    case "open-without-room":
        let residency = SnapshotResidency(rawValue: word) ?? .mapped
        try limit(9 /* RLIMIT_AS on Linux */, to: addressSpace() + number) {
            _ = try VersionedIndex(contentsOf: path, options: SnapshotOptions(residency: residency)).version()
        }
    default: fatalError("no such command")
    }
    say("done")
} catch {
    say("\(error)")
    exit(1)
}
