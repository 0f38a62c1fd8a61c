// SPDX-License-Identifier: Apache-2.0

import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Elements whose last byte stands right before a page that may not be read: one byte too far ends the process.
final class GuardedArray<Element: BitwiseCopyable> {
    let base: UnsafeMutablePointer<Element>
    private let mapping: UnsafeMutableRawPointer
    private let mappingBytes: Int

    init(_ elements: [Element]) throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bytes = elements.count * MemoryLayout<Element>.stride
        let readable = max(page, (bytes + page - 1) / page * page)
        mappingBytes = readable + page
        let mapped = mmap(nil, mappingBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        mapping = try #require(mapped != MAP_FAILED ? mapped : nil)
        try #require(mprotect(mapping + readable, page, PROT_NONE) == 0)
        base = (mapping + (readable - bytes)).bindMemory(to: Element.self, capacity: elements.count)
        base.initialize(from: elements, count: elements.count)
    }

    deinit { munmap(mapping, mappingBytes) }
}

/// The elements over and over, `count` in all.
func repeated<Element>(_ elements: [Element], count: Int) -> [Element] {
    var all: [Element] = []
    all.reserveCapacity(count + elements.count)
    while all.count < count { all += elements }
    all.removeLast(all.count - count)
    return all
}
