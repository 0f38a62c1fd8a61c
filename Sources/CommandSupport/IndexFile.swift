// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest

/// A saved index at the path that a command is given.
package struct IndexFile {
    /// The extension of such files' names.
    package static let fileExtension = "nearest"

    package let path: String

    package init(path: String) { self.path = path }

    /// What the file holds, without opening it.
    ///
    /// - Throws: ``CommandFailure``, naming the file: it cannot be read, or is no saved index.
    package func info() throws(CommandFailure) -> SnapshotInfo {
        do throws(VectorIndexError) { return try SnapshotInfo(contentsOf: path) } catch { throw failure(error) }
    }

    /// Opens the index.
    ///
    /// - Throws: ``CommandFailure``, naming the file: it cannot be read, is no saved index, or is damaged.
    package func open(_ options: SnapshotOptions = SnapshotOptions()) throws(CommandFailure) -> HNSWIndex {
        do throws(VectorIndexError) {
            return try HNSWIndex(contentsOf: path, options: options)
        } catch { throw failure(error) }
    }

    /// Saves an index to the file. Returns its length in bytes.
    ///
    /// - Throws: ``CommandFailure``, naming the file: it cannot be written. A file that was there stays as it was.
    package func save(_ index: HNSWIndex) throws(CommandFailure) -> Int {
        do throws(VectorIndexError) { return try index.save(to: path) } catch { throw failure(error) }
    }

    /// Throws if the folder cannot take the file. Commands call this before they compute anything.
    package func checkFolder() throws(CommandFailure) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue,
            FileManager.default.isWritableFile(atPath: folder)
        else { throw CommandFailure("\(path): cannot be written: \(folder) is not a folder that can be written to") }
    }

    /// The error of an index, with the file's name before it.
    package func failure(_ error: VectorIndexError) -> CommandFailure {
        switch error {
        case .snapshot(.cannotRead), .snapshot(.cannotWrite), .snapshot(.notARegularFile), .snapshot(.notASnapshot):
            CommandFailure(error.description)
        default: CommandFailure("\(path): \(error)")
        }
    }
}
