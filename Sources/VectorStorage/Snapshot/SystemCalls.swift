// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system calls that save a file, so that tests can let them fail.
package struct SystemCalls: Sendable {
    /// As `pwrite`.
    package var write: @Sendable (_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int, _ offset: Int) -> Int

    /// As `fsync`; where that leaves bytes in the drive's cache, the call that does not.
    package var synchronize: @Sendable (_ file: Int32) -> Int32

    /// As `renameat` within a folder.
    package var rename: @Sendable (_ folder: Int32, _ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> Int32

    /// The calls themselves.
    package static let real = SystemCalls(
        write: { pwrite($0, $1, $2, off_t($3)) },
        synchronize: { file in
            #if canImport(Darwin)
                // Some file systems know no full synchronisation.
                return fcntl(file, F_FULLFSYNC) == 0 ? 0 : fsync(file)
            #else
                return fsync(file)
            #endif
        },
        rename: { renameat($0, $1, $0, $2) })

    package init(
        write: @escaping @Sendable (Int32, UnsafeRawPointer, Int, Int) -> Int,
        synchronize: @escaping @Sendable (Int32) -> Int32,
        rename: @escaping @Sendable (Int32, UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
    ) {
        self.write = write
        self.synchronize = synchronize
        self.rename = rename
    }

    /// What an error number means.
    static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}
