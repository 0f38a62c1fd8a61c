// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A range of addresses that is reserved once and given memory from the front as it grows, so that it never moves.
///
/// Fresh memory reads as zeros. The base lies at a border of 2 MiB, the size of a huge page, or as far behind one as is asked for.
package final class ReservedMemory: @unchecked Sendable {
    // SAFETY: one thread at a time grows the range, which the owner ensures; others read what was committed before they learnt
    // of it.

    package let base: UnsafeMutableRawPointer
    package let reservedBytes: Int

    private let committed = Atomic(0)

    private let mapping: UnsafeMutableRawPointer
    private let mappingBytes: Int

    /// 2 MiB: a huge page of x86-64 and of arm64 with 4 KiB pages.
    static let hugePageBytes = 2 << 20

    /// The step in which a small range grows: the largest page size of the supported platforms is 16 KiB.
    private static let smallStepBytes = 64 << 10

    /// Reserves `bytes` of address space. Where the process may not have so much, it reserves a quarter of what it may have and
    /// leaves the rest to others, down to 64 MiB.
    ///
    /// - Parameter offset: where in a file the part begins that ``map(_:offset:bytes:prefault:)`` is going to put here. Huge pages
    ///   need addresses and offsets that are equally far behind a border of 2 MiB.
    package init(reserving bytes: Int, fileOffset offset: Int = 0) throws(StorageError) {
        let distance = offset % Self.hugePageBytes
        let margin = Self.hugePageBytes + distance
        #if os(Linux)
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        #else
            let flags = MAP_PRIVATE | MAP_ANON
        #endif
        var wanted = Self.roundUp(max(bytes, 1), to: Self.hugePageBytes)
        var mayHaveAll = true
        while true {
            let mapping = mmap(nil, wanted + margin, PROT_NONE, flags, -1, 0)
            if let mapping, mapping != MAP_FAILED {
                if !mayHaveAll, wanted > 256 << 20 {
                    munmap(mapping, wanted + margin)
                    mayHaveAll = true
                    wanted = Self.roundUp(wanted / 4, to: Self.hugePageBytes)
                    continue
                }
                self.mapping = mapping
                mappingBytes = wanted + margin
                reservedBytes = wanted
                let address = Int(bitPattern: mapping)
                base = mapping + (Self.roundUp(address, to: Self.hugePageBytes) - address + distance)
                return
            }
            guard wanted > 64 << 20 else { throw .outOfMemory(bytes: wanted) }
            wanted = Self.roundUp(wanted / 2, to: Self.hugePageBytes)
            mayHaveAll = false
        }
    }

    deinit {
        munmap(mapping, mappingBytes)
    }

    /// Bytes that are readable and writable.
    package var committedBytes: Int { committed.load(ordering: .acquiring) }

    /// Makes at least the first `bytes` readable and writable.
    package func commit(_ bytes: Int) throws(StorageError) {
        let committedBytes = committedBytes
        guard bytes > committedBytes else { return }
        guard bytes <= reservedBytes else { throw .outOfMemory(bytes: bytes) }
        // A quarter more than before, so that a growing index makes few system calls; memory is used only once touched.
        let wanted = max(bytes, committedBytes + committedBytes / 4)
        // A small index stays small: less than half a huge page is not worth one.
        let step = wanted < Self.hugePageBytes / 2 ? Self.smallStepBytes : Self.hugePageBytes
        let target = min(Self.roundUp(wanted, to: step), reservedBytes)
        let start = base + committedBytes
        guard mprotect(start, target - committedBytes, PROT_READ | PROT_WRITE) == 0 else {
            throw .outOfMemory(bytes: bytes)
        }
        adviseHugePages(target)
        committed.store(target, ordering: .releasing)
    }

    /// Puts a part of a file at the front, to be read and written as the process's own: what is not written to shares the memory of
    /// everybody who reads the file. Nothing has been committed before.
    ///
    /// - Parameters:
    ///   - offset: where the part begins, a multiple of every supported page size.
    ///   - bytes: its length, likewise.
    ///   - prefault: whether its pages are to be there before they are touched.
    func map(_ file: Int32, offset: Int, bytes: Int, prefault: Bool) throws(StorageError) {
        precondition(committedBytes == 0)
        guard bytes <= reservedBytes else { throw .outOfMemory(bytes: bytes) }
        let mapped = mmap(base, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, off_t(offset))
        guard mapped == base else { throw .outOfMemory(bytes: bytes) }
        committed.store(bytes, ordering: .releasing)
        adviseHugePages(bytes)
        guard prefault else { return }
        #if os(Linux)
            if madvise(base, bytes, 22 /* MADV_POPULATE_READ */) == 0 { return }
        #endif
        madvise(base, bytes, MADV_WILLNEED)
    }

    /// Asks for huge pages in the first `bytes`. For a file Linux has them since 6.16 with ext4, and longer with XFS.
    private func adviseHugePages(_ bytes: Int) {
        #if os(Linux)
            if bytes >= Self.hugePageBytes { madvise(base, bytes, 14 /* MADV_HUGEPAGE */) }
        #endif
    }

    private static func roundUp(_ value: Int, to unit: Int) -> Int { (value + unit - 1) / unit * unit }
}
