// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Opens damaged snapshots in every way and uses what opens (``DamagedSnapshot``). A defect ends the process.
final class SnapshotFuzz {
    private let images: [SnapshotSeed: SnapshotImage]
    private let folder: String

    /// In memory where the system has such a place: every input becomes a file.
    init() throws {
        let parent = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = "\(parent)/snapshot-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        atexit { try? fuzz.get().deleteFolder() }
        images = try Dictionary(uniqueKeysWithValues: SnapshotSeed.allCases.map { ($0, try $0.image(folder: folder)) })
        self.folder = folder
    }

    private func deleteFolder() { try? FileManager.default.removeItem(atPath: folder) }

    func run(_ input: UnsafeBufferPointer<UInt8>) throws {
        let damaged = DamagedSnapshot(input)
        guard let image = images[damaged.seed] else { return }
        let path = "\(folder)/damaged"
        try Data(damaged.apply(to: image).bytes).write(to: URL(fileURLWithPath: path))
        _ = try damaged.use(path, folder: folder)
    }

    /// Writes inputs to begin with.
    static func writeInputs(to folder: String) throws {
        var generator = SeededGenerator(seed: 1)
        for i in 0..<1000 {
            let input = DamagedSnapshot.input(using: &generator)
            try Data(input).write(to: URL(fileURLWithPath: "\(folder)/seed-\(i)"))
        }
    }
}
