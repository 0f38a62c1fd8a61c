// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The machine's processors.
package enum Processors {
    /// Those that are online; at least 1.
    package static var count: Int {
        min(max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1), IndexLimits.threads.upperBound)
    }
}
