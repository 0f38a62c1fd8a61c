// SPDX-License-Identifier: Apache-2.0

import DistanceKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where a file is to be saved: its folder, held open, and its name there. A path that leads elsewhere later, or another
/// working directory, makes no difference.
///
/// Names are bytes that end with a zero: two that are equal as text may be two files, and one need not be text.
final class SnapshotPlace {
    /// The folder; open.
    let folder: Int32

    /// The file's name in it.
    let name: [CChar]

    /// The regular file that is there.
    let old: stat?

    private let path: String

    private typealias Name = [CChar]

    private static let slash = CChar(UInt8(ascii: "/"))

    /// As many symbolic links as Linux follows.
    private static let maximumLinks = 40

    /// Finds the place; symbolic links are followed, also to where nothing is.
    init(_ path: String) throws(SnapshotError) {
        guard !path.isEmpty else { throw .cannotWrite(path: path, code: ENOENT) }
        guard !path.utf8.contains(0) else { throw .cannotWrite(path: path, code: EINVAL) }
        self.path = path
        var current = Array(path.utf8CString)
        for _ in 0..<Self.maximumLinks {
            let nameStart = (current.lastIndex(of: Self.slash) ?? -1) + 1
            let name = Array(current[nameStart...])
            let folder = open(
                nameStart == 0 ? Array(".".utf8CString) : current[..<nameStart] + [0],
                O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard folder >= 0 else { throw .cannotWrite(path: path, code: errno) }
            do throws(SnapshotError) {
                let status = try Self.status(name, in: folder, path: path)
                if let status, status.st_mode & S_IFMT == S_IFLNK {
                    let link = try Self.link(name, in: folder, path: path)
                    current = link.first == Self.slash ? link : current[..<nameStart] + link
                    close(folder)
                    continue
                }
                // Without a name it is the folder itself.
                guard name.count > 1, status.map({ $0.st_mode & S_IFMT == S_IFREG }) ?? true else {
                    throw .notARegularFile(path: path)
                }
                self.folder = folder
                self.name = name
                old = status
                return
            } catch {
                close(folder)
                throw error
            }
        }
        throw .cannotWrite(path: path, code: ELOOP)
    }

    deinit { close(folder) }

    /// What is there; nil if nothing is.
    private static func status(_ name: Name, in folder: Int32, path: String) throws(SnapshotError) -> stat? {
        var status = stat()
        if fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        guard errno == ENOENT else { throw .cannotWrite(path: path, code: errno) }
        return nil
    }

    /// Where a symbolic link leads.
    private static func link(_ name: Name, in folder: Int32, path: String) throws(SnapshotError) -> Name {
        var link = Name(repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(folder, name, &link, link.count - 1)
        guard count >= 0 else { throw .cannotWrite(path: path, code: errno) }
        return link[..<count] + [0]
    }

    // MARK: The file beside it

    /// Digits of the random number at the end of a temporary file's name.
    private static let digits = 16

    /// What the names of temporary files for this place begin with.
    private var prefix: Name {
        let infix = Array(".saving-".utf8CString.dropLast())
        var stem = Array(name.dropLast())
        // File systems allow names of 255 bytes. Should two long names have one checksum, each deletes the other's leftovers too.
        if 1 + stem.count + infix.count + Self.digits > 255 {
            stem = Self.hexadecimal(Checksum.value(of: stem.map { UInt8(bitPattern: $0) }))
        }
        return [CChar(UInt8(ascii: "."))] + stem + infix
    }

    private static func hexadecimal(_ number: some FixedWidthInteger & UnsignedInteger) -> Name {
        let digits = String(number, radix: 16)
        let zeros = String(repeating: "0", count: 2 * MemoryLayout.size(ofValue: number) - digits.count)
        return (zeros + digits).utf8CString.dropLast()
    }

    /// Makes an empty file beside the place, locked, with the owner and the permissions of the file that is there.
    func makeTemporary() throws(SnapshotError) -> (name: [CChar], file: Int32) {
        let prefix = prefix
        // Never readable, even briefly, by anyone who could not read the old file.
        let mode = old.map { $0.st_mode & 0o7777 } ?? 0o666
        while true {
            let temporary = prefix + Self.hexadecimal(UInt64.random(in: 0 ... .max)) + [0]
            let file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            guard file >= 0 else {
                if errno == EEXIST || errno == EINTR { continue }
                throw .cannotWrite(path: path, code: errno)
            }
            let isLocked = flock(file, LOCK_EX | LOCK_NB) == 0
            let code = errno
            var status = stat()
            // Between its making and its locking, another process may have taken it for a leftover.
            if isLocked, fstat(file, &status) == 0, status.st_nlink > 0 {
                if let old {
                    // Only an administrator can give files away, and needs to.
                    _ = fchown(file, old.st_uid, old.st_gid)
                    fchmod(file, mode)
                }
                return (temporary, file)
            }
            delete(temporary)
            close(file)
            // A file system without locks.
            guard isLocked || code == EWOULDBLOCK else { throw .cannotWrite(path: path, code: code) }
        }
    }

    func delete(_ temporary: [CChar]) { unlinkat(folder, temporary, 0) }

    /// Deletes temporary files for this place that no process has locked.
    func deleteLeftovers() {
        let listed = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard listed >= 0 else { return }
        guard let list = fdopendir(listed) else {
            close(listed)
            return
        }
        defer { closedir(list) }
        let prefix = prefix
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                // SAFETY: the system ends the name with a zero, which is in memory that it wrote.
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            guard name.starts(with: prefix), Self.isHexadecimal(name.dropFirst(prefix.count).dropLast()) else {
                continue
            }
            let file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard file >= 0 else { continue }
            if flock(file, LOCK_EX | LOCK_NB) == 0 { delete(name) }
            close(file)
        }
    }

    /// Whether these are the digits of a temporary file: the file of another place may begin with the same letters.
    private static func isHexadecimal(_ digits: ArraySlice<CChar>) -> Bool {
        digits.count == Self.digits
            && digits.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
