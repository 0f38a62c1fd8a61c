// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// Throws wrong usage if a command would write over one of its inputs, or write two outputs to one file. Two paths, or a path and a
/// link, may lead to the same file. Commands call this before they begin.
///
/// - Parameters:
///   - outputs: the options that name the outputs, and the paths; nil where the option was not given.
///   - inputs: the paths of the inputs.
/// - Throws: `ValidationError`, wrong usage: one of the files is named twice, or an output's path is empty.
package func checkOutputs(_ outputs: [(option: String, path: String?)], inputs: [String?]) throws {
    let read = Set(inputs.compactMap { $0 }.compactMap { FileIdentity($0) })
    var written: Set<FileIdentity> = []
    var newPaths: Set<String> = []
    for case (let option, let path?) in outputs {
        guard !path.isEmpty else { throw ValidationError("\(option) is empty; it names the file to write") }
        guard let file = FileIdentity(path) else {
            let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
            guard newPaths.insert(place).inserted else {
                throw ValidationError("\(option) is '\(path)', which another option writes to")
            }
            continue
        }
        guard !read.contains(file) else {
            throw ValidationError("\(option) is '\(path)', which the command reads: name another file to write")
        }
        guard written.insert(file).inserted else {
            throw ValidationError("\(option) is '\(path)', which another option writes to")
        }
    }
}

/// Which regular file a path leads to.
private struct FileIdentity: Hashable {
    let device: UInt64
    let number: UInt64

    /// nil if there is no file, or a device or pipe, which may be read and written.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        number = UInt64(truncatingIfNeeded: status.st_ino)
    }
}
