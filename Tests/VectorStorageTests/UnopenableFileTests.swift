// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorStorage

@Suite("A path that leads to no snapshot")
struct UnopenableFileTests {
    @Test("No other thing than a file is opened, or waited for")
    func notOpened() throws {
        let folder = try TemporaryFolder()
        mkfifo(folder.path("pipe"), 0o666)
        for path in [folder.path("pipe"), folder.url.path, "/dev/null", "/"] {
            #expect(throws: SnapshotError.notARegularFile(path: path)) { try SnapshotFile(path) }
        }
        for (path, code) in [
            ("", ENOENT), (folder.path("a"), ENOENT), (folder.path("pipe") + "/", ENOTDIR), ("/dev/null\0", EINVAL),
        ] {
            #expect(throws: SnapshotError.cannotRead(path: path, code: code)) { try SnapshotFile(path) }
        }
    }
}
