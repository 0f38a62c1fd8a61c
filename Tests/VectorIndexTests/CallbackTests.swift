// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VectorIndex

@Suite("What cannot be waited for ends the process with a reason")
struct CallbackTests {
    private static func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test("A progress callback that changes the index", .timeLimit(.minutes(1)))
    func changeFromCallback() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let index = try HNSWIndex(dimensions: 1, metric: .squaredEuclidean)
            try index.insert(contentsOf: [1, 2, 3] as [Float], keys: [1, 2, 3]) { (_: Int) in
                _ = try? index.remove(key: 1)
            }
        }
        #expect(Self.text(result).contains("a progress callback"))
    }

    #if os(Linux)
        @Test("A child process that changes an index which was being changed during fork", .timeLimit(.minutes(1)))
        func changeAfterFork() async throws {
            let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                typealias Fork = @convention(c) () -> pid_t
                let fork = unsafeBitCast(try #require(dlsym(nil, "fork")), to: Fork.self)
                let index = try HNSWIndex(dimensions: 1, metric: .squaredEuclidean)
                let (isChanging, isForked) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
                Thread.detachNewThread {
                    try? index.insert(contentsOf: [1, 2, 3] as [Float], keys: [1, 2, 3]) { (_: Int) in
                        isChanging.signal()
                        isForked.wait()
                    }
                }
                isChanging.wait()
                let child = fork()
                if child == 0 { try index.insert([4], key: 4) }
                isForked.signal()
                var status: Int32 = 0
                waitpid(child, &status, 0)
                exit(status == 0 ? EXIT_SUCCESS : EXIT_FAILURE)
            }
            #expect(Self.text(result).contains("forked during a change"))
        }
    #endif
}
